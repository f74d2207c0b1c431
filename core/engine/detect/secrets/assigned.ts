import { charSet, isAlnum, isIn } from "../chars.ts";
import type { Scanner } from "../scanner.ts";
import { secretNumber } from "./entities.ts";
import { isPlaceholder, looksRandom, mayNameSecret, type SecretName, secretName } from "./names.ts";

const PASSWORD = secretNumber("PASSWORD");
const API_KEY = secretNumber("API_KEY");
const AWS_SECRET = secretNumber("AWS_SECRET_KEY");

const MAX_NAME = 64;
const MAX_VALUE = 256;
const SHORTEST_SECRET = 4;

function isName(code: number): boolean {
  return isAlnum(code) || code === 95 || code === 45 || code > 0xc0;
}

function skip(text: string, from: number, chars: string): number {
  let i = from;
  while (i - from < 6 && i < text.length && chars.includes(text.charAt(i))) i++;
  return i;
}

/** Where the value begins after the name that ends at `from`, or −1: `: "`, `=`, ` := '`, `\": \"`. */
function valueStart(text: string, from: number): number {
  let i = skip(text, from, " \"'\\]");
  const separator = text.charCodeAt(i);
  if (separator !== 58 && separator !== 61) return -1;
  i = skip(text, i, ":=>");
  return skip(text, i, " \"'\\`");
}

function valueEnd(text: string, from: number): number {
  const quote = text.charAt(from - 1);
  const quoted = quote === '"' || quote === "'" || quote === "`";
  let end = from;
  while (
    end - from < MAX_VALUE &&
    end < text.length &&
    !endsValue(text.charCodeAt(end), quoted ? quote.charCodeAt(0) : 0)
  )
    end++;
  return end;
}

const valueStops = charSet("\"',;&)}]\\");

function endsValue(code: number, quote: number): boolean {
  if (quote !== 0) return code === quote || code === 10 || code === 92;
  return code <= 32 || isIn(code, valueStops);
}

function scoreOf(kind: SecretName, value: string, explicit: boolean): { entity: number; score: number } | undefined {
  if (kind === "aws" && value.length === 40 && looksRandom(value)) return { entity: AWS_SECRET, score: 0.95 };
  if (kind === "password") return isPassword(value, explicit) ? { entity: PASSWORD, score: 0.75 } : undefined;
  return looksRandom(value) ? { entity: API_KEY, score: 0.65 } : undefined;
}

/** In running text a word after "password:" is rarely one: it must then hold a digit or a sign. */
function isPassword(value: string, explicit: boolean): boolean {
  if (value.length < 4 || value.length > 128 || (!explicit && /\s/.test(value))) return false;
  return explicit
    ? !/\s\S+\s/.test(value)
    : value.length >= 6 && /[\d!@#$%^&*+=?~]/.test(value) && !/^[\d.]+$/.test(value);
}

function report(s: Scanner, kind: SecretName, at: { start: number; end: number; explicit: boolean }): boolean {
  const value = s.text.slice(at.start, at.end);
  if (kind === undefined || value === "" || isPlaceholder(value)) return false;
  const verdict = scoreOf(kind, value, at.explicit);
  if (verdict === undefined) return false;
  s.add(verdict.entity, { start: at.start, end: at.end, score: verdict.score, rule: `key:${kind}` });
  return true;
}

function nameEnd(text: string, at: number): number {
  let end = at;
  while (end - at < MAX_NAME && isName(text.charCodeAt(end))) end++;
  return end;
}

function nameStart(text: string, at: number): number {
  let start = at;
  while (at - start < MAX_NAME && start > 0 && isName(text.charCodeAt(start - 1))) start--;
  return start;
}

/** `password = "…"` in text: `at` is inside the name, `structured` reads a value that needs none. Where the value ends, or −1. */
export function assigned(s: Scanner, at: number, structured: (s: Scanner, at: number) => number): number {
  const { text } = s;
  const end = nameEnd(text, at);
  const start = valueStart(text, end);
  if (start < 0) return -1;
  const known = structured(s, start);
  if (known >= 0) return known;
  const stop = valueEnd(text, start);
  const explicit = "\"'`".includes(text.charAt(start - 1)) || text.charAt(end) === "=";
  return report(s, secretName(text.slice(nameStart(text, at), end)), { start, end: stop, explicit }) ? stop : -1;
}

/** The whole string, if the key it stands under names a secret. */
export function valueUnderKey(s: Scanner): void {
  const { keys, text } = s;
  if (s.inKey) return;
  let key: string | number | undefined;
  for (let i = keys.length - 1; i >= 0 && typeof key !== "string"; i--) key = keys[i];
  if (text.length < SHORTEST_SECRET || text.length > MAX_VALUE * 2) return;
  const named = nameOf(s.sibling) ?? (typeof key === "string" ? nameOf(key) : undefined);
  if (named !== undefined) report(s, named, { start: 0, end: text.length, explicit: true });
}

function nameOf(key: string): SecretName {
  return mayNameSecret(key) ? secretName(key) : undefined;
}
