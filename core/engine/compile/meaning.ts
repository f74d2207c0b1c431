import { formatNumeric, type Numeric } from "../decimal.ts";
import type { Network } from "../operators/address.ts";
import type { CompiledOperation, CompiledRule, Condition, Operand, Redaction } from "./compiled.ts";

/**
 * A rule's meaning in JSON: what it looks at, with groups and zone resolved, and what it asks for. Two rules with the same meaning
 * have the same hash; words for people and the mode are no part of it.
 */
export function meaningOf(rule: CompiledRule): unknown {
  return {
    when: describe(rule.condition),
    action: rule.action,
    ...(rule.action === "require_approval" ? { approvers: [...rule.approvers], approval: rule.approval } : {}),
    ...(rule.operations.length === 0 ? {} : { modify: rule.operations.map(describeOperation) }),
  };
}

/** Items of `all` and `any` are sorted, because their order means nothing. */
export function describe(condition: Condition): unknown {
  switch (condition.kind) {
    case "all":
    case "any":
      return { [condition.kind]: sorted(condition.items.map(describe)) };
    case "not":
      return { not: describe(condition.item) };
    case "cel":
      return { cel: condition.program.source, facts: condition.program.facts.map(({ key }) => key) };
    case "test":
      return { fact: condition.fact.key, [condition.operator.name]: describeOperand(condition.operand) };
  }
}

function sorted(items: readonly unknown[]): readonly unknown[] {
  const keyed = items.map((item) => ({ item, key: JSON.stringify(item) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ item }) => item);
}

function describeOperand(operand: Operand): unknown {
  if (typeof operand !== "object" || operand === null) return operand;
  if ("globs" in operand) {
    return [...operand.values.items.map(describeOperand), ...operand.globs.map(({ source }) => source)];
  }
  if (isNetworks(operand)) return operand.map(({ source }) => source);
  if ("source" in operand) return operand.source;
  if ("coefficient" in operand) return formatNumeric(operand);
  if ("at" in operand) return [operand.unit, numeric(operand.at)];
  return [operand.unit, numeric(operand.low), numeric(operand.high)];
}

function isNetworks(operand: Operand): operand is readonly Network[] {
  return Array.isArray(operand);
}

function numeric(value: Numeric): number | string {
  return typeof value === "number" ? value : formatNumeric(value);
}

function describeOperation({ path, redaction, ...rest }: CompiledOperation): unknown {
  return { ...rest, path: path.key, ...(redaction === undefined ? {} : { redaction: describeRedaction(redaction) }) };
}

/** Without the hash function: with another key, what is put in place differs, but not what the rule means. */
function describeRedaction({ detections, as, keepLast }: Redaction): unknown {
  return { detections: detections.map(({ source }) => source), as, ...(keepLast === undefined ? {} : { keepLast }) };
}
