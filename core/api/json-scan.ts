import { RunlogError } from "./errors.ts";

export const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const LARGE_E = 0x45;
const SMALL_E = 0x65;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const BACKSLASH = 0x5c;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** Members of all objects in a text that is valid JSON: its colons outside strings. */
export function countMembers(text: string): number {
  let members = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COLON) members++;
  }
  return members;
}

/** Refuses a number that is not held exactly (RL_INEXACT_NUMBER), in a text that is valid JSON. */
export function checkNumbers(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (isNumberStart(code)) {
      const short = isShortNumber(text, i);
      const start = i;
      while (isNumberCharacter(text.charCodeAt(i + 1))) i++;
      if (!short) checkNumber(text.slice(start, i + 1));
    }
  }
}

function checkNumber(token: string): void {
  if (isExactNumber(token)) return;
  const shown = token.length > 40 ? `${token.slice(0, 40)}…` : token;
  throw new RunlogError("RL_INEXACT_NUMBER", `${shown} cannot be held exactly: send it as a string`);
}

/** A decimal of at most 15 characters without exponent is always exact: a double holds 15 digits. */
export function isShortNumber(text: string, start: number): boolean {
  const limit = start + 15;
  for (let end = start + 1; end <= limit; end++) {
    const code = text.charCodeAt(end);
    if (!isDigit(code) && code !== POINT) return code !== SMALL_E && code !== LARGE_E;
  }
  return false;
}

function isNumberCharacter(code: number): boolean {
  return isNumberStart(code) || code === POINT || code === PLUS || code === SMALL_E || code === LARGE_E;
}

export function isNumberStart(code: number): boolean {
  return code === MINUS || isDigit(code);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Index of the closing quote; the end of the text when there is none. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

const TOKEN = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Whether the double nearest to the decimal is written back as the same decimal, and an integer is a safe one. */
export function isExactNumber(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  if (String(value) === token) return true;
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

/** Names the first key that stands twice in one object, in a text that is known to hold one. */
export function firstDuplicate(text: string): string {
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === OPEN_MAP) open.push(new Set());
    else if (code === OPEN_LIST) open.push(null);
    else if (code === CLOSE_MAP || code === CLOSE_LIST) open.pop();
    else if (code === QUOTE) {
      const end = endOfString(text, i);
      const keys = open.at(-1);
      if (keys && isKey(text, end)) {
        const token = text.slice(i, end + 1);
        const key = JSON.parse(token) as string;
        if (keys.has(key)) return token.slice(0, 80);
        keys.add(key);
      }
      i = end;
    }
  }
  return "unknown";
}

const AFTER_KEY = /\s*:/y;

/** Whether the string that ends here names a member. */
function isKey(text: string, end: number): boolean {
  const after = new RegExp(AFTER_KEY);
  after.lastIndex = end + 1;
  return after.test(text);
}
