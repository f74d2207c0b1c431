import type { CompiledFact } from "../compile/compiled.ts";
import { argsFact } from "../compile/facts.ts";
import type { Interner } from "../compile/interner.ts";
import { createContext, type Context } from "../evaluate/context.ts";

/**
 * The one fact an expression is about, if it is certainly false where that fact is absent. It depends on nothing else, so evaluating it
 * once with everything absent tells. For arguments this is the first key: what is missing further in can be missing in many ways.
 */
export function guardOf(
  facts: readonly CompiledFact[],
  run: (context: Context) => boolean,
  interner: Interner,
): CompiledFact | undefined {
  const [first] = facts;
  if (first === undefined || !canBeAbsent(first)) return undefined;
  if (facts.length > 1 && !facts.every((fact) => sameRoot(fact, first))) return undefined;
  if (!isFalseWithoutAny(run)) return undefined;
  return first.kind === "args" ? argsFact(first.path.slice(0, 1), interner) : first;
}

function canBeAbsent(fact: CompiledFact): boolean {
  if (fact.kind === "args") return fact.path.length > 0 && typeof fact.path[0] === "string";
  if (fact.kind === "label") return fact.label !== "";
  return fact.kind === "scalar" && ["tool", "agent", "user", "model"].includes(fact.name);
}

function sameRoot(a: CompiledFact, b: CompiledFact): boolean {
  return a.kind === "args" && b.kind === "args" && a.path[0] === b.path[0];
}

function isFalseWithoutAny(run: (context: Context) => boolean): boolean {
  const nobody = { namespace: "", serviceAccount: "", labels: {}, namespaceLabels: {} };
  const nothing = createContext(
    { subject: nobody, action: "message", args: {}, cost: 0, tokens: 0, now: 0 },
    new Map(),
  );
  try {
    return !run(nothing);
  } catch {
    return false; // unevaluable where the fact is absent: it must be visited
  }
}
