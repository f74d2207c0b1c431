import type { Findings } from "../diagnostic.ts";
import { operatorEntry } from "../catalog/operators.ts";
import { compileCel } from "../cel/compile-cel.ts";
import { operators } from "../operators/registry.ts";
import type { TestNode, WhenNode } from "../parse/ast.ts";
import type { CompiledFact, Condition, Operand, Test } from "./compiled.ts";
import { counterChoice } from "./counter-choice.ts";
import { compileFact } from "./facts.ts";
import { OperandError } from "./operand-error.ts";
import { compileOperand, type OperandScope } from "./operands.ts";

export interface ConditionScope extends OperandScope {
  /** A zone the runtime knows. */
  readonly zone: string;
  readonly findings: Findings;
}

/** The condition of a node; undefined when something in it is wrong, which `findings` then says. */
export function compileCondition(node: WhenNode, scope: ConditionScope): Condition | undefined {
  switch (node.kind) {
    case "test":
      return compileTest(node, scope);
    case "cel":
      return celCondition(node.source, node.path, scope);
    case "not": {
      const item = compileCondition(node.item, scope);
      return item === undefined ? undefined : Object.freeze({ kind: "not", item });
    }
    case "all":
    case "any":
      return compileItems(node, scope);
  }
}

function compileItems(node: Extract<WhenNode, { kind: "all" | "any" }>, scope: ConditionScope): Condition | undefined {
  // Every item is compiled even after a failure, so that all findings are told at once.
  const items = node.items.map((item) => compileCondition(item, scope));
  const compiled = items.filter((item) => item !== undefined);
  return compiled.length === items.length ? combine(node.kind, compiled) : undefined;
}

/** Flattened and ordered from cheap to costly; one item stands for itself. The order never shows in a verdict. */
export function combine(kind: "all" | "any", items: readonly Condition[]): Condition {
  const flat = items.flatMap((item) => (item.kind === kind ? item.items : [item]));
  const [only] = flat;
  if (flat.length === 1 && only !== undefined) return only;
  const ordered = flat.toSorted((a, b) => costOf(a) - costOf(b));
  return Object.freeze({ kind, items: Object.freeze(ordered) });
}

const CEL_COST = 6;

function costOf(condition: Condition): number {
  switch (condition.kind) {
    case "test":
      return operatorEntry(condition.operator.name).cost + (condition.fact.kind === "args" ? 1 : 0);
    case "cel":
      return CEL_COST;
    case "not":
      return costOf(condition.item);
    case "all":
    case "any":
      return condition.items.reduce((most, item) => Math.max(most, costOf(item)), 0);
  }
}

function compileTest(node: TestNode, scope: ConditionScope): Condition | undefined {
  const choice = counterChoice(node, scope.findings);
  const operand = guarded(() => compileOperand(node, scope), node.path, scope);
  if (choice === undefined || operand === undefined) return undefined;
  const fact = compileFact(node.fact, choice, scope.zone, scope.interner);
  const { value } = operand;
  if (fact.kind !== "scalar" || typeof value !== "string") return test(fact, node.operator, value);
  // Many rules name the same tool, agent or model: they share the test.
  return scope.interner.share(`${fact.key} ${node.operator}`, value, () => test(fact, node.operator, value));
}

/** `tool` compared with a glob, or a group, which is a choice. */
export function test(fact: CompiledFact, name: TestNode["operator"], operand: Operand): Test {
  const object = typeof operand === "object" && operand !== null;
  const globs = object && "globs" in operand;
  const operator = name === "eq" && object && "parts" in operand ? "glob" : globs ? choosing(name) : name;
  return Object.freeze({ kind: "test", fact, operator: operators[operator], operand });
}

function choosing(name: TestNode["operator"]): TestNode["operator"] {
  return name === "eq" ? "in" : name === "ne" ? "not_in" : name;
}

function celCondition(
  source: string,
  path: readonly (string | number)[],
  scope: ConditionScope,
): Condition | undefined {
  const program = guarded(() => compileCel(source, scope), path, scope);
  return program === undefined ? undefined : Object.freeze({ kind: "cel", program: program.value });
}

/** Turns an OperandError into a finding. The value is wrapped because null and false are operands. */
function guarded<T>(
  make: () => T,
  path: readonly (string | number)[],
  { findings }: ConditionScope,
): { value: T } | undefined {
  try {
    return { value: make() };
  } catch (error) {
    if (!(error instanceof OperandError)) throw error;
    findings.error(error.code, path, error.message, error.suggestion);
    return undefined;
  }
}
