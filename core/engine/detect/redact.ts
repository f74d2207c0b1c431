import { RunlogError } from "#api";
import type { Finding } from "./types.ts";

/** What stands in place of a finding. `hash` is called with the value: hand in an HMAC with a configured key. */
export type RedactOperator =
  | { readonly kind: "replace"; readonly with?: string }
  | { readonly kind: "mask"; readonly keepLast?: number; readonly char?: string }
  | { readonly kind: "hash"; readonly hash: (value: string) => string }
  | { readonly kind: "number"; readonly table: NumberTable }
  | { readonly kind: "remove" };

/** Gives the same value the same number, `<EMAIL_ADDRESS_1>`; kept by the caller for as long as numbers shall be stable. It holds the values. */
export interface NumberTable {
  readonly numbers: Map<string, string>;
  readonly counts: Map<string, number>;
}

export function numberTable(): NumberTable {
  return { numbers: new Map(), counts: new Map() };
}

function mask(value: string, keepLast: number, char: string): string {
  const characters = Array.from(value);
  // Never more than half: the last four of a six-digit number would tell nearly all of it.
  const keep = Math.min(keepLast, Math.floor(characters.length / 2));
  return characters
    .map((original, i) => (i >= characters.length - keep || !/[\p{L}\p{N}]/u.test(original) ? original : char))
    .join("");
}

function numbered(table: NumberTable, type: string, value: string): string {
  const key = `${type}\0${value}`;
  const known = table.numbers.get(key);
  if (known !== undefined) return known;
  const count = (table.counts.get(type) ?? 0) + 1;
  table.counts.set(type, count);
  const name = `<${type}_${count}>`;
  table.numbers.set(key, name);
  return name;
}

function replacement(operator: RedactOperator, type: string, value: string): string {
  switch (operator.kind) {
    case "replace":
      return operator.with ?? `<${type}>`;
    case "mask":
      return mask(value, operator.keepLast ?? 4, operator.char ?? "*");
    case "hash":
      return `<${type}:${operator.hash(value)}>`;
    case "number":
      return numbered(operator.table, type, value);
    case "remove":
      return "";
  }
}

const byEntity: RedactOperator = Object.freeze({ kind: "replace" });

/** A bare number in JSON source: what replaces it must be quoted, or the document is no longer JSON. */
function isBareJsonNumber(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - 8), start).trimEnd();
  const after = text.slice(end, end + 8).trimStart();
  return /[:,[]$/.test(before) && /^[,\]}]/.test(after) && /^-?\d+$/.test(text.slice(start, end));
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function inJson(put: string, bare: boolean): string {
  const quoted = JSON.stringify(put);
  return bare ? quoted : quoted.slice(1, -1);
}

type Place = Pick<Finding, "type" | "start" | "end" | "rule">;

function check(text: string, { start, end }: Place): void {
  if (start < 0 || end > text.length || start > end) {
    throw new RunlogError("RL_INTERNAL", "a finding lies outside its text");
  }
}

/** Part of encoded text means nothing to a person but may still be decoded: it is replaced as a whole. */
function operatorFor(operator: RedactOperator, rule: string): RedactOperator {
  return operator.kind === "mask" && rule.startsWith("base64/") ? byEntity : operator;
}

/**
 * The text with its findings replaced, from right to left so that offsets stay true. `findings` are those of this text alone
 * (one path). A text that is a JSON document stays one. Throws RL_INTERNAL for findings of another text.
 */
export function redactText(text: string, findings: readonly Place[], operator: RedactOperator = byEntity): string {
  if (findings.length === 0) return text;
  const json = isJson(text);
  let result = "";
  let at = text.length;
  for (const finding of findings.toSorted((a, b) => b.start - a.start || b.end - a.end)) {
    check(text, finding);
    const { start, type, rule } = finding;
    if (start >= at) continue;
    const end = Math.min(finding.end, at);
    const put = replacement(operatorFor(operator, rule), type, text.slice(start, end));
    result = (json ? inJson(put, isBareJsonNumber(text, start, end)) : put) + text.slice(end, at) + result;
    at = start;
  }
  return text.slice(0, at) + result;
}
