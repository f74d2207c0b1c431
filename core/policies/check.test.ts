import { describe, expect, it } from "vitest";
import { checkResource, checkText, policyKey } from "./check.ts";
import { fieldName, hasErrors } from "./finding.ts";

const OPTIONS = { file: "p.yaml", defaultNamespace: "agents" };

const policy = (name: string, more = "", kind = "AgentPolicy"): string => `apiVersion: runlog.io/v1alpha1
kind: ${kind}
metadata: { name: ${name} }
spec:
  rules:
    - { id: a, when: { tool: x }, action: deny }
${more}`;

describe("checkText", () => {
  it("reads RunLog files and resources of both kinds from one text", () => {
    const text = ["block_pii: true\n", policy("one"), policy("two", "", "ClusterAgentPolicy")].join("---\n");
    const { policies, findings } = checkText(text, OPTIONS);
    expect(findings).toEqual([]);
    expect(policies.map((one) => [one.key, one.compiled?.key])).toEqual([
      ["AgentPolicy/agents/p", "AgentPolicy/agents/p"],
      ["AgentPolicy/agents/one", "AgentPolicy/agents/one"],
      ["ClusterAgentPolicy//two", "ClusterAgentPolicy//two"],
    ]);
  });

  it("gives the default namespace to policies that name none, and to nothing else", () => {
    const own = policy("one").replace("{ name: one }", "{ name: one, namespace: own }");
    expect(checkText(own, OPTIONS).policies[0]?.resource.metadata.namespace).toBe("own");
    expect(checkText(policy("one"), OPTIONS).policies[0]?.resource.metadata.namespace).toBe("agents");
    const cluster = checkText(policy("one", "", "ClusterAgentPolicy"), OPTIONS).policies[0];
    expect(cluster?.resource.metadata.namespace).toBeUndefined();
  });

  it("asks for the generation of a resource that carries none, and keeps one that it has", () => {
    const generation = (key: string): number => key.length;
    const given = policy("one").replace("{ name: one }", "{ name: one, generation: 7 }");
    expect(checkText(policy("one"), { ...OPTIONS, generation }).policies[0]?.compiled?.identity.generation).toBe(
      "AgentPolicy/agents/one".length,
    );
    expect(checkText(given, { ...OPTIONS, generation }).policies[0]?.compiled?.identity.generation).toBe(7);
    expect(checkText(policy("one"), OPTIONS).policies[0]?.compiled?.identity.generation).toBe(1);
  });

  it("keeps the good policies beside a bad one, and says with each finding whose it is, where, and on which line", () => {
    const text = [policy("one"), policy("two", "    - { id: b, when: {}, action: blok }\n"), policy("three")].join(
      "---\n",
    );
    const { policies } = checkText(text, OPTIONS);
    expect(policies.map((one) => one.compiled !== undefined)).toEqual([true, false, true]);
    expect(policies[1]?.findings).toMatchObject([
      {
        severity: "error",
        code: "unknown-value",
        policy: "AgentPolicy/agents/two",
        file: "p.yaml",
        line: 14,
        field: "spec.rules[1].action",
        excerpt: "    - { id: b, when: {}, action: blok }",
      },
    ]);
  });

  it("compiles with warnings", () => {
    const [one] = checkText("policies: [{ id: a, when: { user: bob }, action: deny }]", OPTIONS).policies;
    expect(one?.findings.map((finding) => finding.severity)).toEqual(["warning"]);
    expect(hasErrors(one?.findings ?? [])).toBe(false);
    expect(one?.compiled).toBeDefined();
  });

  it.each([
    ["a list", "- a\n- b\n", "not-a-policy", 1],
    ["a text", "hello\n", "not-a-policy", 1],
    ["a list after a policy", `${policy("one")}---\n[1]\n`, "not-a-policy", 8],
    ["nothing", "", "empty-file", 1],
    ["only comments", "# nothing\n---\n# here\n", "empty-file", 1],
  ])("refuses %s", (_, text, code, line) => {
    expect(checkText(text, OPTIONS).findings).toMatchObject([{ severity: "error", code, line }]);
  });

  it.each([
    ["no metadata", "apiVersion: runlog.io/v1alpha1\nkind: AgentPolicy\nspec: {}\n"],
    ["metadata that is a number", "apiVersion: runlog.io/v1alpha1\nkind: AgentPolicy\nmetadata: 5\nspec: {}\n"],
    ["null metadata", "apiVersion: runlog.io/v1alpha1\nkind: AgentPolicy\nmetadata:\nspec: {}\n"],
    ["a kind that is a list", "apiVersion: runlog.io/v1alpha1\nkind: [AgentPolicy]\nmetadata: { name: x }\n"],
    ["only an apiVersion", "apiVersion: runlog.io/v1alpha1\n"],
  ])("survives %s", (_, text) => {
    const { policies } = checkText(text, OPTIONS);
    expect(policies).toHaveLength(1);
    expect(policies[0]?.compiled).toBeUndefined();
    expect(hasErrors(policies[0]?.findings ?? [])).toBe(true);
  });

  it("treats __proto__ as the name of a field that is not there", () => {
    const [one] = checkText("__proto__: { policies: [] }\nblock_pii: true\n", OPTIONS).policies;
    expect(one?.findings).toMatchObject([{ code: "unknown-field", field: "__proto__", line: 1 }]);
  });
});

it("checkResource says the same of a resource that came without text", () => {
  const resource = {
    apiVersion: "runlog.io/v1alpha1",
    kind: "AgentPolicy",
    metadata: { name: "x", namespace: "y" },
    spec: { rules: [{ id: "a", when: { tol: "x" }, action: "deny" }] },
  };
  expect(checkResource(resource)).toMatchObject({
    compiled: undefined,
    problems: [{ code: "unknown-fact", path: ["spec", "rules", 0, "when", "tol"] }],
  });
});

it("policyKey keeps namespaced and cluster policies of one name apart", () => {
  const metadata = { name: "x", namespace: "y" };
  expect(policyKey({ kind: "AgentPolicy", metadata })).toBe("AgentPolicy/y/x");
  expect(policyKey({ kind: "ClusterAgentPolicy", metadata })).toBe("ClusterAgentPolicy//x");
});

it("fieldName quotes what is no plain name", () => {
  expect(fieldName(["spec", "rules", 0, "when", "args.a-b", "x-y"])).toBe('spec.rules[0].when["args.a-b"].x-y');
  expect(fieldName([])).toBe("");
  expect(fieldName([0, "a"])).toBe("[0].a");
});
