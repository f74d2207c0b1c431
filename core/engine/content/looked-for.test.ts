import { describe, expect, it } from "vitest";
import type { JsonObject, PolicyRule, PolicySpec } from "#api";
import { compilePolicy } from "../compile/compile-policy.ts";
import { emptyIndex } from "../rule-index/rule-index.ts";
import { inputOf, policyOf, ruleOf } from "../testing.ts";
import { decide, plan } from "../verdict/plan.ts";
import { maskLookedFor } from "./looked-for.ts";

const detection = {
  entities: [
    { name: "BADGE_ID", patterns: ["B-[0-9]{6}"] },
    { name: "TOKEN", family: "secret" as const, patterns: ["int_[a-z]{6}"] },
  ],
};

function masked(rules: readonly PolicyRule[], args: JsonObject, rest: Partial<PolicySpec> = {}): readonly JsonObject[] {
  const { policy, diagnostics } = compilePolicy(policyOf({ detection, ...rest, rules: [...rules] }));
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
  const before = structuredClone(args);
  const verdict = decide(plan(emptyIndex().with({ set: [policy], remove: [] }), inputOf({ args })), new Map());
  const result = (["secret", "pii"] as const).map((family) => maskLookedFor(verdict, args, family));
  expect(args).toEqual(before);
  return result;
}

describe("what matched rules look for", () => {
  const args = { a: "B-123456 int_secret", items: [{ b: "B-654321" }, { b: 7 }], c: "B-111111" };

  it("is masked where they look, by family", () => {
    const rules = [
      ruleOf({ "args.a": { contains_pii: ["BADGE_ID"] } }),
      ruleOf({ "args.a": { contains_secret: true } }, { id: "s" }),
      ruleOf({ "args.items[*].b": { contains_pii: true } }, { id: "i" }),
    ];
    const [secret, personal] = masked(rules, args);
    expect(secret).toEqual({ ...args, a: "B-123456 <TOKEN>" });
    expect(personal).toEqual({ ...args, a: "<BADGE_ID> int_secret", items: [{ b: "<BADGE_ID>" }, { b: 7 }] });
  });

  it("is masked everywhere when they look everywhere, also for audit", () => {
    const [, personal] = masked([ruleOf({ args: { contains_pii: true } })], args, { mode: "Audit" });
    expect(JSON.stringify(personal)).not.toMatch(/B-\d/);
  });

  it("is left as it is where no rule matched", () => {
    const [, personal] = masked([ruleOf({ tool: "other", args: { contains_pii: true } })], args);
    expect(personal).toBe(args);
  });

  it("is not shown where it cannot be scanned whole", () => {
    const long = { a: `${"word ".repeat(60_000)}` };
    expect(masked([ruleOf({ "args.a": { contains_pii: true } })], long)[1]?.["a"]).toContain("not shown");
    expect(Object.keys(masked([ruleOf({ args: { contains_pii: true } })], long)[1] ?? {})).toEqual(["…"]);
  });
});
