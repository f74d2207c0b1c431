import { describe, expect, it } from "vitest";
import type { ClusterPolicySpec, PolicyRule, PolicySpec } from "#api";
import { compilePolicy } from "../compile/compile-policy.ts";
import { diagnosticCatalog, type Diagnostic, type DiagnosticCode } from "../diagnostic.ts";
import { compileWhen, policyOf, ruleOf } from "../testing.ts";

/** Codes that some test below has seen; the last test holds them against the catalog. */
const seen = new Set<DiagnosticCode>();

function found(spec: Partial<PolicySpec>): readonly Diagnostic[] {
  const { policy, diagnostics } = compilePolicy(policyOf(spec));
  for (const { code } of diagnostics) seen.add(code);
  expect(policy === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
  return diagnostics;
}

function inWhen(when: unknown, rest: Partial<PolicyRule> = {}): readonly Diagnostic[] {
  return found({ rules: [ruleOf(when, rest)] });
}

function codes(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ severity, code }) => `${severity} ${code}`);
}

const at = ["spec", "rules", 0];

describe("names", () => {
  it.each([
    ["tol", "tool"],
    ["Tool", "tool"],
    ["arg.amount", "args.amount"],
    ["argss[0].x", "args[0].x"],
    ["cost_todya", "cost_today"],
    ["serviceAccount", "service_account"],
    ["time.houre", "time.hour"],
    ["label.team", "labels.team"],
    ["an", "any"],
  ])("knows what %s was meant to be", (fact, meant) => {
    expect(inWhen({ [fact]: "x" })).toMatchObject([
      { code: "unknown-fact", path: [...at, "when", fact], suggestion: meant },
    ]);
  });

  it("says so when nothing is near", () => {
    const [finding] = inWhen({ quux_quux_quux: 1 });
    expect(finding).toMatchObject({ code: "unknown-fact", message: 'there is no fact "quux_quux_quux"' });
    expect(finding?.suggestion).toBeUndefined();
  });

  it("knows misspelt operators, options and entities", () => {
    expect(inWhen({ "args.x": { startsWith: "a" } })).toMatchObject([
      { code: "unknown-operator", suggestion: "starts_with" },
    ]);
    expect(inWhen({ calls_in_window: { windw: "1h", gt: 1 } })).toMatchObject([
      { suggestion: "window" },
      { code: "bad-window" },
    ]);
    expect(inWhen({ "args.x": { contains_pii: ["US_SNN"] } })).toMatchObject([
      { code: "unknown-entity", suggestion: "US_SSN" },
    ]);
    expect(inWhen({ action: "toolcall" })).toMatchObject([{ code: "unknown-value", suggestion: "tool_call" }]);
    expect(found({ timezone: "Europe/Berln", rules: [ruleOf({})] })).toMatchObject([
      { code: "unknown-zone", path: ["spec", "timezone"] },
    ]);
    expect(found({ requireApproval: { actions: ["financial_action"] } })).toMatchObject([
      { severity: "warning", code: "unknown-group", suggestion: "financial_actions" },
    ]);
    expect(inWhen({ tool: { in: ["mail", "financial_action"] } })).toMatchObject([
      { severity: "warning", code: "unknown-group", suggestion: "financial_actions" },
    ]);
  });
});

describe("operands", () => {
  it.each<[unknown, DiagnosticCode]>([
    [{ "args.x": { gt: "many" } }, "impossible-type"],
    [{ "args.x": { gt: [1] } }, "impossible-type"],
    [{ tool: { gt: 5 } }, "impossible-type"],
    [{ cost_today: { starts_with: "1" } }, "impossible-type"],
    [{ user: 123 }, "impossible-type"],
    [{ tool: null }, "impossible-type"],
    [{ cost_today: { gt: "lots" } }, "impossible-type"],
    [{ run_duration: { gt: 60 } }, "impossible-type"],
    [{ "args.x": { between: [1, "1h"] } }, "impossible-type"],
    [{ "args.x": { starts_with: ["a"] } }, "bad-operand"],
    [{ "args.x": { eq: [1] } }, "bad-operand"],
    [{ "args.x": { eq: { a: 1 } } }, "bad-operand"],
    [{ "args.x": { in: "a" } }, "bad-operand"],
    [{ "args.x": [] }, "bad-operand"],
    [{ "args.x": { exists: "yes" } }, "bad-operand"],
    [{ "args.x": { contains: "" } }, "bad-operand"],
    [{ "args.x": { between: [1] } }, "bad-operand"],
    [{ "args.x": { length_gt: -1 } }, "bad-operand"],
    [{ "args.x": { length_gt: 1.5 } }, "bad-operand"],
    [{ "args.x": { contains_pii: false } }, "bad-operand"],
    [{ "args.x": { contains_pii: { entity: ["US_SSN"] } } }, "bad-operand"],
    [{ "args.x": { contains_secret: { min_score: 2 } } }, "bad-operand"],
    [{ "args.x": { host_in: ["https://a.b"] } }, "bad-operand"],
    [{ "args.x": { host_in: "*.10.0.0.1" } }, "bad-operand"],
    [{ "args.x": { cidr: "10.0.0.0/33" } }, "bad-operand"],
    [{ "args.x": { gt: Number.POSITIVE_INFINITY } }, "bad-operand"],
    [{ "args.x": { eq: 2 ** 53 } }, "bad-operand"],
    [{ "args.x": { eq: "x".repeat(5_000) } }, "bad-operand"],
    [{ "args.x": { matches: "(" } }, "bad-pattern"],
    [{ "args.x": { matches: "(?=x)" } }, "bad-pattern"],
    [{ "args.x": { matches: "((a{100}){100}){100}" } }, "bad-pattern"],
    [{ "args.x": { matches: "a".repeat(1_025) } }, "bad-pattern"],
    [{ cel: "tool ==" }, "bad-cel"],
    [{ calls_in_window: { gt: 5 } }, "bad-window"],
    [{ calls_in_window: { window: "-1h", gt: 5 } }, "bad-window"],
    [{ calls_in_window: { window: "0s", gt: 5 } }, "bad-window"],
    [{ calls_in_window: { window: "32d", gt: 5 } }, "bad-window"],
    [{ calls_in_window: { window: "1h", tool: 5, gt: 5 } }, "bad-operand"],
    [{ cost_this_run: { gt: 1, per: "namespace" } }, "bad-per"],
    [{ cost_today: { gt: 1, per: "team" } }, "bad-per"],
    [{ cost_today: { gt: 1, window: "1h" } }, "bad-condition"],
    [{ "args.x": { gt: 1, per: "run" } }, "unknown-operator"],
    [{ any: [] }, "bad-condition"],
  ])("refuses %j", (when, code) => {
    expect(codes(inWhen(when))).toEqual([`error ${code}`]);
  });

  it("refuses more conditions than a rule may have", () => {
    expect(codes(inWhen({ any: Array.from({ length: 600 }, () => ({ tool: "x" })) }))).toEqual(["error too-large"]);
  });

  it("refuses a regular expression of 10 kB before it is compiled", () => {
    expect(inWhen({ "args.x": { matches: "x".repeat(10_240) } })).toMatchObject([{ code: "bad-operand" }]);
  });

  it("accepts the edges", () => {
    for (const when of [
      { calls_in_window: { window: "31d", gt: 5 } },
      { "args.x": { matches: "a".repeat(1_024) } },
      { "args.x": { between: ["1", 2] } },
      { "args.x": null },
      { "args.x": { gt: "1e400" } },
    ]) {
      expect(inWhen(when)).toEqual([]);
    }
  });

  it("tells everything at once, each with its place", () => {
    expect(
      inWhen({ tol: 1, "args.x": { gt: "a" }, any: [{ cost_today: { gtt: 1 } }] }).map(({ path }) => path.slice(3)),
    ).toEqual([
      ["when", "tol"],
      ["when", "any", 0, "cost_today", "gtt"],
      ["when", "args.x", "gt"],
    ]);
  });
});

describe("rules that can never match", () => {
  it.each<[unknown, DiagnosticCode]>([
    [{ "args.x": { gt: 5, lt: 3 } }, "contradiction"],
    [{ "args.x": { gt: 5, lte: 5 } }, "contradiction"],
    [{ all: [{ "args.x": { gt: "5.5" } }, { tool: "a", "args.x": { lt: 5 } }] }, "contradiction"],
    [{ all: [{ tool: "a" }, { tool: "b" }] }, "contradiction"],
    [{ tool: { eq: "a", starts_with: "b" } }, "contradiction"],
    [{ "args.x": { in: [1, 2], gt: 2 } }, "contradiction"],
    [{ "args.x": { eq: 5, ne: "5.0" } }, "contradiction"],
    [{ "args.x": { exists: false, eq: 5 } }, "contradiction"],
    [{ "args.x": { between: [5, 3] } }, "contradiction"],
    [{ cost_today: { gt: 5, lt: "5.000000" } }, "contradiction"],
    [{ any: [{ "args.x": { gt: 5, lt: 3 } }, { tool: { eq: "a", ends_with: "b" } }] }, "contradiction"],
    [{ cost_today: { lt: 0 } }, "unreachable"],
    [{ cost_today: { exists: false } }, "unreachable"],
    [{ args: { exists: false } }, "unreachable"],
    [{ tool_calls_in_run: -1 }, "unreachable"],
    [{ "time.hour": 24 }, "unreachable"],
    [{ "time.hour": { gt: 23 } }, "unreachable"],
    [{ "time.weekday": { between: [8, 9] } }, "unreachable"],
    [{ "time.weekday": 1.5 }, "unreachable"],
    [{ action: "llm_call", tool: "x" }, "unreachable"],
    [{ action: ["message", "delegation"], tool: { starts_with: "x" } }, "unreachable"],
  ])("refuses %j", (when, code) => {
    expect(codes(inWhen(when))).toEqual([`error ${code}`]);
  });

  it.each([
    { "args.x": { gt: 3, lt: 5 } },
    { "args.x": { gte: 5, lte: 5 } },
    { "args.x[*]": { gt: 5 }, all: [{ "args.x[*]": { lt: 3 } }] },
    { any: [{ "args.x": { gt: 5, lt: 3 } }, { tool: "a" }] },
    { action: ["llm_call", "tool_call"], tool: "x" },
    { "time.hour": { gte: 0, lte: 23 } },
    { cost_today: { lte: 0 } },
    { "args.x": { gt: "5s", lt: 3 } },
  ])("accepts %j", (when) => {
    expect(inWhen(when)).toEqual([]);
  });

  it("warns of a rule that a stronger one with the same conditions outdoes", () => {
    const rules = [
      ruleOf({ tool: "x", "args.a": 1 }, { id: "asks", action: "require_approval" }),
      ruleOf({ "args.a": 1, tool: "x" }, { id: "denies", action: "deny" }),
      ruleOf({ tool: "x", "args.a": 1 }, { id: "logs", action: "log" }),
      ruleOf({ tool: "y" }, { id: "tries", action: "deny", mode: "Audit" }),
      ruleOf({ tool: "y" }, { id: "asks-y", action: "require_approval" }),
      ruleOf({ tool: "y" }, { id: "would-modify", action: "modify", mode: "Audit", modify: [{ remove: "args.a" }] }),
    ];
    expect(found({ rules })).toMatchObject([{ severity: "warning", code: "shadowed", path: ["spec", "rules", 0] }]);
  });
});

describe("doubts", () => {
  it("warns where `not` also holds for what is absent", () => {
    expect(inWhen({ tool: "x", not: { "args.to": "a@b.c" } })).toMatchObject([
      { severity: "warning", code: "negated-absent", path: [...at, "when", "not"] },
    ]);
    expect(inWhen({ tool: "x", not: { any: [{ cost_today: { gt: 1 } }, { "labels.x": "y" }] } })).toMatchObject([
      { code: "negated-absent" },
    ]);
    expect(inWhen({ tool: "x", not: { cost_today: { gt: 1 } } })).toEqual([]);
    expect(inWhen({ tool: "x", not: { "args.to": { exists: true } } })).toEqual([]);
  });

  it("warns of a rule that hangs on what the caller claims", () => {
    for (const claim of ["user", "agent", "model"]) {
      expect(inWhen({ [claim]: "x", tool: "y" })).toMatchObject([{ severity: "warning", code: "claim-only" }]);
    }
    expect(inWhen({ user: "x" }, { mode: "Audit" })).toEqual([]);
    expect(inWhen({ user: "x" }, { action: "log" })).toEqual([]);
    expect(inWhen({ user: "x", service_account: "y" })).toEqual([]);
    expect(inWhen({ any: [{ user: "x" }, { tool: "y" }] })).toEqual([]);
  });

  it("warns of a rule that no index can look up", () => {
    for (const when of [
      { tool: { ne: "x" } },
      { "args.x": { exists: false } },
      { any: [{ tool: "x" }, { "args.y": { not_matches: "a" } }] },
      { cel: 'tool == "x" && user == "y"' },
    ]) {
      expect(inWhen(when)).toMatchObject([{ severity: "warning", code: "every-review" }]);
    }
    expect(inWhen({})).toEqual([]);
    expect(inWhen({ cel: 'tool == "x"' })).toEqual([]);
    expect(inWhen({ tool: { ne: "x" }, "args.y": 1 })).toEqual([]);
  });

  it("warns of a policy without rules", () => {
    expect(found({})).toMatchObject([{ severity: "warning", code: "empty-policy" }]);
  });
});

describe("the rest of a rule", () => {
  it("may be laxer than its policy, never stricter", () => {
    expect(found({ mode: "Audit", rules: [ruleOf({ tool: "x" }, { mode: "Enforce" })] })).toMatchObject([
      { severity: "error", code: "stricter-than-policy", path: [...at, "mode"] },
    ]);
    expect(found({ mode: "Enforce", rules: [ruleOf({ tool: "x" }, { mode: "Audit" })] })).toEqual([]);
  });

  it("has an id of its own", () => {
    expect(found({ rules: [ruleOf({ tool: "x" }), ruleOf({ tool: "y" })] })).toMatchObject([
      { code: "duplicate-rule", path: ["spec", "rules", 1, "id"] },
    ]);
    expect(found({ blockPII: true, rules: [ruleOf({ tool: "y" }, { id: "block-pii" })] })).toMatchObject([
      { code: "duplicate-rule" },
    ]);
  });

  const asking = (approvers: readonly string[], approval: PolicyRule["approval"] = {}): readonly Diagnostic[] =>
    inWhen({ tool: "x" }, { action: "require_approval", approvers: [...approvers], approval });

  it("asks people who can answer", () => {
    expect(asking(["system:authenticated"])).toMatchObject([
      { severity: "error", code: "bad-approvers", path: [...at, "approvers", 0] },
    ]);
    expect(asking(["user:system:serviceaccount:ns:bot"])).toMatchObject([
      { code: "bad-approvers", suggestion: "serviceaccount:ns/bot" },
    ]);
    expect(asking(["serviceaccount:bot"])).toMatchObject([{ code: "bad-approvers" }]);
    expect(asking(["group:security"])).toMatchObject([{ code: "bad-approvers", suggestion: "security" }]);
    expect(asking(["user:"])).toMatchObject([{ code: "bad-approvers" }]);
    expect(asking(["security-team", "user:alice@example.com", "serviceaccount:ops/bot", "oidc:team"])).toEqual([]);
  });

  it("can reach its quorum", () => {
    expect(asking(["user:a", "user:b"], { quorum: 3 })).toMatchObject([
      { severity: "error", code: "bad-quorum", path: [...at, "approval", "quorum"] },
    ]);
    expect(asking(["user:a", "user:a"], { quorum: 2 })).toMatchObject([{ code: "bad-quorum" }]);
    expect(asking(["user:a", "team"], { quorum: 3 })).toEqual([]);
    expect(asking([], { quorum: 3 })).toEqual([]);
  });

  it("lets the agent's own namespace vote only when the cluster says so", () => {
    expect(asking(["a"], { allowApproversInNamespace: true })).toMatchObject([{ code: "bad-approvers" }]);
    const spec: ClusterPolicySpec = {
      rules: [ruleOf({ tool: "x" }, { action: "require_approval", approval: { allowApproversInNamespace: true } })],
    };
    const cluster = compilePolicy({
      apiVersion: "runlog.io/v1alpha1",
      kind: "ClusterAgentPolicy",
      metadata: { name: "c" },
      spec,
    });
    expect(cluster.diagnostics).toEqual([]);
  });

  it("has approvers only when it asks, and operations only when it modifies", () => {
    expect(inWhen({ tool: "x" }, { approvers: ["a"], approval: {} })).toMatchObject([
      { code: "not-asking", path: [...at, "approvers"] },
      { code: "not-asking", path: [...at, "approval"] },
    ]);
    expect(inWhen({ tool: "x" }, { action: "modify" })).toMatchObject([{ severity: "error", code: "bad-modify" }]);
    expect(inWhen({ tool: "x" }, { modify: [{ remove: "args.x" }] })).toMatchObject([
      { code: "bad-modify", suggestion: "modify" },
    ]);
    expect(
      inWhen({ tool: "x" }, { action: "modify", modify: [{ remove: "args.x" }, { set: "x", value: 1 }] }),
    ).toMatchObject([{ code: "bad-modify", path: [...at, "modify", 1, "set"] }]);
    expect(
      inWhen({ tool: "x" }, { action: "modify", modify: [{ redact: "args.x", entities: ["US_SNN"] }] }),
    ).toMatchObject([{ code: "unknown-entity" }]);
  });

  it("has entities that can be found, and hashes only with a key", () => {
    const entities = [{ name: "US_SSN", deny: ["x"] }];
    expect(found({ detection: { entities }, rules: [ruleOf({ tool: "x" })] })).toMatchObject([
      { severity: "error", code: "bad-entity", path: ["spec", "detection", "entities", 0, "name"] },
    ]);
    const hashing = { redact: "args.x", as: "hash" } as const;
    expect(inWhen({ tool: "x" }, { action: "modify", modify: [hashing] })).toMatchObject([
      { severity: "error", code: "no-hash-key", path: [...at, "modify", 0, "as"] },
    ]);
  });

  it("has selectors that are complete", () => {
    const selecting = (operator: "In" | "Exists", values?: string[]): readonly Diagnostic[] =>
      found({
        selector: { matchExpressions: [{ key: "a", operator, ...(values === undefined ? {} : { values }) }] },
        rules: [ruleOf({ tool: "x" })],
      });
    expect(selecting("In")).toMatchObject([
      { code: "bad-selector", path: ["spec", "selector", "matchExpressions", 0] },
    ]);
    expect(selecting("Exists", ["a"])).toMatchObject([{ code: "bad-selector" }]);
  });
});

it("has a test for every finding there is", () => {
  expect([...seen].toSorted()).toEqual(Object.keys(diagnosticCatalog).toSorted());
});

it("gives no policy where there is an error, and one where there are only warnings", () => {
  expect(compileWhen({ tol: "x" }).policy).toBeUndefined();
  expect(compileWhen({ tool: { ne: "x" } }).policy?.rules).toHaveLength(1);
});
