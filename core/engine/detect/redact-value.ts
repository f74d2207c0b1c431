import { KeyNames } from "./object-keys.ts";
import { type RedactOperator, redactText } from "./redact.ts";
import type { Detector, Finding } from "./types.ts";

interface Node {
  readonly children: Map<string | number, Node>;
  readonly findings: Finding[];
  /** In the key under which the node stands. */
  readonly inKey: Finding[];
}

function emptyNode(): Node {
  return { children: new Map(), findings: [], inKey: [] };
}

function tree(findings: readonly Finding[]): Node {
  const root = emptyNode();
  for (const finding of findings) {
    let node = root;
    for (const step of finding.path) {
      const next = node.children.get(step) ?? emptyNode();
      node.children.set(step, next);
      node = next;
    }
    (finding.inKey === true ? node.inKey : node.findings).push(finding);
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
  if (node.children.size === 0) return value;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => descend(item, node.children.get(index), operator));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const names = new KeyNames(entries.map(([key]) => key).filter((key) => !isRenamed(node, key)));
  // fromEntries defines own properties, also one called __proto__.
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const child = node.children.get(key);
      const name = isRenamed(node, key) ? names.free(redactText(key, child?.inKey ?? [], operator)) : key;
      return [name, descend(item, child, operator)];
    }),
  );
}

function isRenamed({ children }: Node, key: string): boolean {
  return (children.get(key)?.inKey.length ?? 0) > 0;
}

function descend(value: unknown, node: Node | undefined, operator: RedactOperator): unknown {
  return node === undefined ? value : apply(value, node, operator);
}

/** A copy of `value` with its findings replaced; parts without findings are shared with the original. A number becomes a string, a key another key. */
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
