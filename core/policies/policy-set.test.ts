import { decide, plan, type RuleIndex } from "#engine";
import { createRegistry } from "#telemetry";
import { describe, expect, it } from "vitest";
import { checkText } from "./check.ts";
import { PolicySet, type AppliedChange, type PolicyChange } from "./policy-set.ts";

const START = 1_000;

class Harness {
  now = START;
  readonly registry = createRegistry();
  readonly set = new PolicySet({ now: () => this.now, registry: this.registry });
  readonly heard: AppliedChange[] = [];

  constructor() {
    this.set.onChange((change) => this.heard.push(change));
  }

  policy(name: string, tool: string, action = "deny"): PolicyChange["set"][number] {
    const text = `policies: [{ id: a, when: { tool: ${tool} }, action: ${action} }]`;
    const options = {
      file: `${name}.yaml`,
      defaultNamespace: "agents",
      generation: this.set.nextGeneration.bind(this.set),
    };
    return { ...checkText(text, options).policies[0]!, source: `${name}.yaml` };
  }

  put(name: string, tool: string, action?: string): AppliedChange {
    return this.set.apply({ set: [this.policy(name, tool, action)], remove: [] });
  }

  denies(tool: string, index: RuleIndex = this.set.index): boolean {
    const subject = { namespace: "agents", serviceAccount: "bot", labels: {}, namespaceLabels: {} };
    const none = { agent: undefined, user: undefined, model: undefined, cost: 0, tokens: 0 };
    const planned = plan(index, { ...none, subject, action: "tool_call", tool, args: {}, now: 0 });
    return decide(planned, new Map()).decision === "deny";
  }
}

const KEY = "AgentPolicy/agents/p";

describe("PolicySet", () => {
  it("starts with nothing in force", () => {
    const { set } = new Harness();
    expect(set.entries()).toEqual([]);
    expect(set.index.policies).toBe(0);
    expect(set.get(KEY)).toBeUndefined();
  });

  it("enforces what compiles", () => {
    const one = new Harness();
    const applied = one.put("p", "x");
    expect(applied).toMatchObject({ accepted: [{ key: KEY, state: "enforced" }], rejected: [], removed: [] });
    expect(applied.revision).toBe(one.set.index.revision);
    expect(one.set.get(KEY)).toMatchObject({ generation: 1, rules: 1, since: START, source: "p.yaml" });
    expect(one.denies("x")).toBe(true);
  });

  it("keeps the last good version of each key while a newer one is broken, and takes the mended one", () => {
    const one = new Harness();
    one.put("p", "x");
    one.put("q", "z");
    const before = one.set.index;
    one.now += 5;
    const applied = one.put("p", "y", "blok");
    expect(applied).toMatchObject({
      accepted: [],
      rejected: [{ key: KEY, state: "stale", generation: 1, since: START }],
    });
    expect(one.set.get(KEY)?.findings).toMatchObject([{ code: "unknown-value" }]);
    expect(one.set.index).toBe(before);
    expect([one.denies("x"), one.denies("y"), one.denies("z")]).toEqual([true, false, true]);
    one.put("p", "y", "blok2");
    expect(one.denies("x")).toBe(true);
    one.put("p", "y");
    expect(one.set.get(KEY)).toMatchObject({ state: "enforced", generation: 2, since: START + 5 });
    expect([one.denies("x"), one.denies("y")]).toEqual([false, true]);
  });

  it("returns to enforced when the good version comes back as it was, under its old generation", () => {
    const one = new Harness();
    const { revision } = one.put("p", "x");
    one.put("p", "x", "blok");
    const applied = one.put("p", "x");
    expect(applied.accepted).toMatchObject([{ state: "enforced", generation: 1, findings: [] }]);
    expect(applied.revision).toBe(revision);
  });

  it("lists what never compiled by its name alone, and enforces nothing of it", () => {
    const one = new Harness();
    const text = "apiVersion: runlog.io/v1alpha1\nkind: AgentPolicy\nmetadata: [1]\nspec: 5\n";
    const [broken] = checkText(text, { file: "b.yaml", defaultNamespace: "agents" }).policies;
    one.set.apply({ set: [{ ...broken!, source: "b.yaml" }], remove: [] });
    expect(one.set.entries()).toMatchObject([
      { state: "broken", generation: 0, rules: 0, resource: { kind: "AgentPolicy", metadata: { name: "" }, spec: {} } },
    ]);
    expect(one.set.index.policies).toBe(0);
    one.put("p", "x", "blok");
    expect(one.set.get(KEY)).toMatchObject({
      state: "broken",
      resource: { metadata: { name: "p", namespace: "agents" } },
    });
    one.put("p", "x");
    expect(one.set.get(KEY)).toMatchObject({ state: "enforced", generation: 1 });
  });

  it("marks as stale what its source no longer tells", () => {
    const one = new Harness();
    one.put("p", "x");
    const finding = { severity: "error", code: "yaml-syntax", file: "p.yaml", field: "", message: "no" } as const;
    const stale = [
      { key: KEY, findings: [finding] },
      { key: "AgentPolicy/agents/unknown", findings: [finding] },
    ];
    const applied = one.set.apply({ set: [], stale, remove: [] });
    expect(applied.rejected).toMatchObject([{ key: KEY, state: "stale", findings: [finding], source: "p.yaml" }]);
    expect(one.denies("x")).toBe(true);
  });

  it("removes at once, and says nothing of what it never had", () => {
    const one = new Harness();
    one.put("p", "x");
    const applied = one.set.apply({ set: [], remove: [KEY, "AgentPolicy/agents/unknown"] });
    expect(applied).toMatchObject({ removed: [KEY], accepted: [], rejected: [] });
    expect(one.denies("x")).toBe(false);
    expect(one.set.entries()).toEqual([]);
  });

  it("applies one change in one step: nobody sees half of it, and a review keeps the index it started with", () => {
    const one = new Harness();
    one.put("p", "x");
    const before = one.set.index;
    const seen: boolean[][] = [];
    one.set.onChange(() => seen.push([one.denies("x"), one.denies("y"), one.denies("z")]));
    one.set.apply({ set: [one.policy("q", "y"), one.policy("r", "z")], remove: [KEY] });
    expect(seen).toEqual([[false, true, true]]);
    expect(["x", "y", "z"].map((tool) => one.denies(tool, before))).toEqual([true, false, false]);
    expect(before.revision).not.toBe(one.set.index.revision);
  });

  it("names equal sets alike and different ones differently, in whatever order they came", () => {
    const a = new Harness();
    const b = new Harness();
    a.put("p", "x");
    a.put("q", "y");
    b.put("q", "y");
    b.put("p", "x");
    expect(a.set.index.revision).toBe(b.set.index.revision);
    b.put("p", "other");
    expect(a.set.index.revision).not.toBe(b.set.index.revision);
  });

  it("counts a generation up with each version that differs, not with each reading", () => {
    const one = new Harness();
    for (const [tool, generation] of [
      ["x", 1],
      ["x", 1],
      ["y", 2],
      ["y", 2],
      ["x", 3],
    ] as const) {
      one.put("p", tool);
      expect(one.set.get(KEY)?.generation).toBe(generation);
    }
  });

  it("tells listeners of every change, refused ones too, and of nothing that changed nothing", () => {
    const one = new Harness();
    one.put("p", "x");
    one.put("p", "x");
    one.put("p", "x", "blok");
    one.set.apply({ set: [], remove: [KEY] });
    one.set.apply({ set: [], remove: [KEY] });
    const told = one.heard.map(({ accepted, rejected, removed }) => [accepted.length, rejected.length, removed.length]);
    expect(told).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it("shows in metrics how many are in force, stale and broken", async () => {
    const one = new Harness();
    one.put("p", "x");
    one.put("q", "y");
    one.put("p", "x", "blok");
    one.put("r", "z", "blok");
    const text = await one.registry.metrics();
    expect(text).toContain('runlog_policies{kind="AgentPolicy",state="enforced"} 1');
    expect(text).toContain('runlog_policies{kind="AgentPolicy",state="stale"} 1');
    expect(text).toContain('runlog_policies{kind="AgentPolicy",state="broken"} 1');
    expect(text).toContain("runlog_index_rules 2");
  });
});
