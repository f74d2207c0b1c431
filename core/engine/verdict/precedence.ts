import { decisions, type Decision, type RuleAction } from "#api";
import type { CompiledRule } from "../compile/compiled.ts";
import { TRUE, type Truth } from "../model.ts";

/** From 0, the weakest. */
export const strength: Readonly<Record<Decision, number>> = Object.freeze(
  Object.fromEntries(decisions.map((decision, at) => [decision, at])) as Record<Decision, number>,
);

/** What a rule asks for that could not be evaluated: it counts as matched, but never ends a run, and what cannot be modified is denied. */
const unevaluable: Readonly<Record<RuleAction, Decision>> = Object.freeze({
  log: "allow",
  modify: "deny",
  require_approval: "require_approval",
  deny: "deny",
  terminate: "deny",
});

/** What a matched rule asks for; `truth` is true or unevaluable. */
export function decisionOf(action: RuleAction, truth: Truth): Decision {
  if (truth !== TRUE) return unevaluable[action];
  return action === "log" ? "allow" : action;
}

/** The tie order: cluster before namespaced, then namespace, name, and place in the policy. Negative when `a` comes first. */
export function compareRules(a: CompiledRule, b: CompiledRule): number {
  if (a.policy === b.policy) return a.order - b.order;
  const left = a.policy.identity;
  const right = b.policy.identity;
  return (
    compareTexts(left.namespace ?? "", right.namespace ?? "") ||
    compareTexts(left.name, right.name) ||
    a.order - b.order
  );
}

/** By UTF-16 code units: the same order everywhere. A cluster policy has no namespace, which comes before any. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
