import { type RedactOperator, redactText } from "./redact.ts";
import type { Detector, Finding } from "./types.ts";

interface Node {
  readonly children: Map<string | number, Node>;
  readonly findings: Finding[];
}

function tree(findings: readonly Finding[]): Node {
  const root: Node = { children: new Map(), findings: [] };
  for (const finding of findings) {
    let node = root;
    for (const step of finding.path) {
      const next: Node = node.children.get(step) ?? { children: new Map(), findings: [] };
      node.children.set(step, next);
      node = next;
    }
    node.findings.push(finding);
  }
  return root;
}

function apply(value: unknown, node: Node, operator: RedactOperator): unknown {
  if (node.findings.length > 0) {
    if (typeof value === "string") return redactText(value, node.findings, operator);
    if (typeof value === "number" || typeof value === "bigint")
      return redactText(String(value), node.findings, operator);
    return value;
  }
  if (Array.isArray(value))
    return value.map((item: unknown, index) => descend(item, node.children.get(index), operator));
  if (typeof value !== "object" || value === null) return value;
  // fromEntries defines own properties, also one called __proto__.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, descend(item, node.children.get(key), operator)]),
  );
}

function descend(value: unknown, node: Node | undefined, operator: RedactOperator): unknown {
  return node === undefined ? value : apply(value, node, operator);
}

/** A copy of `value` with its findings replaced; parts without findings are shared with the original. A number becomes a string. */
export function redactValue(
  value: unknown,
  findings: readonly Finding[],
  operator: RedactOperator = { kind: "replace" },
): unknown {
  return findings.length === 0 ? value : apply(value, tree(findings), operator);
}

/** A first pass may bring together what it parted; each further one finds less. */
const MAX_ROUNDS = 8;

export interface Redaction {
  readonly value: unknown;
  /** What was found in the value as it came. */
  readonly findings: readonly Finding[];
  /** True: the detector finds nothing more in `value`. False: it was cut short, or a replacement is itself a finding. */
  readonly clean: boolean;
}

/** Scans and redacts until a scan of the result is clean. */
export function redact(detector: Detector, value: unknown, operator: RedactOperator = { kind: "replace" }): Redaction {
  const first = detector.findAll(value);
  let result = redactValue(value, first.findings, operator);
  let last = first;
  for (let round = 0; round < MAX_ROUNDS && last.findings.length > 0; round++) {
    last = detector.findAll(result);
    result = redactValue(result, last.findings, operator);
  }
  return { value: result, findings: first.findings, clean: last.findings.length === 0 && !last.truncated };
}
