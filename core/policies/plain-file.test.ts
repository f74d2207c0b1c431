import type { JsonObject } from "#api";
import { decide, emptyIndex, plan, type ReviewInput, type Verdict } from "#engine";
import { describe, expect, it } from "vitest";
import { checkText, type CheckedPolicy } from "./check.ts";
import { convertPlainFile, isPlainFile, policyNameOf } from "./plain-file.ts";
import { readYaml } from "./yaml-text.ts";

function only(text: string, file = "policies/team.yaml"): CheckedPolicy {
  const checked = checkText(text, { file, defaultNamespace: "agents" });
  expect(checked.findings).toEqual([]);
  expect(checked.policies).toHaveLength(1);
  return checked.policies[0]!;
}

function good(text: string): CheckedPolicy {
  const policy = only(text);
  expect(policy.findings.filter((one) => one.severity === "error")).toEqual([]);
  return policy;
}

/** What the policy says to a tool call, given the cost of the run so far with this action. */
function verdict(policy: CheckedPolicy, tool: string, args: JsonObject = {}, runCost = 0): Verdict {
  const input: ReviewInput = {
    subject: { namespace: "agents", serviceAccount: "bot", labels: {}, namespaceLabels: {} },
    action: "tool_call",
    tool,
    agent: undefined,
    user: undefined,
    model: undefined,
    args,
    cost: 0,
    tokens: 0,
    now: 0,
  };
  const planned = plan(emptyIndex().with({ set: [policy.compiled!], remove: [] }), input);
  return decide(planned, new Map(planned.counters.map((counter) => [counter.key, runCost])));
}

function errors(text: string): { code: string; field: string; line: number | undefined; column: number | undefined }[] {
  return only(text)
    .findings.filter((one) => one.severity === "error")
    .map(({ code, field, line, column }) => ({ code, field, line, column }));
}

const SSN = { note: "ssn 423-41-1164" };

describe("a plain file", () => {
  it("is one policy in the default namespace, named after the file, whose items keep their ids and order", () => {
    const policy = good(
      "policies:\n  - { id: b, when: { tool: x }, action: deny }\n  - { id: a, when: { tool: y }, action: log }\n",
    );
    expect(policy.key).toBe("AgentPolicy/agents/team");
    expect(policy.resource.spec.rules?.map((rule) => rule.id)).toEqual(["b", "a"]);
    expect(verdict(policy, "x").decision).toBe("deny");
    expect(verdict(policy, "y")).toMatchObject({ decision: "allow", matchedTotal: 1 });
  });

  it("may hold nothing but shorthands, and settings beside them", () => {
    const policy = good("block_pii: true\nmode: Audit\ntimezone: Europe/Berlin\n");
    expect(policy.resource.spec).toMatchObject({ blockPII: true, mode: "Audit", timezone: "Europe/Berlin" });
    expect(verdict(policy, "x", SSN)).toMatchObject({ decision: "allow", auditTotal: 1 });
  });

  it("is told from a resource by having neither apiVersion nor kind", () => {
    expect(isPlainFile({ policies: [] })).toBe(true);
    expect(isPlainFile({ kind: "AgentPolicy" })).toBe(false);
    expect(isPlainFile({ apiVersion: "v1" })).toBe(false);
    expect(isPlainFile([])).toBe(false);
  });

  it.each([
    ["policies/My Team_1.yml", "my-team-1"],
    ["a/b/BUDGET.JSON", "budget"],
    ["C:\\policies\\x.yaml", "x"],
    ["___.yaml", "policy"],
    ["ünïcode.yaml", "n-code"],
    [`${"a".repeat(62)}-b.yaml`, "a".repeat(62)],
    ["no-ending", "no-ending"],
  ])("%s is named %s", (file, name) => {
    expect(policyNameOf(file)).toBe(name);
  });
});

describe("max_cost_per_run", () => {
  it.each([
    ["at top level, with a dollar sign", "max_cost_per_run: $1.00"],
    ["at top level, as a number", "max_cost_per_run: 1"],
    ["at top level, as a text", 'max_cost_per_run: "1.0"'],
    ["as a list item", "policies: [{ max_cost_per_run: $1.00 }]"],
    ["as a list item with an id", "policies: [{ id: cap, max_cost_per_run: 1.00 }]"],
  ])("%s denies above one dollar a run, not at it", (_, text) => {
    const policy = good(text);
    expect(verdict(policy, "any", {}, 1_000_000).decision).toBe("allow");
    expect(verdict(policy, "any", {}, 1_000_001).decision).toBe("deny");
  });

  it("as a list item takes another action, a message and its own condition beside it", () => {
    const policy = good(
      "policies: [{ max_cost_per_run: $1.00, action: terminate, message: enough, when: { tool: pay } }]",
    );
    expect(verdict(policy, "pay", {}, 2_000_000)).toMatchObject({
      decision: "terminate",
      winner: { rule: { id: "max-cost-per-run", message: "enough" } },
    });
    expect(verdict(policy, "read", {}, 2_000_000).decision).toBe("allow");
    expect(verdict(policy, "pay", {}, 1_000_000).decision).toBe("allow");
  });

  it.each(["lots", "$$1", "-1", "'1e3'", "''", "[1]", "null", "true"])(
    "refuses %s, at top level and as an item",
    (value) => {
      expect(errors(`max_cost_per_run: ${value}`)[0]).toMatchObject({ field: "max_cost_per_run", line: 1 });
      expect(errors(`policies:\n  - max_cost_per_run: ${value}`)[0]).toMatchObject({
        field: "policies[0].max_cost_per_run",
        line: 2,
      });
    },
  );
});

describe("block_pii", () => {
  it.each(["block_pii: true", "policies: [{ block_pii: true }]"])("%s denies personal data in every action", (text) => {
    const policy = good(text);
    expect(verdict(policy, "any", SSN).decision).toBe("deny");
    expect(verdict(policy, "any", { note: "nothing" }).decision).toBe("allow");
  });

  it.each([
    "block_pii: false\npolicies: [{ id: a, when: { tool: x }, action: deny }]",
    "policies: [{ block_pii: false }, { id: a, when: { tool: x }, action: deny }]",
  ])("false asks for nothing, and the rules after it stay: %s", (text) => {
    const policy = good(text);
    expect(policy.compiled?.rules.map((rule) => rule.id)).toEqual(["a"]);
    expect(verdict(policy, "y", SSN).decision).toBe("allow");
    expect(verdict(policy, "x").decision).toBe("deny");
  });

  it("as a list item may name entities, and the finding about a wrong one points at it", () => {
    expect(verdict(good("policies: [{ block_pii: [CREDIT_CARD] }]"), "any", SSN).decision).toBe("allow");
    expect(errors("policies:\n  - { id: a, when: {}, action: log }\n  - block_pii: [SSM]")[0]).toMatchObject({
      field: "policies[1].block_pii",
      line: 3,
    });
  });
});

describe("require_approval", () => {
  const asks = (policy: CheckedPolicy, tool: string): boolean => verdict(policy, tool).decision === "require_approval";

  it.each([
    ["at top level", "require_approval: financial_actions"],
    ["as a list item", "policies: [{ require_approval: financial_actions }]"],
  ])("%s asks for the tools of a built-in group", (_, text) => {
    const policy = good(text);
    for (const tool of ["payments.create", "stripe.refund", "shop.transfer", "gift_refund", "send_certificate"])
      expect(asks(policy, tool), tool).toBe(true);
    for (const tool of ["payments", "refund", "read"]) expect(asks(policy, tool), tool).toBe(false);
  });

  it.each([
    ["at top level", "require_approval: [financial_actions, 'db.*']"],
    ["as a list item", "policies: [{ require_approval: [financial_actions, 'db.*'] }]"],
  ])("%s takes a group of the same name from action_groups instead, and tool names beside it", (_, text) => {
    const policy = good(`action_groups: { financial_actions: [bank.wire] }\n${text}`);
    expect(asks(policy, "bank.wire")).toBe(true);
    expect(asks(policy, "db.drop")).toBe(true);
    expect(asks(policy, "stripe.refund")).toBe(false);
  });

  it("takes approvers from beside it", () => {
    expect(good("require_approval: x\napprovers: [sec]").compiled?.rules[0]?.approvers).toEqual(["sec"]);
    expect(good("policies: [{ require_approval: x, approvers: [sec] }]").compiled?.rules[0]?.approvers).toEqual([
      "sec",
    ]);
  });

  it("refuses approvers at top level that nothing uses", () => {
    expect(errors("policies:\n  - { id: a, when: {}, action: deny }\napprovers: [sec]")).toEqual([
      { code: "unused-field", field: "approvers", line: 3, column: 1 },
    ]);
  });

  it.each(["constructor", "__proto__", "toString"])("takes %s for the name of a tool", (tool) => {
    for (const text of [`require_approval: ${tool}`, `policies: [{ require_approval: ${tool} }]`]) {
      expect(asks(good(text), tool)).toBe(true);
      expect(asks(good(text), "other")).toBe(false);
    }
  });
});

describe("findings of a plain file", () => {
  it.each([
    ["an unknown field at top level", "polices: []\n", ["unknown-field", "polices", 1, 1]],
    ["policies that are no list", "policies: { id: a }\n", ["wrong-type", "policies", 1, 1]],
    ["an item that is no map", "policies:\n  - hello\n", ["wrong-type", "policies[0]", 2, 5]],
    ["a wrong mode", "block_pii: true\nmode: Enforced\n", ["unknown-value", "mode", 2, 7]],
    ["a wrong zone", "block_pii: true\ntimezone: Moon/Crater\n", ["unknown-zone", "timezone", 2, 11]],
    ["a wrong group", "block_pii: true\naction_groups: { x: y }\n", ["wrong-type", "action_groups.x", 2, 21]],
    ["wrong approvers", "require_approval: x\napprovers: sec\n", ["wrong-type", "approvers", 2, 12]],
    [
      "a rule behind a shorthand that expands to nothing",
      "policies:\n  - block_pii: false\n  - { id: a, when: { args.n: { gtt: 1 } }, action: deny }\n",
      ["unknown-operator", 'policies[1].when["args.n"].gtt', 3, 32],
    ],
    [
      "the condition beside a shorthand",
      "policies:\n  - block_pii: true\n    when: { tol: x }\n",
      ["unknown-fact", "policies[0].when.tol", 3, 13],
    ],
    [
      "the same shorthand twice without an id",
      "policies:\n  - block_pii: true\n  - block_pii: [US_SSN]\n",
      ["invalid-value", "policies[1].block_pii", 3, 5],
    ],
  ] as const)("%s stands where it is written", (_, text, [code, field, line, column]) => {
    expect(errors(text)).toContainEqual({ code, field, line, column });
  });

  it("name fields as the file does", () => {
    const [finding] = only("policies:\n  - { id: a, when: {}, action: deny, mesage: x }\n").findings;
    expect(finding).toMatchObject({
      message: 'policies[0] has no field "mesage"',
      suggestion: "did you mean message?",
    });
  });

  it("stand with a policy that is not compiled", () => {
    expect(only("polices: []\n").compiled).toBeUndefined();
  });
});

it("a place in the policy that the file does not have leads to the nearest one it has", () => {
  const file = readYaml("policies: [{ block_pii: true }]\nmax_cost_per_run: 1\n", "x").documents[0]!
    .value as JsonObject;
  const { origin } = convertPlainFile(file, "x", "ns");
  expect(origin(["spec", "rules", 0, "when", "args", "contains_pii"])).toEqual(["policies", 0, "block_pii"]);
  expect(origin(["spec", "rules", 0, "id"])).toEqual(["policies", 0, "block_pii"]);
  expect(origin(["spec", "maxCostPerRun"])).toEqual(["max_cost_per_run"]);
  expect(origin(["metadata", "name"])).toEqual(["metadata", "name"]);
});
