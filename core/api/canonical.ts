import { hash } from "node:crypto";
import canonicalizeJson from "canonicalize";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** RFC 8785 (JCS): one spelling for one value. */
export function canonicalJson(value: unknown): string {
  const text = canonicalizeJson(value);
  if (text === undefined) throw new TypeError("the value has no JSON form");
  return text;
}

/** `sha256:` and 64 hex digits over the RFC 8785 bytes of the value. */
export function digestOf(value: unknown): string {
  return digestOfText(canonicalJson(value));
}

export function digestOfText(text: string): string {
  return `sha256:${hash("sha256", text, "hex")}`;
}
