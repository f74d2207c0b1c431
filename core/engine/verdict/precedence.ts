import type { Decision, RuleAction } from "#api";
import type { CompiledRule } from "../compile/compiled.ts";
import { TRUE, type Truth } from "../model.ts";

/** From 0, the weakest, as `decisions` lists them. */
export function strengthOf(decision: Decision): 0 | 1 | 2 | 3 | 4 {
  switch (decision) {
    case "allow":
      return 0;
    case "modify":
      return 1;
    case "require_approval":
      return 2;
    case "deny":
      return 3;
    case "terminate":
      return 4;
  }
}

/**
 * What a matched rule asks for; `truth` is true or unevaluable. A rule that could not be evaluated counts as matched, but it never ends a run,
 * and what it cannot modify it denies.
 */
export function decisionOf(action: RuleAction, truth: Truth): Decision {
  if (action === "log") return "allow";
  if (truth === TRUE || action === "require_approval") return action;
  return "deny";
}

/**
 * The tie order of rules that one review meets: cluster before namespaced, then name, and place in the policy; its namespaced policies are all of
 * one namespace. Negative when `a` comes first.
 */
export function compareRules(a: CompiledRule, b: CompiledRule): number {
  if (a.policy === b.policy) return a.order - b.order;
  const left = a.policy.identity;
  const right = b.policy.identity;
  if (left.namespace === undefined) {
    if (right.namespace !== undefined) return -1;
  } else if (right.namespace === undefined) return 1;
  return compareTexts(left.name, right.name) || a.order - b.order;
}

/** By UTF-16 code units: the same order everywhere. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
