import { describe, expect, it } from "vitest";
import type { JsonObject, PolicyResource, PolicySpec } from "#api";
import { evaluateCondition } from "../evaluate/truth.ts";
import { FALSE, TRUE, UNEVALUABLE, type Labels, type Truth } from "../model.ts";
import { accepted, contextOf, inputOf, policyOf, ruleOf, truthFor } from "../testing.ts";
import { READS_COUNTER, READS_DENIALS, READS_RUN_TREE, type CompiledPolicy } from "./compiled.ts";
import { compilePolicy } from "./compile-policy.ts";
import { compileGrant, matchesGrant } from "./grant.ts";
import { createInterner } from "./interner.ts";
import { factsOf } from "./rule.ts";

function compiled(spec: Partial<PolicySpec>): CompiledPolicy {
  const { policy, diagnostics } = compilePolicy(policyOf(spec));
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
  return policy;
}

function counters(when: unknown, spec: Partial<PolicySpec> = {}): readonly string[] {
  return factsOf(accepted(when, spec).condition).map(({ key }) => key);
}

describe("the file RunLog users know", () => {
  const policy = compiled({
    rules: [
      ruleOf(
        { cost_today: { gt: 100.0 } },
        { id: "budget_control", name: "Daily Budget Limit", message: "Daily budget exceeded" },
      ),
      ruleOf(
        { tool: "database.query", "args.query": { contains_pii: true } },
        { id: "pii_protection", action: "require_approval", approvers: ["security-team"] },
      ),
      ruleOf(
        { tool_calls_in_run: { gt: 50 } },
        { id: "loop_detection", action: "terminate", message: "Possible infinite loop detected" },
      ),
    ],
  });
  const truths = (args: JsonObject, cost: number, calls: number): readonly Truth[] => {
    const context = contextOf({ args }, { "cost|day|agent|UTC||": cost, "tool_calls|run|agent|||": calls });
    return policy.rules.map(({ condition }) => evaluateCondition(condition, context));
  };

  it("works unchanged", () => {
    expect(truths({ query: "select 1" }, 100_000_000, 50)).toEqual([FALSE, FALSE, FALSE]);
    expect(truths({ query: "select 'jane.roe@gmail.com'" }, 100_000_001, 51)).toEqual([TRUE, TRUE, TRUE]);
    expect(policy.rules.map(({ message }) => message)).toEqual([
      "Daily budget exceeded",
      "Rule pii_protection of policy policy",
      "Possible infinite loop detected",
    ]);
    expect(policy.rules[1]).toMatchObject({
      approvers: ["security-team"],
      approval: {
        quorum: 1,
        expiresAfterMs: 3_600_000,
        grantForMs: 600_000,
        uses: 1,
        showArgs: "masked",
        allowScopedGrants: false,
      },
    });
  });
});

describe("shorthands", () => {
  const policy = compiled({
    maxCostPerRun: "$1.00",
    blockPII: true,
    requireApproval: {
      actions: ["financial_actions", "custom.*"],
      approvers: ["security-team"],
      approval: { quorum: 2 },
    },
    rules: [ruleOf({}, { id: "last", action: "log" })],
  });

  it("become rules before the others", () => {
    expect(policy.rules.map(({ id, action, order }) => [id, action, order])).toEqual([
      ["max-cost-per-run", "deny", 0],
      ["block-pii", "deny", 1],
      ["require-approval", "require_approval", 2],
      ["last", "log", 3],
    ]);
    expect(policy.rules[2]?.approval.quorum).toBe(2);
  });

  it("mean what api.md says", () => {
    const [cost, pii, approval] = policy.rules.map(({ condition }) => condition);
    if (cost === undefined || pii === undefined || approval === undefined) throw new Error("three rules");
    expect(factsOf(cost).map(({ key }) => key)).toEqual(["cost|run|run|||"]);
    expect(evaluateCondition(cost, contextOf({}, { "cost|run|run|||": 1_000_000 }))).toBe(FALSE);
    expect(evaluateCondition(cost, contextOf({}, { "cost|run|run|||": 1_000_001 }))).toBe(TRUE);
    expect(evaluateCondition(pii, contextOf({ action: "message", args: { text: "I am jane.roe@gmail.com" } }))).toBe(
      TRUE,
    );
    for (const tool of [
      "payments.send",
      "stripe.refund",
      "x.refund",
      "make_refund",
      "send_payment",
      "custom.a",
      "bank.transfer",
      "send_certificate",
    ]) {
      expect([tool, evaluateCondition(approval, contextOf({ tool }))]).toEqual([tool, TRUE]);
    }
    for (const tool of ["payment", "refund", "transfer.x", "customs"]) {
      expect([tool, evaluateCondition(approval, contextOf({ tool }))]).toEqual([tool, FALSE]);
    }
  });
});

describe("action groups", () => {
  it("may stand where a tool does, and a policy's own group stands instead of a built-in one", () => {
    const spec = { actionGroups: { financial_actions: ["till.*"], readers: ["get_*", "list"] } };
    const truth = (when: unknown, tool: string): Truth =>
      evaluateCondition(accepted(when, spec).condition, contextOf({ tool }));
    expect(truth({ tool: "readers" }, "get_mail")).toBe(TRUE);
    expect(truth({ tool: ["readers", "x"] }, "list")).toBe(TRUE);
    expect(truth({ tool: { ne: "readers" } }, "list")).toBe(FALSE);
    expect(truth({ tool: { not_in: ["readers"] } }, "put")).toBe(TRUE);
    expect(truth({ tool: "financial_actions" }, "till.open")).toBe(TRUE);
    expect(truth({ tool: "financial_actions" }, "stripe.refund")).toBe(FALSE);
  });
});

describe("counters", () => {
  it("are named by metric, span, owner, zone and window", () => {
    expect(counters({ cost_today: { gt: 1 } }, { timezone: "Europe/Berlin" })).toEqual([
      "cost|day|agent|Europe/Berlin||",
    ]);
    expect(counters({ cost_this_month: { gt: 1, per: "cluster" } })).toEqual(["cost|month|cluster|UTC||"]);
    expect(counters({ tokens_today: { gt: 1, per: "namespace" } })).toEqual(["tokens|day|namespace|UTC||"]);
    expect(counters({ calls_in_window: { window: "1h30m", tool: "email.*", gt: 10, per: "user" } })).toEqual([
      "calls|window|user||5400000|email.*",
    ]);
    expect(counters({ identical_calls_in_run: { gt: 3, per: "run" } })).toEqual(["identical_calls|run|run|||"]);
  });

  it("are told to whoever plans the reading", () => {
    expect(accepted({ tool: "x" }).reads).toBe(0);
    expect(accepted({ any: [{ tool: "x" }, { not: { denials_in_run: { gt: 3 } } }] }).reads).toBe(
      READS_COUNTER | READS_DENIALS,
    );
    expect(accepted({ tokens_this_run: { gt: 3, per: "run" } }).reads).toBe(READS_COUNTER | READS_RUN_TREE);
  });

  it("compare money exactly and durations in their unit", () => {
    const truth = (when: unknown, key: string, value: number): Truth =>
      evaluateCondition(accepted(when).condition, contextOf({}, { [key]: value }));
    expect(truth({ cost_today: { gt: "100.0000005" } }, "cost|day|agent|UTC||", 100_000_000)).toBe(FALSE);
    expect(truth({ cost_today: { gt: "100.0000005" } }, "cost|day|agent|UTC||", 100_000_001)).toBe(TRUE);
    expect(truth({ cost_today: { gte: 0.1, lt: 0.3 } }, "cost|day|agent|UTC||", 300_000)).toBe(FALSE);
    expect(truth({ cost_today: { eq: "$1.50" } }, "cost|day|agent|UTC||", 1_500_000)).toBe(TRUE);
    expect(truth({ run_duration: { gt: "10m" } }, "run_duration|run|agent|||", 600_001)).toBe(TRUE);
  });
});

describe("selectors", () => {
  const policy = (spec: Partial<PolicySpec>): CompiledPolicy => compiled({ ...spec, rules: [ruleOf({})] });
  const under = (spec: Partial<PolicySpec>, labels: Labels): Truth => {
    const { rules, scope } = policy(spec);
    const context = contextOf({ subject: { ...inputOf().subject, labels } });
    const rule = rules[0]?.condition;
    if (rule === undefined || scope === undefined) throw new Error("a rule and a scope");
    expect(evaluateCondition(scope, context)).toBe(evaluateCondition(rule, context));
    return evaluateCondition(rule, context);
  };
  const expression = (
    operator: "In" | "NotIn" | "Exists" | "DoesNotExist",
    values?: string[],
  ): Partial<PolicySpec> => ({
    selector: {
      matchExpressions: [{ key: "app.kubernetes.io/name", operator, ...(values === undefined ? {} : { values }) }],
    },
  });

  it("mean what they mean in Kubernetes", () => {
    const label = { "app.kubernetes.io/name": "a" };
    expect(under({ selector: { matchLabels: { ...label, team: "x" } } }, { ...label, team: "x" })).toBe(TRUE);
    expect(under({ selector: { matchLabels: { ...label, team: "x" } } }, label)).toBe(FALSE);
    expect(under(expression("In", ["a", "b"]), label)).toBe(TRUE);
    expect(under(expression("In", ["b"]), label)).toBe(FALSE);
    expect(under(expression("In", ["b"]), {})).toBe(FALSE);
    expect(under(expression("NotIn", ["a"]), label)).toBe(FALSE);
    expect(under(expression("NotIn", ["a"]), {})).toBe(TRUE);
    expect(under(expression("Exists"), label)).toBe(TRUE);
    expect(under(expression("Exists"), {})).toBe(FALSE);
    expect(under(expression("DoesNotExist"), {})).toBe(TRUE);
    expect(under(expression("DoesNotExist"), label)).toBe(FALSE);
  });

  it("cannot be judged without labels", () => {
    for (const spec of [
      expression("In", ["a"]),
      expression("NotIn", ["a"]),
      expression("DoesNotExist"),
      { selector: { matchLabels: { a: "1" } } },
    ]) {
      expect(under(spec, { unreadable: "pod not found" })).toBe(UNEVALUABLE);
    }
  });

  it("compare labels as text", () => {
    expect(under({ selector: { matchLabels: { tier: "5" } } }, { tier: "5.0" })).toBe(FALSE);
  });

  it("is none when it selects everything", () => {
    expect(policy({ selector: {} }).scope).toBeUndefined();
    expect(policy({ selector: { matchLabels: {} } }).scope).toBeUndefined();
  });

  it("also selects namespaces, for policies of the cluster", () => {
    const { policy: cluster } = compilePolicy({
      apiVersion: "runlog.io/v1alpha1",
      kind: "ClusterAgentPolicy",
      metadata: { name: "all" },
      spec: { namespaceSelector: { matchLabels: { env: "prod" } }, rules: [ruleOf({ tool: "x" })] },
    });
    const rule = cluster?.rules[0];
    if (rule === undefined) throw new Error("a rule");
    expect(cluster?.key).toBe("ClusterAgentPolicy//all");
    const truth = (namespaceLabels: Labels): Truth =>
      evaluateCondition(rule.condition, contextOf({ tool: "x", subject: { ...inputOf().subject, namespaceLabels } }));
    expect([truth({ env: "prod" }), truth({ env: "test" }), truth({ unreadable: "not synced" })]).toEqual([
      TRUE,
      FALSE,
      UNEVALUABLE,
    ]);
  });
});

describe("a compiled rule", () => {
  const hashOf = (when: unknown, rest: object = {}, spec: Partial<PolicySpec> = {}): string => {
    const rule = compiled({ ...spec, rules: [ruleOf(when, { action: "require_approval", ...rest })] }).rules[0];
    if (rule === undefined) throw new Error("a rule");
    return rule.hash;
  };

  it("has a hash of its meaning", () => {
    const hash = hashOf({ tool: "x", "args.a": { gt: 5 } });
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    const two = { "args.a": 1, "args.b": 2 };
    expect(hashOf(two)).toBe(hashOf({ "args.b": 2, "args.a": 1 }));
    expect(hashOf({ any: [two, { tool: "x" }] })).toBe(hashOf({ any: [{ tool: "x" }, two] }));
    expect(hashOf({ all: [{ "args.a": { gt: 5 } }, { tool: "x" }] }, { message: "other words", mode: "Audit" })).toBe(
      hash,
    );
    expect(hashOf({ tool: "x", "args.a": { gt: 6 } })).not.toBe(hash);
    expect(hashOf({ tool: "x", "args.a": { gt: 5 } }, { approvers: ["a"] })).not.toBe(hash);
    expect(hashOf({ tool: "x", "args.a": { gt: 5 } }, { approval: { quorum: 2 } })).not.toBe(hash);
    expect(hashOf({ cost_today: { gt: 5 } }, {}, { timezone: "Europe/Berlin" })).not.toBe(
      hashOf({ cost_today: { gt: 5 } }),
    );
    expect(hashOf({ tool: "g" }, {}, { actionGroups: { g: ["a"] } })).not.toBe(
      hashOf({ tool: "g" }, {}, { actionGroups: { g: ["b"] } }),
    );
    const operands = [
      { in: ["10.0.0.0/8"] },
      { cidr: ["10.0.0.0/8"] },
      { host_in: "a.b" },
      { matches: "a" },
      { contains_pii: true },
      { between: [1, 2] },
      { gt: "5m" },
      { glob: "a*" },
      { gt: "0.1000000000000000000001" },
    ];
    expect(new Set(operands.map((operand) => hashOf({ "args.a": operand }))).size).toBe(operands.length);
  });

  it("is frozen, and so is what it is made of", () => {
    const rule = accepted({
      tool: ["a", "b.*"],
      any: [{ "args.x": { gt: 5 } }, { "args.y": { matches: "x" } }],
      "args.z": { cidr: "10.0.0.0/8" },
    });
    const seen = new Set<unknown>();
    const check = (value: unknown): void => {
      if (typeof value !== "object" || value === null || seen.has(value)) return;
      seen.add(value);
      const name = value.constructor.name;
      if (["RE2JS", "Set"].includes(name)) return;
      expect([name, Object.isFrozen(value)]).toEqual([name, true]);
      Object.values(value).forEach(check);
    };
    check(rule);
    expect(seen.size).toBeGreaterThan(15);
  });

  it("is Audit when the policy or the rule says so", () => {
    const modes = (policy: "Enforce" | "Audit" | undefined, rule: "Enforce" | "Audit" | undefined): unknown =>
      compiled({
        ...(policy === undefined ? {} : { mode: policy }),
        rules: [ruleOf({}, rule === undefined ? {} : { mode: rule })],
      }).rules[0]?.mode;
    expect([
      modes(undefined, undefined),
      modes("Enforce", "Audit"),
      modes("Audit", undefined),
      modes("Enforce", "Enforce"),
    ]).toEqual(["Enforce", "Audit", "Audit", "Enforce"]);
  });

  it("shares facts and scanners with the rules of other policies", () => {
    const interner = createInterner();
    const compile = (name: string): PolicyResource =>
      policyOf(
        { rules: [ruleOf({ "args.q": { contains_pii: true } }), ruleOf({ "args.q": { matches: "a" } }, { id: "b" })] },
        name,
      );
    const [a, b] = [compilePolicy(compile("a"), { interner }), compilePolicy(compile("b"), { interner })];
    for (const index of [0, 1]) {
      const [first, second] = [a.policy?.rules[index]?.condition, b.policy?.rules[index]?.condition];
      if (first?.kind !== "test" || second?.kind !== "test") throw new Error("tests");
      expect(first.fact).toBe(second.fact);
      expect(first.operand).toBe(second.operand);
    }
  });
});

describe("a scoped grant", () => {
  it("covers arguments that certainly fulfil it", () => {
    const { condition, diagnostics } = compileGrant({ "args.amount": { lte: 100 }, "args.to": "a" });
    expect(diagnostics).toEqual([]);
    if (condition === undefined) throw new Error("a condition");
    expect(matchesGrant(condition, { amount: 100, to: "a" })).toBe(true);
    expect(matchesGrant(condition, { amount: 101, to: "a" })).toBe(false);
    expect(matchesGrant(condition, { amount: "many", to: "a" })).toBe(false);
    expect(matchesGrant(condition, {})).toBe(false);
  });

  it("looks at nothing but arguments", () => {
    expect(compileGrant({ tool: "x" })).toMatchObject({ diagnostics: [{ code: "bad-condition" }] });
    expect(compileGrant({ cel: "cost_today < 5.0" }).condition).toBeUndefined();
    expect(compileGrant({ cel: "args.a < 5" }).condition).toBeDefined();
  });
});

it("evaluates globs and patterns on hostile text in linear time", () => {
  const hostile = "a".repeat(65_000);
  expect(truthFor({ "args.x": { glob: `${"*a".repeat(40)}*b` } }, { x: hostile })).toBe(FALSE);
  expect(truthFor({ "args.x": { glob: "*a?a?a?b*" } }, { x: hostile })).toBe(FALSE);
  expect(truthFor({ "args.x": { matches: "^(a+)+$" } }, { x: `${hostile}!` })).toBe(FALSE);
  expect(truthFor({ "args.x": { matches: "(a|a?)+b" } }, { x: hostile })).toBe(FALSE);
});
