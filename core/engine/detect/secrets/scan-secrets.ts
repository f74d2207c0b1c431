import { isAlnum, isHex } from "../chars.ts";
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

function inAlphabet(code: number, alphabet: PrefixedSecret["alphabet"]): boolean {
  switch (alphabet) {
    case "upper":
      return (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
    case "hex":
      return isHex(code);
    case "alnum":
      return isAlnum(code);
    case "word":
      return isAlnum(code) || code === 45 || code === 95 || code === 46;
    case "base64":
      return isAlnum(code) || code === 43 || code === 47 || code === 61 || code === 45 || code === 95;
  }
}

function runEnd(text: string, from: number, rule: { alphabet: PrefixedSecret["alphabet"]; max: number }): number {
  let end = from;
  while (end - from <= rule.max && inAlphabet(text.charCodeAt(end), rule.alphabet)) end++;
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

function byPrefix(s: Scanner, at: number): number {
  const { text } = s;
  const before = text.charCodeAt(at - 1);
  if ((isAlnum(before) || before === 95) && !isEscape(text, at)) return -1;
  for (const rule of byFirst.get(text.charCodeAt(at)) ?? []) {
    if (!text.startsWith(rule.prefix, at)) continue;
    const from = at + rule.prefix.length;
    const end = runEnd(text, from, rule);
    const length = end - from;
    if (length < rule.min || length > rule.max || isAlnum(text.charCodeAt(end)) || !hasDigitAndVariety(text, from, end))
      continue;
    if (s.settings.allowTestValues && text.slice(from, end).includes("EXAMPLE")) return end;
    s.add(secretNumber(rule.type), {
      start: at,
      end,
      score: rule.prefix.length > 2 ? 0.95 : 0.6,
      rule: `prefix:${rule.prefix}`,
    });
    return end;
  }
  return -1;
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

/** A scan for keys, tokens and passwords. The trigger keeps its position, so each detector has its own. */
export function secretScan(): SecretScan {
  const trigger = new RegExp(triggerSource, "g");
  return (s) => {
    const { text } = s;
    let from = 0;
    for (;;) {
      trigger.lastIndex = from;
      if (from >= text.length || !trigger.test(text)) break;
      const next = trigger.lastIndex;
      const at = startOfMatch(text, next);
      const end = atTrigger(s, at);
      from = end > next ? end : next;
      if (s.done || s.truncated) return;
    }
    if (s.hits.length === 0) valueUnderKey(s);
  };

  function startOfMatch(text: string, end: number): number {
    // test() allocates nothing but does not say where the match began: the literals are few, so look back.
    for (const length of lengths) if (end >= length && full.test(text.slice(end - length, end))) return end - length;
    return end;
  }
}

const lengths = [...new Set([...structureTriggers, ...prefixes, ...nameTriggers].map(({ length }) => length))].toSorted(
  (a, b) => b - a,
);
const full = new RegExp(`^(?:${triggerSource})$`);
