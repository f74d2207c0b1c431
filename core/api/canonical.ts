import { hash } from "node:crypto";
import { RunlogError } from "./errors.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** A map, not a list and not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deeper than any document that parseStrictJson lets in, envelope and modifications included; beyond it the value is a mistake, or a cycle. */
const MAX_LEVELS = 512;

/**
 * RFC 8785 (JCS): one spelling for one value. Own enumerable properties count, those that are undefined are left out, as JSON.stringify does.
 * Throws RL_LONE_SURROGATE for half a surrogate pair, RL_INEXACT_NUMBER for NaN and infinities, RL_TOO_DEEP beyond 512 levels,
 * and TypeError for what has no JSON form (functions, bigints, undefined in a list, objects of a class such as Date).
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/** `sha256:` and 64 hex digits over the RFC 8785 bytes of the value. */
export function digestOf(value: unknown): string {
  return digestOfText(canonicalJson(value));
}

export function digestOfText(text: string): string {
  return `sha256:${hash("sha256", text, "hex")}`;
}

function write(value: unknown, level: number): string {
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number") return writeNumber(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  if (typeof value !== "object") throw new TypeError(`a value of type ${typeof value} has no JSON form`);
  if (level === MAX_LEVELS) throw new RunlogError("RL_TOO_DEEP", `nested deeper than ${MAX_LEVELS} levels`);
  return Array.isArray(value) ? writeList(value, level) : writeObject(value, level);
}

/** ECMAScript's spelling of a double is the one RFC 8785 asks for; it writes -0 as 0. */
function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RunlogError("RL_INEXACT_NUMBER", `${value} has no JSON form`);
  return `${value}`;
}

// eslint-disable-next-line no-control-regex
const NEEDS_CARE = /[\u0000-\u001f"\\\ud800-\udfff]/;

function writeString(text: string): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new RunlogError("RL_LONE_SURROGATE", "a string holds half a surrogate pair");
  return JSON.stringify(text);
}

function writeList(list: readonly unknown[], level: number): string {
  let text = "[";
  for (let i = 0; i < list.length; i++) {
    if (i > 0) text += ",";
    text += write(list[i], level + 1);
  }
  return `${text}]`;
}

function writeObject(object: object, level: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError("an object of a class has no JSON form");
  const members = object as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const key of sortedKeys(members)) {
    const value = members[key];
    if (value === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${writeString(key)}:${write(value, level + 1)}`;
  }
  return `${text}}`;
}

/** Above this, the built-in sort is faster than insertion. */
const FEW = 12;

/** By UTF-16 code units, which is how strings compare. Most objects have few keys, and many have them in order. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  if (keys.length > FEW) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    let hole = i;
    for (; hole > 0 && (keys[hole - 1] as string) > key; hole--) keys[hole] = keys[hole - 1] as string;
    keys[hole] = key;
  }
  return keys;
}
