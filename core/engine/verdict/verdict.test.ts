import {
  ruleActions,
  type CounterReading,
  type Decision,
  type PolicyResource,
  type PolicyRule,
  type RuleAction,
} from "#api";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "../compile/compile-policy.ts";
import type { CompiledPolicy } from "../compile/compiled.ts";
import type { CounterReadings, Plan, ReviewInput, Verdict } from "../model.ts";
import { emptyIndex } from "../rule-index/rule-index.ts";
import { inputOf, policyOf, ruleOf } from "../testing.ts";
import { decide, plan } from "./plan.ts";

const always = {};
/** Text under a threshold is unevaluable. */
const unsure = { "args.amount": { gt: 5 } };
const ARGS = { amount: "many" };

function compiled(resource: PolicyResource): CompiledPolicy {
  const { policy, diagnostics } = compilePolicy(resource);
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
  return policy;
}

function ruleThat(action: RuleAction, id: string, rest: Partial<PolicyRule> = {}): PolicyRule {
  return ruleOf(always, {
    id,
    action,
    ...(action === "modify" ? { modify: [{ set: "args.x", value: 1 }] } : {}),
    ...rest,
  });
}

function policyWith(rules: readonly PolicyRule[], name = "policy"): CompiledPolicy {
  return compiled(policyOf({ rules: [...rules] }, name));
}

function clusterPolicy(rules: readonly PolicyRule[], name: string): CompiledPolicy {
  return compiled({
    apiVersion: "runlog.io/v1alpha1",
    kind: "ClusterAgentPolicy",
    metadata: { name, uid: `uid-${name}`, generation: 1 },
    spec: { rules: [...rules] },
  });
}

function planned(policies: readonly CompiledPolicy[], parts: Partial<ReviewInput> = {}): Plan {
  return plan(emptyIndex().with({ set: policies, remove: [] }), inputOf({ args: ARGS, ...parts }));
}

function verdictOf(
  policies: readonly CompiledPolicy[],
  value?: CounterReading,
  parts: Partial<ReviewInput> = {},
): Verdict {
  const first = planned(policies, parts);
  return decide(first, readings(first, value));
}

/** Every counter the plan asks for has this value. */
function readings({ counters }: Plan, value: CounterReading | undefined): CounterReadings {
  return new Map(value === undefined ? [] : counters.map(({ key }) => [key, value]));
}

function ids(matches: readonly { readonly rule: { readonly id: string } }[]): string[] {
  return matches.map(({ rule }) => rule.id);
}

const decisionOf: Readonly<Record<RuleAction, Decision>> = {
  log: "allow",
  modify: "modify",
  require_approval: "require_approval",
  deny: "deny",
  terminate: "terminate",
};
const pairs = ruleActions.flatMap((a, i) => ruleActions.slice(i + 1).map((b) => [a, b] as const));

describe("which rule wins", () => {
  it.each(pairs)("%s gives way to %s, whichever stands first", (weaker, stronger) => {
    for (const order of [
      [weaker, stronger],
      [stronger, weaker],
    ]) {
      const verdict = verdictOf([policyWith(order.map((action) => ruleThat(action as RuleAction, action as string)))]);
      expect(verdict.decision).toBe(decisionOf[stronger]);
      expect(verdict.winner?.rule.id).toBe(stronger);
      expect(ids(verdict.matched)).toEqual([stronger, weaker]);
    }
  });

  it("allows when nothing matches, without a winner", () => {
    const verdict = verdictOf([]);
    expect(verdict).toMatchObject({
      decision: "allow",
      winner: undefined,
      matched: [],
      matchedTotal: 0,
      policiesEvaluated: 0,
    });
  });

  it("lists what only logs, and allows without a winner", () => {
    const verdict = verdictOf([policyWith([ruleThat("log", "seen")])]);
    expect(verdict).toMatchObject({ decision: "allow", winner: undefined, matchedTotal: 1 });
    expect(ids(verdict.matched)).toEqual(["seen"]);
  });

  it("puts the cluster before the namespace, then names, then the order in the policy", () => {
    const verdict = verdictOf([
      policyWith([ruleThat("deny", "b-second"), ruleThat("deny", "a-third")], "alpha"),
      clusterPolicy([ruleThat("deny", "cluster")], "zulu"),
      policyWith([ruleThat("deny", "last")], "beta"),
      policyWith([ruleThat("deny", "upper")], "Alpha"),
    ]);
    expect(ids(verdict.matched)).toEqual(["cluster", "upper", "b-second", "a-third", "last"]);
    expect(verdict.winner?.rule.id).toBe("cluster");
  });

  it("applies modifications and asks in that order too, however strong the winner is", () => {
    const rules = [ruleThat("modify", "m1"), ruleThat("require_approval", "a1"), ruleThat("modify", "m2")];
    const verdict = verdictOf([policyWith(rules, "beta"), clusterPolicy([ruleThat("modify", "m0")], "zulu")]);
    expect(verdict.modifications.map(({ match }) => match.rule.id)).toEqual(["m0", "m1", "m2"]);
    expect(verdict.modifications.map(({ operations }) => operations.length)).toEqual([1, 1, 1]);
    expect(ids(verdict.asking)).toEqual(["a1"]);
    expect(verdict.decision).toBe("require_approval");
  });

  it("sees policies of the agent's namespace and of the cluster only", () => {
    const other = compiled({
      ...policyOf({ rules: [ruleThat("deny", "other")] }),
      metadata: { name: "o", namespace: "elsewhere" },
    } as PolicyResource);
    const verdict = verdictOf([
      other,
      clusterPolicy([ruleThat("log", "cluster")], "c"),
      policyWith([ruleThat("log", "own")]),
    ]);
    expect(ids(verdict.matched)).toEqual(["cluster", "own"]);
    expect(verdict.policiesEvaluated).toBe(2);
  });
});

describe("audit", () => {
  it("changes nothing for a rule, and says what it would have done", () => {
    const verdict = verdictOf([policyWith([ruleThat("deny", "would", { mode: "Audit" }), ruleThat("modify", "does")])]);
    expect(verdict.decision).toBe("modify");
    expect(ids(verdict.matched)).toEqual(["does"]);
    expect(verdict.audit).toMatchObject([{ rule: { id: "would" }, decision: "deny", mode: "Audit", reason: "policy" }]);
  });

  it.each(ruleActions)("changes nothing for a whole policy that would %s", (action) => {
    const audited = compiled(policyOf({ mode: "Audit", rules: [ruleThat(action, "would")] }));
    const first = planned([audited]);
    const verdict = decide(first, new Map());
    expect(first.refusedAlready).toBe(false);
    expect(verdict).toMatchObject({
      decision: "allow",
      winner: undefined,
      matched: [],
      auditTotal: 1,
      terminatesTree: false,
    });
    expect(verdict.audit[0]?.decision).toBe(decisionOf[action]);
    expect([verdict.modifications, verdict.asking]).toEqual([[], []]);
  });

  it("says of an unevaluable rule what it would have done, too", () => {
    const verdict = verdictOf([policyWith([ruleOf(unsure, { mode: "Audit", action: "terminate" })])]);
    expect(verdict.decision).toBe("allow");
    expect(verdict.audit).toMatchObject([{ decision: "deny", reason: "runtime_error:not_a_number" }]);
  });
});

describe("a rule that cannot be evaluated counts as matched", () => {
  it.each([
    ["log", "allow"],
    ["modify", "deny"],
    ["require_approval", "require_approval"],
    ["deny", "deny"],
    ["terminate", "deny"],
  ] as const)("%s becomes %s", (action, decision) => {
    const verdict = verdictOf([policyWith([{ ...ruleThat(action, "rule"), when: unsure }])]);
    expect(verdict.decision).toBe(decision);
    expect(verdict.matched).toMatchObject([{ decision, reason: "runtime_error:not_a_number" }]);
    expect(verdict.modifications).toEqual([]);
    expect(verdict.truths).toEqual([{ rule: "AgentPolicy/agents/policy/rule", truth: 2 }]);
  });

  it("and an unreadable counter never ends a run", () => {
    const when = { tool_calls_in_run: { gt: 50, per: "run" } };
    const policy = policyWith([ruleOf(when, { action: "terminate" })]);
    const verdict = verdictOf([policy], { unreadable: "down" });
    expect(verdict).toMatchObject({ decision: "deny", terminatesTree: false });
    expect(verdict.winner?.reason).toBe("runtime_error:counter_unreadable");
    expect(verdictOf([policy], undefined).decision).toBe("deny");
    expect(verdictOf([policy], 51)).toMatchObject({ decision: "terminate", terminatesTree: true });
    expect(verdictOf([policy], 50).decision).toBe("allow");
  });

  it("and ends the tree only for a fact of the tree", () => {
    const policy = policyWith([ruleOf({ tool_calls_in_run: { gt: 50 } }, { action: "terminate" })]);
    expect(verdictOf([policy], 51)).toMatchObject({ decision: "terminate", terminatesTree: false });
  });
});

describe("denials_in_run includes this action", () => {
  const third = ruleOf({ denials_in_run: { gte: 3 } }, { id: "third", action: "terminate" });
  const deny = ruleOf({ tool: "database.query" }, { id: "deny" });

  it("when another rule denies it by policy", () => {
    expect(verdictOf([policyWith([third, deny])], 2)).toMatchObject({ decision: "terminate", matchedTotal: 2 });
    expect(verdictOf([policyWith([third, deny])], 1).decision).toBe("deny");
    expect(verdictOf([policyWith([third])], 2).decision).toBe("allow");
    expect(verdictOf([policyWith([third])], 3).decision).toBe("terminate");
  });

  it("also when the rule is found by something else than the count", () => {
    const byTool = ruleOf(
      { tool: "database.query", "args.n": 1, denials_in_run: { gte: 3 } },
      { id: "by", action: "terminate" },
    );
    expect(verdictOf([policyWith([byTool, deny])], 2, { args: { n: 1 } }).decision).toBe("terminate");
    expect(verdictOf([policyWith([byTool])], 2, { args: { n: 1 } }).decision).toBe("allow");
  });

  it("and when a counter denies it", () => {
    const counted = ruleOf({ tool_calls_in_run: { gt: 1 } }, { id: "counted" });
    expect(verdictOf([policyWith([third, counted])], 2).decision).toBe("terminate");
  });

  it("but not for a runtime error, an audited denial, a question or its own denial", () => {
    const others = [
      ruleOf(unsure, { id: "error" }),
      ruleOf(always, { id: "audit", mode: "Audit" }),
      ruleOf(always, { id: "ask", action: "require_approval" }),
      ruleOf({ denials_in_run: { gte: 2 } }, { id: "own" }),
    ];
    for (const other of others) expect(ids(verdictOf([policyWith([third, other])], 2).matched)).not.toContain("third");
  });
});

describe("before the ledger is asked", () => {
  function limitsOf(
    rules: readonly PolicyRule[],
    parts: Partial<ReviewInput> = {},
  ): readonly (readonly [string, number])[] {
    return planned([policyWith(rules)], parts).limits.map(({ counter, limit }) => [counter.metric, limit]);
  }

  it.each([
    [{ tool_calls_in_run: { gt: 50 } }, "tool_calls", 50],
    [{ tool_calls_in_run: { gte: 50 } }, "tool_calls", 49],
    [{ tool_calls_in_run: { gt: 2.5 } }, "tool_calls", 2],
    [{ tool_calls_in_run: { gte: 2.5 } }, "tool_calls", 2],
    [{ cost_today: { gt: "1.0000005" } }, "cost", 1_000_000],
    [{ cost_today: { gt: "1.00000000000000000000001" } }, "cost", 1_000_000],
    [{ run_duration: { gt: "10m" } }, "run_duration", 600_000],
    [{ tool: "database.query", all: [{ cost_today: { gt: 2 } }] }, "cost", 2_000_000],
  ] as const)("%j must not pass its limit", (when, metric, limit) => {
    expect(limitsOf([ruleOf(when)])).toEqual([[metric, limit]]);
  });

  it("takes the lowest of the rules that refuse", () => {
    const rules = [5, 3, 4].map((gt) => ruleOf({ cost_today: { gt } }, { id: `r${gt}` }));
    const lax = [
      ruleOf({ cost_today: { gt: 1 } }, { id: "audit", mode: "Audit" }),
      ruleOf({ cost_today: { gt: 1 } }, { id: "log", action: "log" }),
    ];
    expect(limitsOf([...lax, ...rules])).toEqual([["cost", 3_000_000]]);
    expect(limitsOf([...rules, ruleOf({ cost_today: { gte: 3 } }, { id: "least" })])).toEqual([["cost", 2_999_999]]);
  });

  it("also of rules that an argument leads to, but not of those it leads past", () => {
    const rules = [ruleOf({ "args.to": "x", cost_today: { gt: 1 } }, { id: "x" }), ruleOf({ cost_today: { gt: 9 } })];
    expect(limitsOf(rules, { args: { to: "x" } })).toEqual([["cost", 1_000_000]]);
    expect(limitsOf(rules, { args: { to: "y" } })).toEqual([["cost", 9_000_000]]);
  });

  it.each([
    { cost_today: { lt: 5 } },
    { cost_today: { between: [1, 5] } },
    { any: [{ cost_today: { gt: 1 } }, { tool: "x" }] },
    { not: { cost_today: { gt: 1 } } },
  ])("sets no limit for %j", (when) => {
    expect(limitsOf([ruleOf(when)])).toEqual([]);
  });

  it("asks for the counters of every rule for the tool, each once, and for no others", () => {
    const rules = [
      ruleOf({ cost_today: { gt: 1 } }, { id: "a" }),
      ruleOf({ cost_today: { gt: 2 }, tool: "database.*" }, { id: "b" }),
      ruleOf({ tokens_today: { gt: 2 }, tool: "database.query", "args.x": 1 }, { id: "c" }),
      ruleOf({ tool_calls_in_run: { gt: 2 }, tool: "other" }, { id: "d" }),
    ];
    const metrics = planned([policyWith(rules)]).counters.map(({ metric }) => metric);
    expect(metrics.toSorted()).toEqual(["cost", "tokens"]);
  });

  it.each([
    ["deny", true],
    ["terminate", true],
    ["require_approval", true],
    ["modify", false],
    ["log", false],
  ] as const)("knows whether a rule that must %s refuses already: %s", (action, refused) => {
    expect(planned([policyWith([ruleThat(action, "rule")])]).refusedAlready).toBe(refused);
  });
});

describe("very many matches", () => {
  const rules = Array.from({ length: 250 }, (_, i) =>
    ruleThat(i === 249 ? "terminate" : i % 2 === 0 ? "deny" : "require_approval", `r${i}`),
  );
  const verdict = verdictOf([policyWith(rules)]);

  it("are counted, and the strongest 64 are listed", () => {
    expect(verdict.matchedTotal).toBe(250);
    expect(verdict.matched).toHaveLength(64);
    expect(ids(verdict.matched).slice(0, 3)).toEqual(["r249", "r0", "r2"]);
    expect(verdict.winner?.rule.id).toBe("r249");
    expect(verdict.truths).toHaveLength(64);
  });

  it("but nobody who is asked is left out", () => {
    expect(verdict.asking).toHaveLength(124);
  });
});

describe("more elements than are looked at", () => {
  const many = (last: unknown): ReviewInput["args"] =>
    ({ items: [...Array.from({ length: 10_000 }, () => ({ x: "a" })), { x: last }] }) as ReviewInput["args"];

  it.each([
    ["eq", "needle"],
    ["contains", "need"],
    ["matches", "^needle$"],
  ])("count as matched under %s, guarded or not", (operator, operand) => {
    const rule = ruleOf({ "args.items[*].x": { [operator]: operand } }, { id: "r", action: "deny" });
    const verdict = verdictOf([policyWith([rule])], undefined, { args: many("needle") });
    expect(verdict.winner).toMatchObject({ decision: "deny", reason: "runtime_error:too_large" });
  });

  it("do not hide a match among those that are", () => {
    const rule = ruleOf({ "args.items[*].x": "a" }, { id: "r", action: "deny" });
    expect(verdictOf([policyWith([rule])], undefined, { args: many("b") }).winner).toMatchObject({ reason: "policy" });
  });
});
