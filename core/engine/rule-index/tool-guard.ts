import type { OperatorName } from "../catalog/operators.ts";
import type { Choice, Condition, Glob, Operand, Test } from "../compile/compiled.ts";
import { globLiteral, globPrefix } from "../operators/glob.ts";
import { soughtPart } from "./needle-texts.ts";
import { MAX_DEPTH } from "./text-trie.ts";

/** What a tool's name must be, begin with or contain for a rule to hold. */
export interface ToolGuard {
  readonly kind: "exact" | "prefix" | "literal";
  /** Not empty; all but exact names are cut to what the trie keeps. */
  readonly text: string;
}

/** Undefined when the condition may hold for any tool, or without one. */
export function toolGuards(condition: Condition): readonly ToolGuard[] | undefined {
  switch (condition.kind) {
    case "test":
      return testGuards(condition);
    case "all":
      return condition.items.reduce<readonly ToolGuard[] | undefined>(
        (best, item) => narrower(best, toolGuards(item)),
        undefined,
      );
    case "any":
      return together(condition.items.map(toolGuards));
    case "cel":
    case "not":
      return undefined;
  }
}

/** Names before patterns, few before many. */
function narrower(
  a: readonly ToolGuard[] | undefined,
  b: readonly ToolGuard[] | undefined,
): readonly ToolGuard[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const patterns = patternsIn(b) - patternsIn(a);
  return patterns < 0 || (patterns === 0 && b.length < a.length) ? b : a;
}

function patternsIn(guards: readonly ToolGuard[]): number {
  return guards.filter(({ kind }) => kind !== "exact").length;
}

function together(branches: readonly (readonly ToolGuard[] | undefined)[]): readonly ToolGuard[] | undefined {
  const guarded = branches.filter((branch) => branch !== undefined);
  return guarded.length < branches.length ? undefined : guarded.flat();
}

function testGuards({ fact, operator, operand }: Test): readonly ToolGuard[] | undefined {
  return fact.kind === "scalar" && fact.name === "tool" ? readers[operator.name]?.(operand) : undefined;
}

/** The operators that say what a name must be or hold. */
const readers: Readonly<Partial<Record<OperatorName, (operand: Operand) => readonly ToolGuard[] | undefined>>> = {
  eq: (operand) => (typeof operand === "string" ? [{ kind: "exact", text: operand }] : undefined),
  in: (operand) => choiceGuards(operand as Choice),
  glob: (operand) => globGuard(operand as Glob),
  starts_with: (operand) => prefix(operand as string),
  contains: (operand) => literal(operand as string),
  ends_with: (operand) => literal(operand as string),
};

function choiceGuards({ values, globs }: Choice): readonly ToolGuard[] | undefined {
  const names = values.items.map((item): readonly ToolGuard[] | undefined =>
    typeof item === "string" ? [{ kind: "exact", text: item }] : undefined,
  );
  return together([...names, ...globs.map(globGuard)]);
}

/** By what it begins with; a glob that begins with a star by the longest text within it. */
function globGuard(glob: Glob): readonly ToolGuard[] | undefined {
  return prefix(globPrefix(glob)) ?? literal(globLiteral(glob));
}

function prefix(text: string): readonly ToolGuard[] | undefined {
  return text === "" ? undefined : [{ kind: "prefix", text: text.slice(0, MAX_DEPTH) }];
}

function literal(text: string): readonly ToolGuard[] | undefined {
  return text === "" ? undefined : [{ kind: "literal", text: soughtPart(text) }];
}
