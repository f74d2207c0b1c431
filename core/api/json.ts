import { RunlogError } from "./errors.ts";
import type { JsonValue } from "./canonical.ts";

/** Levels of nesting a document may have; api.md "Input limits". */
export const MAX_DEPTH = 64;

/**
 * Parses JSON and refuses what JSON.parse would silently change: duplicate keys, numbers a double does not hold, lone surrogates, deep nesting.
 *
 * A duplicate is found by counting: the colons outside strings in the text are its members, and a parsed tree has fewer keys if one was overwritten.
 * Throws RL_BAD_JSON, RL_DUPLICATE_KEY, RL_INEXACT_NUMBER, RL_LONE_SURROGATE or RL_TOO_DEEP.
 */
export function parseStrictJson(text: string): JsonValue {
  const members = scan(text);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new RunlogError("RL_BAD_JSON", error instanceof Error ? error.message : "not JSON", { cause: error });
  }
  if (!text.isWellFormed() || text.includes("\\u")) refuseLoneSurrogates(value, "");
  if (countKeys(value) !== members) {
    throw new RunlogError("RL_DUPLICATE_KEY", `an object has a key twice: ${firstDuplicate(text)}`);
  }
  return value;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const MINUS = 0x2d;

/** One pass over the text outside strings: counts members, bounds the depth, checks long numbers. */
function scan(text: string): number {
  let members = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COLON) members++;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) throw new RunlogError("RL_TOO_DEEP", `nested deeper than ${MAX_DEPTH} levels`);
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === MINUS || (code >= 0x30 && code <= 0x39)) i = checkNumber(text, i);
  }
  return members;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function isNumberCode(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS
  );
}

/** Up to 15 characters without exponent are always exact; only longer ones are compared digit by digit. */
function checkNumber(text: string, start: number): number {
  let end = start + 1;
  let exponent = false;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (!isNumberCode(code)) break;
    if (code === 0x65 || code === 0x45) exponent = true;
  }
  if (exponent || end - start > 15) {
    const token = text.slice(start, end);
    if (!isExactNumber(token)) {
      const shown = token.length > 40 ? `${token.slice(0, 40)}…` : token;
      throw new RunlogError("RL_INEXACT_NUMBER", `${shown} cannot be held exactly: send it as a string`);
    }
  }
  return end - 1;
}

const TOKEN = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Whether the double nearest to the decimal is written back as the same decimal, and an integer is a safe one. */
export function isExactNumber(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  const written = significant(token);
  return written !== undefined && written === significant(String(value));
}

/** Sign, digits without zeros at either end, and the power of ten: the same for every spelling of a number. */
function significant(token: string): string | undefined {
  const match = TOKEN.exec(token);
  if (match === null) return undefined;
  const fraction = match[3] ?? "";
  const digits = (match[2] ?? "") + fraction;
  const leading = digits.replace(/^0+/, "");
  let zeros = 0;
  while (zeros < leading.length && leading.charCodeAt(leading.length - 1 - zeros) === 0x30) zeros++;
  const mantissa = leading.slice(0, leading.length - zeros);
  if (mantissa === "") return "0";
  return `${match[1] ?? ""}${mantissa}e${Number(match[4] ?? 0) - fraction.length + zeros}`;
}

function countKeys(value: JsonValue): number {
  if (value === null || typeof value !== "object") return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (item !== null && typeof item === "object") count += countKeys(item);
    return count;
  }
  for (const key in value) {
    count++;
    const item = value[key];
    if (item !== null && typeof item === "object") count += countKeys(item);
  }
  return count;
}

function refuseLoneSurrogates(value: JsonValue, path: string): void {
  if (typeof value === "string") {
    if (!value.isWellFormed())
      throw new RunlogError("RL_LONE_SURROGATE", `${path || "/"}: half a surrogate pair`, { path });
  } else if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      if (!key.isWellFormed())
        throw new RunlogError("RL_LONE_SURROGATE", `${path || "/"}: a key holds half a surrogate pair`, { path });
      refuseLoneSurrogates(item, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    }
  }
}

/** Names the first key that stands twice in one object. Only runs once a duplicate is known to be there. */
function firstDuplicate(text: string): string {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b) open.push(new Set());
    else if (code === 0x5b) open.push(null);
    else if (code === 0x7d || code === 0x5d) open.pop();
    else if (code === QUOTE) {
      const end = endOfString(text, i);
      const key = text.slice(i, end + 1);
      i = end;
      if (!/^\s*:/.test(text.slice(end + 1, end + 64))) continue;
      const keys = open.at(-1);
      const name = JSON.parse(key) as string;
      if (keys?.has(name)) return key.slice(0, 80);
      keys?.add(name);
    }
  }
  return "unknown";
}
