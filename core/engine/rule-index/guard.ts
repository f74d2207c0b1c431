import { operatorEntry } from "../catalog/operators.ts";
import type { Choice, CompiledFact, Condition, Interval, Scalar, Test, Threshold } from "../compile/compiled.ts";
import { toolGuards, type ToolGuard } from "./tool-guard.ts";

/** A condition that is certainly false unless a review's fact leads to this place of the index. */
export type ValueGuard =
  | { readonly shelf: "equality"; readonly fact: CompiledFact; readonly operand: Scalar }
  | {
      readonly shelf: "threshold";
      readonly fact: CompiledFact;
      readonly side: "above" | "below";
      readonly operand: Threshold;
      /** Nothing but this and the tool's name decides: where this is unevaluable, so is the rule. */
      readonly sole?: true;
    }
  | { readonly shelf: "threshold"; readonly fact: CompiledFact; readonly side: "within"; readonly operand: Interval }
  | { readonly shelf: "needle"; readonly fact: CompiledFact; readonly operand: Scalar }
  | { readonly shelf: "presence"; readonly fact: CompiledFact };

/** Where a rule stands in the index: under each of the tools, and there under each of the values; undefined is everywhere. */
export interface Places {
  readonly tools: readonly ToolGuard[] | undefined;
  readonly values: readonly ValueGuard[] | undefined;
}

/** A rule that would stand at more places than this stands under the presence of its facts instead. */
const MAX_PLACES = 1024;

/** Depends on nothing but the condition, so that a rule is found again where it was put. */
export function placesOf(condition: Condition): Places {
  const tools = toolGuards(condition);
  const values = valueGuards(condition, tools !== undefined)?.guards;
  if (values === undefined) return { tools, values };
  if (values.length * (tools?.length ?? 1) > MAX_PLACES) return { tools, values: presences(values) };
  return { tools, values: values.length === 1 ? values.map((guard) => marked(guard, condition)) : values };
}

function marked(guard: ValueGuard, condition: Condition): ValueGuard {
  const isBound = guard.shelf === "threshold" && guard.side !== "within";
  return isBound && isSole(condition, guard) ? { ...guard, sole: true } : guard;
}

/** Whether the condition is the guard alone, or the guard and the exact name of a tool. Counters are left out: they are read later. */
function isSole(condition: Condition, { fact }: ValueGuard): boolean {
  if (fact.kind === "counter") return false;
  if (condition.kind === "test") return true;
  if (condition.kind !== "all" || condition.items.length !== 2) return false;
  const others = condition.items.filter((item) => item.kind !== "test" || item.fact !== fact);
  const [other] = others;
  return others.length === 1 && other?.kind === "test" && isExactTool(other);
}

function isExactTool(test: Test): boolean {
  return test.fact.key === "tool" && test.operator.name === "eq" && typeof test.operand === "string";
}

function presences(guards: readonly ValueGuard[]): readonly ValueGuard[] {
  const facts = new Map(guards.map(({ fact }) => [fact.key, fact]));
  return [...facts.values()].map((fact) => ({ shelf: "presence", fact }));
}

/**
 * How good a guard is, the best first. It is the fixed order of docs/architecture.md, "The index", with three refinements: what many pods or
 * reviews share (labels, the hour, the kind of action) comes after what few share; counters come after everything that is known without asking
 * the ledger, but before the presence of an argument; and among counters a lower bound comes first, because it is also a limit.
 */
const rank = {
  ownValue: 0,
  sharedValue: 1,
  threshold: 2,
  needle: 3,
  counterAbove: 4,
  counter: 5,
  fewValues: 6,
  present: 7,
  alwaysPresent: 8,
} as const;

interface Ranked {
  readonly rank: number;
  readonly guards: readonly ValueGuard[];
}

function valueGuards(condition: Condition, toolGuarded: boolean): Ranked | undefined {
  switch (condition.kind) {
    case "test":
      return toolGuarded && toolGuards(condition) !== undefined ? undefined : testGuards(condition);
    case "all":
      return condition.items.reduce<Ranked | undefined>(
        (best, item) => better(best, valueGuards(item, toolGuarded)),
        undefined,
      );
    case "any":
      return together(condition.items.map((item) => valueGuards(item, toolGuarded)));
    case "cel":
      return condition.program.guard === undefined ? undefined : presence(condition.program.guard);
    case "not":
      return undefined; // true where what it denies is absent
  }
}

function better(a: Ranked | undefined, b: Ranked | undefined): Ranked | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.rank < a.rank || (b.rank === a.rank && b.guards.length < a.guards.length) ? b : a;
}

/** All branches or none: a branch without a guard may hold anywhere. */
function together(branches: readonly (Ranked | undefined)[]): Ranked | undefined {
  const guarded = branches.filter((branch) => branch !== undefined);
  if (guarded.length < branches.length) return undefined;
  return {
    rank: guarded.reduce((worst, branch) => Math.max(worst, branch.rank), 0),
    guards: guarded.flatMap(({ guards }) => guards),
  };
}

function testGuards(test: Test): Ranked | undefined {
  const { fact, operand } = test;
  const { name } = test.operator;
  switch (operatorEntry(name).guard) {
    case "equality":
      return equality(fact, name === "in" ? (operand as Choice) : (operand as Scalar));
    case "threshold":
      return { rank: thresholdRank(fact, name), guards: [threshold(test)] };
    case "substring":
      return { rank: rank.needle, guards: [{ shelf: "needle", fact, operand: operand as Scalar }] };
    case "presence":
      return name === "exists" && operand === false ? undefined : presence(fact);
    case "none":
      return undefined;
  }
}

function equality(fact: CompiledFact, operand: Scalar | Choice): Ranked {
  if (typeof operand !== "object" || operand === null || !("globs" in operand)) {
    return { rank: equalityRank(fact), guards: [{ shelf: "equality", fact, operand }] };
  }
  if (operand.globs.length > 0) return presence(fact);
  return {
    rank: equalityRank(fact),
    guards: operand.values.items.map((item) => ({ shelf: "equality", fact, operand: item })),
  };
}

function threshold({ fact, operator: { name }, operand }: Test): ValueGuard {
  if (name === "between") return { shelf: "threshold", fact, side: "within", operand: operand as Interval };
  const side = name === "gt" || name === "gte" ? "above" : "below";
  return { shelf: "threshold", fact, side, operand: operand as Threshold };
}

function presence(fact: CompiledFact): Ranked {
  return { rank: isOptional(fact) ? rank.present : rank.alwaysPresent, guards: [{ shelf: "presence", fact }] };
}

function equalityRank(fact: CompiledFact): number {
  if (fact.kind === "counter") return rank.counter;
  if (hasFewValues(fact)) return rank.fewValues;
  const shared =
    fact.kind === "label" || (fact.kind === "scalar" && (fact.name === "namespace" || fact.name === "service_account"));
  return shared ? rank.sharedValue : rank.ownValue;
}

function thresholdRank(fact: CompiledFact, name: string): number {
  if (fact.kind === "counter") return name === "gt" || name === "gte" ? rank.counterAbove : rank.counter;
  return hasFewValues(fact) ? rank.fewValues : rank.threshold;
}

function hasFewValues(fact: CompiledFact): boolean {
  return fact.kind === "time" || (fact.kind === "scalar" && fact.name === "action");
}

function isOptional(fact: CompiledFact): boolean {
  if (fact.kind === "args") return fact.path.length > 0;
  return fact.kind === "label" || (fact.kind === "scalar" && ["tool", "agent", "user", "model"].includes(fact.name));
}
