import type { CompiledFact, Condition, Test } from "../compile/compiled.ts";
import { compareNumeric, type Numeric } from "../decimal.ts";
import { createContext, type Context } from "../evaluate/context.ts";
import { truthOfValue } from "../evaluate/truth.ts";
import { FALSE } from "../model.ts";
import type { OperatorName } from "../catalog/operators.ts";
import type { Choice, Interval, Scalar, Threshold } from "../compile/compiled.ts";
import { byFact, conjuncts } from "./conjuncts.ts";

export interface Impossible {
  readonly code: "contradiction" | "unreachable";
  readonly why: string;
}

/** Why a condition can never hold, or undefined when nothing speaks against it. An `any` fails when each of its branches does. */
export function findImpossible(condition: Condition): Impossible | undefined {
  if (condition.kind === "any") {
    const found = condition.items.map(findImpossible);
    return found.every((item) => item !== undefined) ? found[0] : undefined;
  }
  const tests = conjuncts(condition);
  for (const [fact, group] of byFact(tests)) {
    const exclusive = whyExclusive(group);
    if (exclusive !== undefined) return { code: "contradiction", why: `${fact.key}: ${exclusive}` };
    const never = whyPresent(fact, group) ?? whyNever(fact, group);
    if (never !== undefined) return { code: "unreachable", why: `${fact.key}: ${never}` };
  }
  const tool = whyToolNever(tests);
  if (tool !== undefined) return { code: "unreachable", why: tool };
  const nested = condition.kind === "all" ? condition.items.filter(({ kind }) => kind === "any") : [];
  return nested.map(findImpossible).find((item) => item !== undefined);
}

function whyExclusive(group: readonly Test[]): string | undefined {
  const absent = group.some(({ operator, operand }) => operator.name === "exists" && operand === false);
  if (absent && group.length > 1) return "it cannot be absent and fulfil another condition";
  const fixed = fixedValues(group);
  if (fixed === undefined) return whyEmptyRange(group);
  const context = blankContext();
  const left = fixed.filter((value) => group.every((test) => truthOfValue(test, value, context) !== FALSE));
  return left.length === 0 ? "no value fulfils all its conditions" : undefined;
}

/** The values `eq` or `in` leaves, as far as they are plain JSON. Undefined when there is no such test. */
function fixedValues(group: readonly Test[]): readonly (string | number | boolean | null)[] | undefined {
  for (const { operator, operand } of group) {
    if (operator.name === "eq" && isPlain(operand as Scalar)) return [operand as string];
    if (operator.name !== "in") continue;
    const { values, globs } = operand as Choice;
    const plain = values.items.filter(isPlain);
    if (globs.length === 0 && plain.length === values.items.length) return plain;
  }
  return undefined;
}

function isPlain(value: Scalar): value is string | number | boolean | null {
  return typeof value !== "object" || value === null;
}

interface Edge {
  readonly at: Numeric;
  readonly open: boolean;
}
interface Range {
  readonly low?: Edge;
  readonly high?: Edge;
}

/** Bounds in one unit; tests in different units cannot be compared and tell nothing. */
function whyEmptyRange(group: readonly Test[]): string | undefined {
  const ranges = group.flatMap((test) => rangeOf(test) ?? []);
  for (const { low } of ranges) {
    for (const { high } of ranges) {
      if (low === undefined || high === undefined) continue;
      const order = compareNumeric(low.at, high.at);
      if (order > 0 || (order === 0 && (low.open || high.open)))
        return "no value lies above the one limit and below the other";
    }
  }
  return undefined;
}

const edges: Partial<Record<OperatorName, (at: Numeric) => Range>> = {
  gt: (at) => ({ low: { at, open: true } }),
  gte: (at) => ({ low: { at, open: false } }),
  lt: (at) => ({ high: { at, open: true } }),
  lte: (at) => ({ high: { at, open: false } }),
};

function rangeOf({ operator, operand }: Test): Range | undefined {
  if (operator.name === "between") {
    const { unit, low, high } = operand as Interval;
    return unit === "number" ? { low: { at: low, open: false }, high: { at: high, open: false } } : undefined;
  }
  const edge = edges[operator.name];
  const at = edge === undefined ? undefined : numberOf(operand as Threshold);
  return at === undefined ? undefined : edge?.(at);
}

function numberOf(operand: Threshold): Numeric | undefined {
  if (typeof operand === "number") return operand;
  return typeof operand === "object" && operand !== null && operand.unit === "number" ? operand.at : undefined;
}

/** Counters, times, costs and the identity are there in every review. */
function whyPresent(fact: CompiledFact, group: readonly Test[]): string | undefined {
  const optional = fact.kind === "scalar" && ["tool", "agent", "user", "model"].includes(fact.name);
  if (optional || fact.kind === "label" || (fact.kind === "args" && fact.path.length > 0)) return undefined;
  const absent = group.some(({ operator, operand }) => operator.name === "exists" && operand === false);
  return absent ? "it is never absent" : undefined;
}

/** Values the fact can have at all. */
function whyNever(fact: CompiledFact, group: readonly Test[]): string | undefined {
  const possible = possibleRange(fact);
  if (possible === undefined) return undefined;
  const { least, most } = possible;
  if (most !== undefined) {
    const context = blankContext();
    const values = Array.from({ length: most - least + 1 }, (_, i) => least + i);
    const some = values.some((value) => group.every((test) => truthOfValue(test, value, context) !== FALSE));
    return some ? undefined : `it is a whole number from ${least} to ${most}`;
  }
  const ranges = group.flatMap((test) => rangeOf(test) ?? []);
  const fixed = fixedValues(group)?.every((value) => typeof value === "number" && value < least);
  const under = ranges.some(({ high }) => high !== undefined && below(high, least));
  return under || fixed === true ? `it is never less than ${least}` : undefined;
}

function below({ at, open }: Edge, least: number): boolean {
  const order = compareNumeric(at, least);
  return order < 0 || (order === 0 && open);
}

function possibleRange(fact: CompiledFact): { least: number; most?: number } | undefined {
  if (fact.kind === "counter") return { least: 0 };
  if (fact.kind === "time") return fact.name === "hour" ? { least: 0, most: 23 } : { least: 1, most: 7 };
  return fact.kind === "scalar" && (fact.name === "cost" || fact.name === "tokens") ? { least: 0 } : undefined;
}

/** Only a tool call has a tool. */
function whyToolNever(tests: readonly Test[]): string | undefined {
  const needsTool = tests.some(
    ({ fact, operator, operand }) => isScalar(fact, "tool") && !(operator.name === "exists" && operand === false),
  );
  const context = blankContext();
  const excluded = tests.some(
    (test) => isScalar(test.fact, "action") && truthOfValue(test, "tool_call", context) === FALSE,
  );
  return needsTool && excluded ? "tool: only an action that is a tool_call has a tool" : undefined;
}

function isScalar(fact: CompiledFact, name: string): boolean {
  return fact.kind === "scalar" && fact.name === name;
}

/** A context for operators on given values: they look at nothing else. */
function blankContext(): Context {
  const nobody = { namespace: "", serviceAccount: "", labels: {}, namespaceLabels: {} };
  return createContext({ subject: nobody, action: "tool_call", args: {}, cost: 0, tokens: 0, now: 0 }, new Map());
}
