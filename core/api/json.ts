import type { JsonValue } from "./canonical.ts";
import { RunlogError } from "./errors.ts";
import { checkNumbers, countMembers, firstDuplicate, isNumberStart, isShortNumber, QUOTE } from "./json-scan.ts";
import { hasEscapedName, isSpace, readTree } from "./json-tree.ts";
import { jsonPointer } from "./pointer.ts";

/** Levels of nesting a document may have; api.md "Input limits". */
export const MAX_DEPTH = 64;

/**
 * Parses JSON and refuses what JSON.parse would silently change: duplicate keys, numbers a double does not hold, lone surrogates, deep nesting.
 *
 * Nothing of what is sent reaches a rule under another name: see hasEscapedName. Every check has a cheap half that can only be too strict (it looks at the text without telling strings apart) and an exact half that runs when
 * the cheap one is in doubt. Both are linear in the text. Throws RL_BAD_JSON, RL_DUPLICATE_KEY, RL_INEXACT_NUMBER, RL_LONE_SURROGATE or RL_TOO_DEEP.
 */
export function parseStrictJson(text: string): JsonValue {
  const checked = parse(text);
  const value = hasEscapedName(text) ? readTree(text, MAX_DEPTH) : checked;
  const tree = { keys: 0, looseNumbers: typeof value === "number" };
  walk(value, tree, 0);
  const members = countMembersRoughly(text);
  if (tree.looseNumbers || members === DOUBTFUL_NUMBER) checkNumbers(text);
  // An overwritten key is missing from the tree, so that the text has more members than the tree has keys.
  if (members !== tree.keys && countMembers(text) !== tree.keys) {
    throw new RunlogError("RL_DUPLICATE_KEY", `an object has a key twice: ${firstDuplicate(text)}`);
  }
  if (!text.isWellFormed() || (text.includes("\\u") && ESCAPED_SURROGATE.test(text))) refuseLoneSurrogates(value, []);
  return value;
}

/** Deeper than any record or answer that holds arguments. */
const MAX_OWN_DEPTH = 512;

/**
 * JSON that RunLog wrote itself, arguments of agents included: a record, a stored answer. As JSON.parse, without its fault with escaped names (hasEscapedName).
 * Throws RL_BAD_JSON, or RL_TOO_DEEP beyond 512 levels.
 */
export function parseJson(text: string): JsonValue {
  const value = parse(text);
  return hasEscapedName(text) ? readTree(text, MAX_OWN_DEPTH) : value;
}

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;
const DOUBTFUL_NUMBER = -1;

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new RunlogError("RL_BAD_JSON", withoutExcerpt(error), { cause: error });
  }
}

/** The engine's messages quote the text around the fault; what an agent sends must not travel into logs that way. */
function withoutExcerpt(error: unknown): string {
  const message = error instanceof Error ? error.message : "not JSON";
  const excerpt = message.indexOf(', "');
  const dotted = message.indexOf(", ...");
  const cut = Math.min(excerpt === -1 ? message.length : excerpt, dotted === -1 ? message.length : dotted);
  return cut === message.length ? message : `${message.slice(0, cut)}: not valid JSON`;
}

interface Tree {
  keys: number;
  /** There are numbers that are no member of an object: their text is not looked at by countMembersRoughly. */
  looseNumbers: boolean;
}

/** Counts the keys of a tree; refuses one that is deeper than MAX_DEPTH. */
function walk(value: JsonValue, tree: Tree, depth: number): void {
  if (value === null || typeof value !== "object") return;
  if (depth === MAX_DEPTH) throw new RunlogError("RL_TOO_DEEP", `nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === "number") tree.looseNumbers = true;
      else if (typeof item === "object") walk(item, tree, depth + 1);
    }
    return;
  }
  for (const key in value) {
    tree.keys++;
    const item = value[key] as JsonValue;
    if (typeof item === "object") walk(item, tree, depth + 1);
  }
}

/**
 * Colons with a quote before them, whitespace apart: every member of an object has one, a string may hold more.
 * DOUBTFUL_NUMBER when a number after such a colon may not be exact.
 */
function countMembersRoughly(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) {
    let before = at - 1;
    while (isSpace(text.charCodeAt(before))) before--;
    if (text.charCodeAt(before) !== QUOTE) continue;
    count++;
    let after = at + 1;
    while (isSpace(text.charCodeAt(after))) after++;
    if (isNumberStart(text.charCodeAt(after)) && !isShortNumber(text, after)) return DOUBTFUL_NUMBER;
  }
  return count;
}

function refuseLoneSurrogates(value: JsonValue, path: readonly (string | number)[]): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw loneSurrogate("half a surrogate pair", path);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => refuseLoneSurrogates(item, [...path, index]));
  } else if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      if (!key.isWellFormed()) throw loneSurrogate("a key holds half a surrogate pair", path);
      refuseLoneSurrogates(item, [...path, key]);
    }
  }
}

function loneSurrogate(what: string, path: readonly (string | number)[]): RunlogError {
  const pointer = jsonPointer(path);
  return new RunlogError("RL_LONE_SURROGATE", `${pointer === "" ? "the document" : pointer}: ${what}`, {
    path: pointer,
  });
}
