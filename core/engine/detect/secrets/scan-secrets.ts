import { charSet, isAlnum, isIn } from "../chars.ts";
import type { Scanner } from "../scanner.ts";
import { prefixedSecrets, type PrefixedSecret, secretNumber } from "./entities.ts";
import { assigned, valueUnderKey } from "./assigned.ts";

const PRIVATE_KEY = secretNumber("PRIVATE_KEY");
const JWT = secretNumber("JWT");
const CONNECTION = secretNumber("CONNECTION_STRING");
const HEADER = secretNumber("AUTHORIZATION_HEADER");

/** Longest private key block that is taken as one finding. */
const MAX_BLOCK = 16_384;

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
const structureTriggers = ["-----BEGIN", "eyJ", "://", "earer ", "asic "];
const nameTriggers = [
  "pass",
  "pwd",
  "secret",
  "token",
  "key",
  "credential",
  "kennwort",
  "senha",
  "contrase",
  "mdp",
  "wachtwoord",
];
const nameTrigger = nameTriggers
  .map((name) => Array.from(name, (char) => `[${char}${char.toUpperCase()}]`).join(""))
  .join("|");
const prefixes = [...new Set(prefixedSecrets.map(({ prefix }) => prefix))].toSorted((a, b) => b.length - a.length);
/** One alternation of literals: V8 finds the next place worth a look faster than any loop of ours. */
const triggerSource = [...structureTriggers, ...prefixes].map(literal).join("|") + `|${nameTrigger}`;

const byFirst: ReadonlyMap<number, readonly PrefixedSecret[]> = Map.groupBy(prefixedSecrets, ({ prefix }) =>
  prefix.charCodeAt(0),
);

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const digits = "0123456789";
const alnum = letters + letters.toLowerCase() + digits;
const alphabets: Readonly<Record<PrefixedSecret["alphabet"], Readonly<Uint8Array>>> = {
  upper: charSet(letters + digits),
  hex: charSet("ABCDEFabcdef" + digits),
  alnum: charSet(alnum),
  word: charSet(`${alnum}-_.`),
  base64: charSet(`${alnum}+/=-_`),
};

function runEnd(text: string, from: number, rule: { alphabet: PrefixedSecret["alphabet"]; max: number }): number {
  const set = alphabets[rule.alphabet];
  let end = from;
  while (end - from <= rule.max && isIn(text.charCodeAt(end), set)) end++;
  while (end > from && text.charCodeAt(end - 1) === 46) end--;
  return end;
}

function hasDigitAndVariety(text: string, from: number, end: number): boolean {
  let digits = 0;
  const seen = new Set<number>();
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) digits++;
    seen.add(code);
  }
  return seen.size >= 6 && (digits > 0 || end - from >= 30);
}

/** Where the token of this rule at `at` ends, or −1. */
function tokenEnd(text: string, at: number, rule: PrefixedSecret): number {
  const from = at + rule.prefix.length;
  const end = runEnd(text, from, rule);
  const length = end - from;
  if (length < rule.min || length > rule.max || isAlnum(text.charCodeAt(end))) return -1;
  return hasDigitAndVariety(text, from, end) ? end : -1;
}

function byPrefix(s: Scanner, at: number): number {
  const { text } = s;
  const before = text.charCodeAt(at - 1);
  if ((isAlnum(before) || before === 95) && !isEscape(text, at)) return -1;
  for (const rule of byFirst.get(text.charCodeAt(at)) ?? []) {
    const end = text.startsWith(rule.prefix, at) ? tokenEnd(text, at, rule) : -1;
    if (end < 0) continue;
    report(s, rule, { start: at, end });
    return end;
  }
  return -1;
}

function report(s: Scanner, { type, prefix }: PrefixedSecret, at: { start: number; end: number }): void {
  if (s.settings.allowTestValues && s.text.slice(at.start, at.end).includes("EXAMPLE")) return;
  s.add(secretNumber(type), { ...at, score: prefix.length > 2 ? 0.95 : 0.6, rule: `prefix:${prefix}` });
}

function isEscape(text: string, at: number): boolean {
  return text.charCodeAt(at - 2) === 92 && "nrt".includes(text.charAt(at - 1));
}

function privateKey(s: Scanner, at: number): number {
  const { text } = s;
  const headEnd = text.slice(at, at + 80).indexOf("-----", 10);
  const head = headEnd < 0 ? "" : text.slice(at, at + headEnd);
  if (!head.includes("PRIVATE KEY")) return -1;
  const window = text.slice(at, at + MAX_BLOCK);
  const close = window.indexOf("-----END", headEnd);
  const tail = close < 0 ? -1 : window.indexOf("-----", close + 8);
  const end = tail < 0 ? at + window.length : at + tail + 5;
  s.add(PRIVATE_KEY, { start: at, end, score: 1, rule: "pem" });
  return end;
}

const jwtPart = { alphabet: "base64", max: 4096 } as const;

function jwt(s: Scanner, at: number): number {
  const { text } = s;
  if (isAlnum(text.charCodeAt(at - 1)) && !isEscape(text, at)) return -1;
  const headEnd = runEnd(text, at, jwtPart);
  if (headEnd - at < 16 || !text.startsWith(".eyJ", headEnd)) return -1;
  const bodyEnd = runEnd(text, headEnd + 1, jwtPart);
  if (text.charCodeAt(bodyEnd) !== 46) return -1;
  const end = runEnd(text, bodyEnd + 1, jwtPart);
  s.add(JWT, { start: at, end: end === bodyEnd + 1 ? bodyEnd : end, score: 0.95, rule: "jwt" });
  return end;
}

const MAX_USER = 96;
const MAX_PASSWORD = 256;

function isUserInfo(code: number): boolean {
  return (
    code > 32 && code !== 47 && code !== 64 && code !== 34 && code !== 39 && code !== 60 && code !== 63 && code === code
  );
}

/** `scheme://user:password@host`: the finding is the password. */
function connection(s: Scanner, at: number): number {
  const { text } = s;
  let i = at + 3;
  const stop = Math.min(text.length, i + MAX_USER);
  while (i < stop && text.charCodeAt(i) !== 58 && isUserInfo(text.charCodeAt(i))) i++;
  if (text.charCodeAt(i) !== 58) return -1;
  const from = i + 1;
  let end = from;
  while (end - from < MAX_PASSWORD && isUserInfo(text.charCodeAt(end))) end++;
  if (text.charCodeAt(end) !== 64 || end === from || "$<{%*[".includes(text.charAt(from))) return -1;
  s.add(CONNECTION, { start: from, end, score: 0.9, rule: "url-password" });
  return end;
}

/** `Bearer …`, `Basic …`. */
function header(s: Scanner, at: number): number {
  const { text } = s;
  const bearer = text.charCodeAt(at) === 101;
  const first = text.charCodeAt(at - 1) | 32;
  if (first !== 98 || isAlnum(text.charCodeAt(at - 2))) return -1;
  const from = at + (bearer ? 6 : 5);
  const end = runEnd(text, from, { alphabet: bearer ? "word" : "base64", max: 2048 });
  if (end - from < (bearer ? 20 : 12) || !/\d/.test(text.slice(from, end))) return -1;
  s.add(HEADER, { start: from, end, score: 0.75, rule: bearer ? "bearer" : "basic" });
  return end;
}

function atTrigger(s: Scanner, at: number): number {
  const { text } = s;
  if (text.startsWith("://", at)) return connection(s, at);
  if (text.startsWith("-----BEGIN", at)) return privateKey(s, at);
  if (text.startsWith("eyJ", at)) return jwt(s, at);
  if (text.startsWith("earer ", at) || text.startsWith("asic ", at)) return header(s, at);
  const end = byPrefix(s, at);
  return end >= 0 ? end : assigned(s, at, structured);
}

/** A value that says by itself what it is needs no name. */
function structured(s: Scanner, at: number): number {
  return s.text.startsWith("eyJ", at) ? jwt(s, at) : byPrefix(s, at);
}

export type SecretScan = (s: Scanner) => void;

/** A scan for keys, tokens and passwords. The expression keeps its position, so each detector has its own. */
export function secretScan(): SecretScan {
  const trigger = new RegExp(triggerSource, "g");
  return (s) => {
    trigger.lastIndex = 0;
    for (let match = trigger.exec(s.text); match !== null; match = trigger.exec(s.text)) {
      trigger.lastIndex = Math.max(trigger.lastIndex, atTrigger(s, match.index));
      if (s.done || s.truncated) return;
    }
    if (s.hits.length === 0) valueUnderKey(s);
  };
}
