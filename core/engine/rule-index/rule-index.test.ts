import { describe, expect, it } from "vitest";
import { compilePolicy } from "../compile/compile-policy.ts";
import type { CompiledPolicy } from "../compile/compiled.ts";
import type { Labels } from "../model.ts";
import { inputOf, policyOf, ruleOf } from "../testing.ts";
import { decide, plan } from "../verdict/plan.ts";
import { emptyIndex, type RuleIndex } from "./rule-index.ts";

function policyNamed(
  name: string,
  when: unknown,
  extra: { generation?: number; uid?: string; selector?: object } = {},
): CompiledPolicy {
  const resource = policyOf(
    { rules: [ruleOf(when)], ...(extra.selector === undefined ? {} : { selector: extra.selector }) },
    name,
  );
  const metadata = { ...resource.metadata, generation: extra.generation ?? 1, uid: extra.uid ?? `uid-${name}` };
  const { policy, diagnostics } = compilePolicy({ ...resource, metadata } as typeof resource);
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
  return policy;
}

function isDenied(index: RuleIndex, tool: string): boolean {
  return decide(plan(index, inputOf({ tool })), new Map()).decision === "deny";
}

function evaluated(index: RuleIndex, labels: Labels): number {
  const subject = { namespace: "agents", serviceAccount: "support", labels, namespaceLabels: {} };
  return decide(plan(index, inputOf({ subject })), new Map()).policiesEvaluated;
}

const a = policyNamed("a", { tool: "x" });
const b = policyNamed("b", { tool: "y*" });

describe("an index", () => {
  it("stays as it is when another is made from it", () => {
    const old = emptyIndex().with({ set: [a, b], remove: [] });
    const { revision } = old;
    const changed = old.with({ set: [policyNamed("a", { tool: "z" }, { generation: 2 })], remove: [b.key] });
    expect([old.revision, old.policies, old.rules]).toEqual([revision, 2, 2]);
    expect([isDenied(old, "x"), isDenied(old, "y1"), isDenied(old, "z")]).toEqual([true, true, false]);
    expect([isDenied(changed, "x"), isDenied(changed, "y1"), isDenied(changed, "z")]).toEqual([false, false, true]);
    expect([changed.policies, changed.rules]).toEqual([1, 1]);
  });

  it("answers a review that began before with the revision it began with", () => {
    const old = emptyIndex().with({ set: [a], remove: [] });
    const begun = plan(old, inputOf({ tool: "x" }));
    old.with({ set: [], remove: [a.key] });
    expect(decide(begun, new Map())).toMatchObject({ decision: "deny", revision: old.revision });
  });

  it("has the same revision for the same policies, however it came to them", () => {
    const one = emptyIndex().with({ set: [a, b], remove: [] });
    const other = emptyIndex()
      .with({ set: [b], remove: [] })
      .with({ set: [policyNamed("c", {}), a], remove: [] })
      .with({ set: [], remove: [policyNamed("c", {}).key] });
    expect(other.revision).toBe(one.revision);
    expect(one.with({ set: [], remove: [a.key, b.key] }).revision).toBe(emptyIndex().revision);
  });

  it("has another revision for another generation, and for other content where there is no uid", () => {
    const revision = (policy: CompiledPolicy): string => emptyIndex().with({ set: [policy], remove: [] }).revision;
    expect(revision(policyNamed("a", { tool: "x" }, { generation: 2 }))).not.toBe(revision(a));
    const fromFile = policyNamed("a", { tool: "x" }, { uid: "" });
    expect(revision(policyNamed("a", { tool: "y" }, { uid: "" }))).not.toBe(revision(fromFile));
    expect(revision(policyNamed("a", { tool: "x" }, { uid: "" }))).toBe(revision(fromFile));
  });

  it("is itself when nothing changes", () => {
    const index = emptyIndex().with({ set: [a], remove: [] });
    expect(index.with({ set: [], remove: ["AgentPolicy/agents/unknown"] })).toBe(index);
  });

  it("counts rules that every review has to evaluate", () => {
    const set = [
      policyNamed("guarded", { tool: "x", "args.a": { ne: 1 } }),
      policyNamed("negative", { "args.a": { ne: 1 } }),
      policyNamed("all", {}),
      policyNamed("half", { any: [{ "args.a": 1 }, { "args.b": { ne: 1 } }] }),
      policyNamed("present", { "args.a": { matches: "x" } }),
    ];
    const index = emptyIndex().with({ set, remove: [] });
    expect(index.unguardedRules).toBe(3);
    expect(index.with({ set: [], remove: set.map(({ key }) => key) }).unguardedRules).toBe(0);
  });

  it("counts the policies that are meant for a subject, and those it cannot tell of", () => {
    const selector = { matchLabels: { team: "payments" } };
    const set = [a, policyNamed("s1", {}, { selector }), policyNamed("s2", { tool: "q" }, { selector })];
    const index = emptyIndex().with({ set, remove: [] });
    const payments = { team: "payments" };
    expect([evaluated(index, payments), evaluated(index, payments), evaluated(index, {})]).toEqual([3, 3, 1]);
    expect(evaluated(index, { unreadable: "the pod is gone" })).toBe(3);
    expect(evaluated(index.with({ set: [], remove: ["AgentPolicy/agents/s2"] }), payments)).toBe(2);
  });

  it("takes no index and no plan but its own", () => {
    expect(() => plan({ ...emptyIndex() } as RuleIndex, inputOf())).toThrow(TypeError);
    expect(() => decide({ counters: [], limits: [], refusedAlready: false }, new Map())).toThrow(TypeError);
  });
});
