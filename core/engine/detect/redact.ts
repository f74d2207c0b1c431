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

const alphanumeric = /[\p{L}\p{N}]/u;

/** Letters and digits but the last `keepLast`, never more than half of them: the last four of six digits would tell nearly all. */
function mask(value: string, keepLast: number, char: string): string {
  const characters = Array.from(value);
  const shown = characters.filter((one) => alphanumeric.test(one)).length;
  let hide = shown - Math.min(keepLast, Math.floor(shown / 2));
  return characters.map((one) => (alphanumeric.test(one) && hide-- > 0 ? char : one)).join("");
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

const SPACES = new Set([" ", "\n", "\r", "\t"]);

/** Where the bare number of JSON source begins that ends in `start … end`, its sign included, or −1: what replaces it must be quoted. */
function bareNumberStart(text: string, start: number, end: number): number {
  const from = text.charAt(start - 1) === "-" ? start - 1 : start;
  let before = from - 1;
  while (SPACES.has(text.charAt(before))) before--;
  let after = end;
  while (SPACES.has(text.charAt(after))) after++;
  const inValue = ":,[".includes(text.charAt(before)) && ",]}".includes(text.charAt(after));
  return inValue && before >= 0 && after < text.length && /^\d+$/.test(text.slice(start, end)) ? from : -1;
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

/** Part of encoded text may still be decoded, and `::` has nothing to mask: such values are replaced as a whole. */
function operatorFor(operator: RedactOperator, rule: string, value: string): RedactOperator {
  if (operator.kind !== "mask") return operator;
  return /^(?:in-key\/)?base64\//.test(rule) || !alphanumeric.test(value) ? byEntity : operator;
}

/**
 * The text with its findings replaced; of two that overlap, the first. `findings` are those of this text alone (one path). A text that is a JSON document stays one. Throws RL_INTERNAL for findings of another text.
 */
export function redactText(text: string, findings: readonly Place[], operator: RedactOperator = byEntity): string {
  if (findings.length === 0) return text;
  const json = isJson(text);
  let result = "";
  let at = 0;
  for (const finding of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    check(text, finding);
    const { start, end, type, rule } = finding;
    if (start < at) continue;
    const value = text.slice(start, end);
    const put = replacement(operatorFor(operator, rule, value), type, value);
    const bare = json ? bareNumberStart(text, start, end) : -1;
    result += text.slice(at, bare < 0 ? start : bare) + (json ? inJson(put, bare >= 0) : put);
    at = end;
  }
  return result + text.slice(at);
}
