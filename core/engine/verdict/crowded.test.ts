import type { JsonObject, JsonValue, PolicyRule } from "#api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "../compile/compile-policy.ts";
import type { CompiledPolicy } from "../compile/compiled.ts";
import { emptyIndex } from "../rule-index/rule-index.ts";
import { inputOf, policyOf, ruleOf } from "../testing.ts";
import { decideNaively } from "./naive.fixture.ts";
import { decide, plan } from "./plan.ts";

/** Hundreds of rules for one tool and a few arguments, where the index goes by trees and sorted lists instead of walking. */
const SEED = 20_260_105;
const RULES = 240;

const number = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -40, max: 40 }).map((n) => n / 4),
);
const decimal = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.nat(99)).map(([n, f]) => `${n}.00000000000000000000${f}`);
const bound = fc.oneof(number, decimal);
const name = fc.nat(60).map((n) => `customer-${n}`);
/** Alike for more than the trie keeps, at either end. */
const needle = fc.oneof(
  fc.nat(80).map((n) => `n${n}`),
  fc.nat(9).map((n) => `${n} ${"common end of a long text ".repeat(2)}`),
  fc.nat(9).map((n) => `${"common beginning of a long text ".repeat(2)}${n}`),
  fc.constantFrom("5", "5.0", "a", "é"),
);
const interval = fc.tuple(number, fc.integer({ min: 0, max: 8 })).map(([low, length]) => [low, low + length]);

const test: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.oneof(name, number, decimal).map((eq) => ({ "args.a": { eq } })),
  fc.tuple(fc.constantFrom("gt", "gte", "lt", "lte"), bound).map(([op, at]) => ({ "args.a": { [op]: at } })),
  interval.map((between) => ({ "args.a": { between } })),
  needle.map((contains) => ({ "args.a": { contains } })),
  fc.oneof(number, fc.boolean()).map((contains) => ({ "args.a": { contains } })),
  fc.tuple(fc.nat(25), name).map(([key, eq]) => ({ [`args.k${key}`]: { eq } })),
  fc.tuple(fc.nat(25), number).map(([key, gt]) => ({ [`args.k${key}.n`]: { gt } })),
  fc.tuple(fc.nat(12), needle).map(([key, contains]) => ({ [`args.list[*].k${key}`]: { contains } })),
);
const more: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc.constant({ "args.b": { ne: 1 } }),
  fc.nat(25).map((key) => ({ [`args.k${key}`]: { exists: true } })),
);
const when = fc.tuple(test, more).map(([one, other]) => ({ tool: "x", ...other, ...one }));

const value: fc.Arbitrary<JsonValue> = fc.oneof(
  name,
  number,
  decimal,
  needle,
  fc.array(needle, { maxLength: 6 }).map((parts) => parts.join(" ")),
  fc.array(fc.oneof(needle, number, fc.boolean()), { maxLength: 5 }),
  fc.constantFrom<JsonValue>(true, null, {}, "é".repeat(70_000)),
);
const args = fc
  .record({
    a: fc.option(value, { nil: null }),
    b: fc.constantFrom<JsonValue>(1, 2),
    keys: fc.dictionary(
      fc.nat(25).map((key) => `k${key}`),
      fc.oneof(
        value,
        number.map((n) => ({ n })),
      ),
      { maxKeys: 5 },
    ),
    list: fc.array(
      fc.dictionary(
        fc.nat(12).map((key) => `k${key}`),
        value,
        { maxKeys: 3 },
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ keys, ...rest }): JsonObject => ({ ...rest, ...keys }));

function compiled(name: string, rules: readonly PolicyRule[]): CompiledPolicy {
  const { policy, diagnostics } = compilePolicy(policyOf({ rules: [...rules] }, name));
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics.find(({ severity }) => severity === "error")));
  return policy;
}

/** The rules of a policy that compile by themselves. */
function policyFrom(label: string, whens: readonly JsonObject[]): CompiledPolicy {
  const good = whens.filter((one) => compilePolicy(policyOf({ rules: [ruleOf(one)] })).policy !== undefined);
  return compiled(
    label,
    good.map((one, at) => ruleOf(one, { id: `r${at}` })),
  );
}

const policies = Array.from({ length: 6 }, (_, at) =>
  policyFrom(`p${at}`, fc.sample(when, { numRuns: RULES, seed: SEED + at })),
);

function expectEqual(
  inForce: readonly CompiledPolicy[],
  index: ReturnType<typeof emptyIndex>,
  input: ReturnType<typeof inputOf>,
): void {
  const verdict = decide(plan(index, input), new Map());
  const naive = decideNaively(inForce, input, new Map());
  expect(verdict.matchedTotal).toBe(naive.matched.length);
  const listed = verdict.matched.map(({ policy, rule, decision, reason }) => ({
    rule: `AgentPolicy/agents/${policy.name}/${rule.id}`,
    decision,
    reason,
  }));
  expect(listed).toEqual(naive.matched.slice(0, 64));
}

describe("a crowded index", () => {
  it("decides as an evaluator of every rule does, while policies come and go", () => {
    expect(policies.reduce((sum, { rules }) => sum + rules.length, 0)).toBeGreaterThan(1_000);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(policies.length - 1), { maxLength: 4 }),
        fc.array(args, { minLength: 12, maxLength: 12 }),
        (gone, reviews) => {
          const inForce = policies.filter((_, at) => !gone.includes(at));
          const index = emptyIndex()
            .with({ set: policies, remove: [] })
            .with({ set: [], remove: policies.filter((one) => !inForce.includes(one)).map(({ key }) => key) })
            .with({ set: inForce.slice(0, 1), remove: [] });
          for (const one of reviews) expectEqual(inForce, index, inputOf({ tool: "x", args: one }));
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  it("keeps nothing of policies that are gone", () => {
    const full = emptyIndex().with({ set: policies, remove: [] });
    const left = full.with({ set: [], remove: policies.map(({ key }) => key) });
    expect([left.policies, left.rules, left.unguardedRules, left.revision]).toEqual([0, 0, 0, emptyIndex().revision]);
    for (const one of fc.sample(args, { numRuns: 50, seed: SEED })) {
      expect(decide(plan(left, inputOf({ tool: "x", args: one })), new Map()).truths).toEqual([]);
    }
  });

  it("finds a rule with more values than it could stand under", () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `customer-${n}`);
    const policy = compiled("many", [ruleOf({ tool: ["x", "y"], "args.a": { in: many } })]);
    const index = emptyIndex().with({ set: [policy], remove: [] });
    for (const a of ["customer-0", "customer-999", "customer-1000", 5]) {
      expectEqual([policy], index, inputOf({ tool: "y", args: { a } }));
    }
  });
});
