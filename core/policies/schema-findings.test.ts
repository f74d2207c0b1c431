import type { JsonObject, JsonValue } from "#api";
import { describe, expect, it } from "vitest";
import { fieldName } from "./finding.ts";
import { schemaProblems } from "./schema-findings.ts";

const good = {
  apiVersion: "runlog.io/v1alpha1",
  kind: "AgentPolicy",
  metadata: { name: "x", namespace: "y" },
  spec: {},
};
const rule = { id: "a", when: {}, action: "deny" };

function problems(change: JsonObject): { code: string; field: string; message: string; suggestion?: string }[] {
  return schemaProblems({ ...good, ...change }).map(({ code, path, message, suggestion }) => ({
    code,
    field: fieldName(path),
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  }));
}
const ofRule = (more: JsonObject): JsonObject => ({ spec: { rules: [{ ...rule, ...more } as JsonValue] } });

it("has nothing to say of a valid resource", () => {
  expect(problems({})).toEqual([]);
  expect(problems(ofRule({}))).toEqual([]);
});

describe("a misspelt field is answered with the one that was meant", () => {
  it.each([
    ["at the top", { sepc: {} }, "sepc", "spec"],
    ["in metadata", { metadata: { name: "x", namespase: "y" } }, "metadata.namespase", "namespace"],
    ["in the spec", { spec: { rulse: [] } }, "spec.rulse", "rules"],
    ["in a selector", { spec: { selector: { matchLabel: {} } } }, "spec.selector.matchLabel", "matchLabels"],
    ["in a rule", ofRule({ mesage: "x" }), "spec.rules[0].mesage", "message"],
    ["in approval settings", ofRule({ approval: { quorumm: 1 } }), "spec.rules[0].approval.quorumm", "quorum"],
    [
      "in a modify operation",
      ofRule({ action: "modify", modify: [{ set: "args.x", valeu: 1, value: 1 }] }),
      "spec.rules[0].modify[0].valeu",
      "value",
    ],
    [
      "in a shorthand",
      { spec: { requireApproval: { actions: ["x"], approver: [] } } },
      "spec.requireApproval.approver",
      "approvers",
    ],
    [
      "of the cluster kind",
      { kind: "ClusterAgentPolicy", spec: { namespaceSelectr: {} } },
      "spec.namespaceSelectr",
      "namespaceSelector",
    ],
  ])("%s", (_, change, field, meant) => {
    expect(problems(change)).toContainEqual(
      expect.objectContaining({ code: "unknown-field", field, suggestion: `did you mean ${meant}?` }),
    );
  });

  it("names every one of several", () => {
    const fields = problems({ spec: { rulse: [], mdoe: "Audit" } }).map((one) => one.field);
    expect(fields.sort()).toEqual(["spec.mdoe", "spec.rulse"]);
  });

  it("suggests nothing for what is like nothing", () => {
    expect(problems({ spec: { qqqqqqqqqqqq: 1 } })).toEqual([
      { code: "unknown-field", field: "spec.qqqqqqqqqqqq", message: 'spec has no field "qqqqqqqqqqqq"' },
    ]);
  });

  it("refuses a field that only the cluster kind has", () => {
    expect(problems({ spec: { namespaceSelector: {} } })[0]).toMatchObject({
      code: "unknown-field",
      field: "spec.namespaceSelector",
    });
  });
});

describe("a value that is none of those there are", () => {
  it.each([
    ["mode", { spec: { mode: "enforce" } }, "spec.mode", "Enforce"],
    ["action", ofRule({ action: "denny" }), "spec.rules[0].action", "deny"],
    ["showArgs", ofRule({ approval: { showArgs: "maskd" } }), "spec.rules[0].approval.showArgs", "masked"],
    ["apiVersion", { apiVersion: "runlog.io/v1alpha2" }, "apiVersion", "runlog.io/v1alpha1"],
  ])("%s", (_, change, field, meant) => {
    expect(problems(change)).toContainEqual(
      expect.objectContaining({ code: "unknown-value", field, suggestion: `did you mean ${meant}?` }),
    );
  });

  it("is cut in the message", () => {
    const [problem] = problems({ spec: { mode: "x".repeat(10_000) } });
    expect(problem?.message.length).toBeLessThan(200);
  });
});

describe("kind", () => {
  it.each([
    ["AgentPolciy", "AgentPolicy"],
    ["AgentPolicies", "AgentPolicy"],
    ["ClusterAgentPolcy", "ClusterAgentPolicy"],
  ])("%s", (kind, meant) => {
    expect(problems({ kind })).toEqual([
      {
        code: "unknown-kind",
        field: "kind",
        message: "kind must be one of AgentPolicy, ClusterAgentPolicy",
        suggestion: `did you mean ${meant}?`,
      },
    ]);
  });

  it("that is missing or far away", () => {
    for (const kind of ["Deployment", "", null, 5, ["AgentPolicy"]] as JsonValue[])
      expect(problems({ kind })[0]).toMatchObject({ code: "unknown-kind" });
    const { kind: _, ...without } = good;
    expect(schemaProblems(without)).toMatchObject([{ code: "unknown-kind" }]);
  });
});

describe("what is missing or of another type is told in the words of YAML", () => {
  it.each([
    ["a missing spec", { spec: undefined as unknown as JsonValue }, "spec is missing: expected a map"],
    ["a missing name", { metadata: {} }, "metadata.name is missing: expected a text"],
    [
      "a missing action",
      { spec: { rules: [{ id: "a", when: {} }] } },
      "spec.rules[0].action is missing; use log, modify, require_approval, deny, terminate",
    ],
    ["a null when", ofRule({ when: null }), "spec.rules[0].when: expected a map, not nothing (null)"],
    ["rules as a map", { spec: { rules: {} } }, "spec.rules: expected a list, not a map"],
    ["a zone as a number", { spec: { timezone: 1 } }, "spec.timezone: expected a text, not a number"],
    ["blockPII as a text", { spec: { blockPII: "yes" } }, "spec.blockPII: expected a boolean, not a text"],
    ["a rule as a list", { spec: { rules: [[]] } }, "spec.rules[0]: expected a map, not a list"],
  ])("%s", (_, change, message) => {
    const { spec, ...rest } = { ...good, ...change };
    const resource = (spec === undefined ? rest : { spec, ...rest }) as JsonObject;
    expect(schemaProblems(resource).map((one) => one.message)).toContain(message);
  });
});

it("a demand of the schema keeps its own words and place", () => {
  expect(problems(ofRule({ action: "modify" }))).toEqual([
    {
      code: "invalid-value",
      field: "spec.rules[0]",
      message: "spec.rules[0]: action modify needs modify; the other actions take none",
    },
  ]);
});
