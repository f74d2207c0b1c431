import type { JsonObject, JsonValue } from "./canonical.ts";
import { RunlogError } from "./errors.ts";
import { endOfString, QUOTE } from "./json-scan.ts";

/**
 * Whether the name of a member is written with an escape, in a text that is valid JSON.
 *
 * Such names must not be left to JSON.parse: V8 compares the text of a name with the name it saw at this place in an earlier document, and takes a
 * name whose last character is escaped for one that ends in a backslash (nodejs/node#63785; reported for V8 13.6 and 14.6). One document
 * could so make the next one's `"amoun\u0074"` read as another name, past every rule about `amount`.
 */
export function hasEscapedName(text: string): boolean {
  if (!text.includes("\\")) return false;
  for (let start = text.indexOf('"'); start !== -1;) {
    const end = endOfString(text, start);
    const escape = text.indexOf("\\", start);
    if (escape === -1) return false;
    if (escape < end && text.charCodeAt(skipSpace(text, end + 1)) === COLON) return true;
    start = text.indexOf('"', end + 1);
  }
  return false;
}

/** The value of a text that is valid JSON, read without JSON.parse but for single strings and numbers. Throws RL_TOO_DEEP beyond `levels`. */
export function readTree(text: string, levels: number): JsonValue {
  return readValue({ text, at: 0, levels });
}

const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

interface Cursor {
  readonly text: string;
  at: number;
  /** How many more levels may be opened. */
  levels: number;
}

function readValue(cursor: Cursor): JsonValue {
  const code = next(cursor);
  if (code === QUOTE) return readString(cursor);
  if (code === OPEN_MAP) return within(cursor, readMap);
  if (code === OPEN_LIST) return within(cursor, readList);
  const start = cursor.at;
  while (cursor.at < cursor.text.length && !endsWord(cursor.text.charCodeAt(cursor.at))) cursor.at++;
  return JSON.parse(cursor.text.slice(start, cursor.at)) as JsonValue;
}

function within<Value>(cursor: Cursor, read: (cursor: Cursor) => Value): Value {
  if (cursor.levels === 0) throw new RunlogError("RL_TOO_DEEP", "nested too deeply");
  cursor.levels--;
  cursor.at++;
  const value = read(cursor);
  cursor.at++;
  cursor.levels++;
  return value;
}

function readList(cursor: Cursor): JsonValue[] {
  const list: JsonValue[] = [];
  while (next(cursor) !== CLOSE_LIST) {
    list.push(readValue(cursor));
    if (next(cursor) === COMMA) cursor.at++;
  }
  return list;
}

function readMap(cursor: Cursor): JsonObject {
  const map: JsonObject = {};
  while (next(cursor) !== CLOSE_MAP) {
    const name = readString(cursor);
    next(cursor);
    cursor.at++;
    const value = readValue(cursor);
    if (name === "__proto__") {
      Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
    } else map[name] = value;
    if (next(cursor) === COMMA) cursor.at++;
  }
  return map;
}

function readString(cursor: Cursor): string {
  const end = endOfString(cursor.text, cursor.at) + 1;
  const string = JSON.parse(cursor.text.slice(cursor.at, end)) as string;
  cursor.at = end;
  return string;
}

/** The next character that is no space; the cursor stands on it. */
function next(cursor: Cursor): number {
  cursor.at = skipSpace(cursor.text, cursor.at);
  return cursor.text.charCodeAt(cursor.at);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function endsWord(code: number): boolean {
  return code === COMMA || code === CLOSE_LIST || code === CLOSE_MAP || isSpace(code);
}
