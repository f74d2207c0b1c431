import type { CounterReading, JsonObject, PolicyResource, PolicyRule, PolicySpec } from "#api";
import { compilePolicy, type CompileResult } from "./compile/compile-policy.ts";
import type { CompiledRule } from "./compile/compiled.ts";
import { createContext, type Context } from "./evaluate/context.ts";
import { evaluateCondition } from "./evaluate/truth.ts";
import type { ReviewInput, Truth } from "./model.ts";

/** A policy as tests need it: everything but what they are about has a plain value. */
export function policyOf(spec: Partial<PolicySpec>, name = "policy"): PolicyResource {
  return {
    apiVersion: "runlog.io/v1alpha1",
    kind: "AgentPolicy",
    metadata: { name, namespace: "agents", uid: `uid-${name}`, generation: 1 },
    spec,
  };
}

export function ruleOf(when: unknown, rest: Partial<PolicyRule> = {}): PolicyRule {
  return { id: "rule", action: "deny", ...rest, when: when as PolicyRule["when"] };
}

export function compileWhen(when: unknown, spec: Partial<PolicySpec> = {}): CompileResult {
  return compilePolicy(policyOf({ ...spec, rules: [ruleOf(when)] }));
}

/** The compiled rule of a `when` that must be accepted. */
export function accepted(when: unknown, spec: Partial<PolicySpec> = {}): CompiledRule {
  const { policy, diagnostics } = compileWhen(when, spec);
  const rule = policy?.rules.at(-1);
  if (rule === undefined) throw new Error(JSON.stringify(diagnostics));
  return rule;
}

export function inputOf(parts: Partial<ReviewInput> = {}): ReviewInput {
  return {
    subject: { namespace: "agents", serviceAccount: "support", labels: {}, namespaceLabels: {} },
    action: "tool_call",
    tool: "database.query",
    args: {},
    cost: 0,
    tokens: 0,
    // Monday 2026-01-05, 13:30 UTC
    now: 1_767_619_800_000,
    ...parts,
  };
}

export function contextOf(
  parts: Partial<ReviewInput> = {},
  readings: Readonly<Record<string, CounterReading>> = {},
): Context {
  return createContext(inputOf(parts), new Map(Object.entries(readings)));
}

/** The truth of a `when` for these arguments. */
export function truthFor(when: unknown, args: JsonObject, parts: Partial<ReviewInput> = {}): Truth {
  return evaluateCondition(accepted(when).condition, contextOf({ args, ...parts }));
}
