import type { CounterReading } from "#api";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { READS_COUNTER, type CompiledPolicy } from "../compile/compiled.ts";
import { factsOf } from "../compile/rule.ts";
import { FALSE, TRUE, type CounterReadings, type Match, type Plan, type ReviewInput, type Verdict } from "../model.ts";
import { Bucket } from "../rule-index/bucket.ts";
import { EqualityShelf } from "../rule-index/equality-shelf.ts";
import { FactTable } from "../rule-index/fact-table.ts";
import { IntervalRules } from "../rule-index/interval-rules.ts";
import { limitsOf } from "../rule-index/limits.ts";
import { NeedleShelf } from "../rule-index/needle-shelf.ts";
import { emptyIndex, type RuleIndex } from "../rule-index/rule-index.ts";
import { ScopeIndex } from "../rule-index/scope-index.ts";
import { ThresholdShelf } from "../rule-index/threshold-shelf.ts";
import { decideNaively, nameOf } from "./naive.fixture.ts";
import { decide, plan } from "./plan.ts";
import { drawPolicies } from "./random-policies.fixture.ts";
import { readingsArbitrary, reviewArbitrary } from "./random-reviews.fixture.ts";

const SEED = 20_260_105;
const ROUNDS = 700;
const REVIEWS = 30;
const LISTED = 64;

const policies = drawPolicies(900, SEED);
const reviews = fc.sample(reviewArbitrary, { numRuns: 4_000, seed: SEED });
const readings = fc.sample(readingsArbitrary, { numRuns: 200, seed: SEED });

/** Positions in the three lists above; small numbers, so that a failure shrinks to few policies and one review. */
const round = fc.record({
  held: fc.uniqueArray(fc.nat(policies.length - 1), { minLength: 1, maxLength: 30 }),
  gone: fc.array(fc.nat(policies.length - 1), { maxLength: 10 }),
  asked: fc.array(fc.tuple(fc.nat(reviews.length - 1), fc.nat(readings.length - 1)), {
    minLength: REVIEWS,
    maxLength: REVIEWS,
  }),
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`there is no item ${index}`);
  return item;
}

/** The index after other policies came and went, and some were set twice. */
function indexOf({ held, gone }: Round): { index: RuleIndex; inForce: readonly CompiledPolicy[] } {
  const inForce = held.map((index) => at(policies, index));
  const others = gone.map((index) => at(policies, index)).filter((policy) => !inForce.includes(policy));
  const half = inForce.slice(0, Math.ceil(inForce.length / 2));
  const index = emptyIndex()
    .with({ set: [...others, ...half], remove: [] })
    .with({ set: inForce, remove: others.map(({ key }) => key) });
  return { index, inForce };
}

/** The same readings for the same counter, whether the plan asked for it or not. */
function readAll(values: readonly (CounterReading | undefined)[]): CounterReadings {
  const keys = new Set<string>();
  for (const { rules } of policies) {
    for (const rule of rules)
      for (const fact of factsOf(rule.condition)) if (fact.kind === "counter") keys.add(fact.key);
  }
  const entries = [...keys].sort().map((key, place) => [key, values[place % values.length]] as const);
  return new Map(entries.filter((entry): entry is [string, CounterReading] => entry[1] !== undefined));
}
const allReadings = readings.map(readAll);

function asked(planned: Plan, all: CounterReadings): CounterReadings {
  const wanted = new Set(planned.counters.map(({ key }) => key));
  return new Map([...all].filter(([key]) => wanted.has(key)));
}

function shown(matches: readonly Match[]): unknown {
  return matches.map(({ policy, rule, decision, reason }) => ({
    rule: `${policy.kind}/${policy.namespace ?? ""}/${policy.name}/${rule.id}`,
    decision,
    reason,
  }));
}

/** What a verdict says, in the words of the naive one. */
function comparable(verdict: Verdict): unknown {
  return {
    decision: verdict.decision,
    winner: verdict.winner === undefined ? undefined : (shown([verdict.winner]) as unknown[])[0],
    matched: shown(verdict.matched),
    matchedTotal: verdict.matchedTotal,
    audit: shown(verdict.audit),
    auditTotal: verdict.auditTotal,
    asking: verdict.asking.map(
      ({ policy, rule }) => `${policy.kind}/${policy.namespace ?? ""}/${policy.name}/${rule.id}`,
    ),
    modifying: verdict.modifications.map(
      ({ match: { policy, rule } }) => `${policy.kind}/${policy.namespace ?? ""}/${policy.name}/${rule.id}`,
    ),
    policiesEvaluated: verdict.policiesEvaluated,
    terminatesTree: verdict.terminatesTree,
  };
}

function expected(
  inForce: readonly CompiledPolicy[],
  input: ReviewInput,
  all: CounterReadings,
): { verdict: unknown; truths: ReadonlyMap<string, number> } {
  const { truths, matched, audit, ...rest } = decideNaively(inForce, input, all);
  const verdict = {
    ...rest,
    matched: matched.slice(0, LISTED),
    matchedTotal: matched.length,
    audit: audit.slice(0, LISTED),
    auditTotal: audit.length,
  };
  return { verdict, truths };
}

/** Whether any review of the round gets another verdict than the naive evaluator gives. */
function differs(drawn: Round): boolean {
  const { index, inForce } = indexOf(drawn);
  return drawn.asked.some(([review, reading]) => {
    const input = at(reviews, review);
    const all = at(allReadings, reading);
    const planned = plan(index, input);
    const verdict = comparable(decide(planned, asked(planned, all)));
    return JSON.stringify(sortedKeys(verdict)) !== JSON.stringify(sortedKeys(expected(inForce, input, all).verdict));
  });
}

function sortedKeys(value: unknown): unknown {
  return Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe("the index decides as an evaluator of every rule does", () => {
  it("has enough to draw from", () => {
    expect(policies.length).toBeGreaterThan(400);
  });

  it(`in ${ROUNDS * REVIEWS} random cases`, () => {
    fc.assert(
      fc.property(round, (drawn) => {
        const { index, inForce } = indexOf(drawn);
        expect(index.policies).toBe(inForce.length);
        for (const [review, reading] of drawn.asked) {
          const input = at(reviews, review);
          const all = at(allReadings, reading);
          const planned = plan(index, input);
          const verdict = decide(planned, asked(planned, all));
          const naive = expected(inForce, input, all);
          expect(comparable(verdict)).toEqual(naive.verdict);
          for (const { rule, truth } of verdict.truths) expect(naive.truths.get(rule)).toBe(truth);
          const held = [...naive.truths.values()].filter((truth) => truth !== FALSE).length;
          expect(verdict.truths.filter(({ truth }) => truth !== FALSE)).toHaveLength(Math.min(held, LISTED));
        }
      }),
      { seed: SEED, numRuns: ROUNDS },
    );
  });

  it("and gives the same verdict again for the same plan", () => {
    fc.assert(
      fc.property(round, (drawn) => {
        const { index, inForce } = indexOf(drawn);
        for (const [review, reading] of drawn.asked) {
          const input = at(reviews, review);
          const planned = plan(index, input);
          decide(planned, new Map());
          const all = at(allReadings, reading);
          expect(comparable(decide(planned, asked(planned, all)))).toEqual(expected(inForce, input, all).verdict);
        }
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it("limits keep every rule false that they are for", () => {
    let held = 0;
    fc.assert(
      fc.property(round, (drawn) => {
        const { index, inForce } = indexOf(drawn);
        const limited = inForce.flatMap(({ rules }) => rules.filter((rule) => limitsOf(rule).length > 0)).map(nameOf);
        for (const [review, reading] of drawn.asked) {
          const input = at(reviews, review);
          const all = at(allReadings, reading);
          const planned = plan(index, input);
          const within = planned.limits.every(({ counter, limit }) => {
            const value = all.get(counter.key);
            const nobody = counter.per === "user" && input.user === undefined;
            return typeof value === "number" && value <= limit && !nobody;
          });
          if (!within || planned.limits.length === 0) continue;
          const { truths } = decideNaively(inForce, input, all);
          for (const rule of limited) expect(truths.get(rule) ?? FALSE).toBe(FALSE);
          held++;
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
    expect(held).toBeGreaterThan(50);
  });

  it("knows beforehand what rules without counters refuse, and asks for every counter that decides", () => {
    fc.assert(
      fc.property(round, (drawn) => {
        const { index, inForce } = indexOf(drawn);
        for (const [review] of drawn.asked) {
          const input = at(reviews, review);
          const planned = plan(index, input);
          const uncounted = inForce.map((policy) => ({
            ...policy,
            rules: policy.rules.filter(({ reads }) => (reads & READS_COUNTER) === 0),
          }));
          const { decision } = decideNaively(uncounted, input, new Map());
          expect(planned.refusedAlready).toBe(["deny", "terminate", "require_approval"].includes(decision));
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});

describe("each list that is visited in full is needed: without it, some verdict is wrong", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  function isWrong(): boolean {
    return fc.sample(round, { numRuns: ROUNDS, seed: SEED }).some(differs);
  }
  const nothing = (): void => undefined;

  it("and with all of them, none is", () => {
    expect(fc.sample(round, { numRuns: 50, seed: SEED }).some(differs)).toBe(false);
  });

  it("a value of another type, or unreadable, under thresholds", () => {
    vi.spyOn(ThresholdShelf.prototype, "visitAll").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it("the same under intervals", () => {
    vi.spyOn(IntervalRules.prototype, "visitAll").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it("a value of another type under thresholds that nothing else decides", () => {
    vi.spyOn(ThresholdShelf.prototype, "visitUnsure").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it.each(["lower", "upper"] as const)("an unreadable fact under %s bounds", (left) => {
    vi.spyOn(ThresholdShelf.prototype, "visitAll").mockImplementation(function (this: ThresholdShelf, found) {
      for (const bounds of [this.sole, this.mixed]) {
        const rules = left === "lower" ? bounds.upper : bounds.lower;
        rules.visit(0, rules.keys.length, found);
      }
      this.intervals.visitAll(found);
    });
    expect(isWrong()).toBe(true);
  });

  it("a text that is too long to search, or no text, under contains", () => {
    vi.spyOn(NeedleShelf.prototype, "visitAll").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it("a text under contains with a number", () => {
    vi.spyOn(NeedleShelf.prototype, "visitOthers").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it("an unreadable fact under equality", () => {
    vi.spyOn(EqualityShelf.prototype, "visitAll").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it("an unreadable fact under every guard", () => {
    vi.spyOn(FactTable.prototype, "visitUnreadable").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it.each(["equality", "thresholds", "needles", "presence"] as const)("an unreadable fact under %s alone", (left) => {
    vi.spyOn(FactTable.prototype, "visitUnreadable").mockImplementation(function (this: FactTable, found) {
      if (left !== "equality") this.equality.visitAll(found);
      if (left !== "thresholds") for (const shelf of this.thresholds) shelf.visitAll(found);
      if (left !== "needles") this.needles.visitAll(found);
      if (left !== "presence") found.addAll(this.presence);
    });
    expect(isWrong()).toBe(true);
  });

  it("a tool's name that is too long to search under patterns", () => {
    vi.spyOn(ScopeIndex.prototype, "collectPatterns").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });

  it("rules without a guard", () => {
    vi.spyOn(Bucket.prototype, "visitEvery").mockImplementation(nothing);
    expect(isWrong()).toBe(true);
  });
});

it("draws cases in which rules are true and unevaluable", () => {
  const drawn = fc.sample(round, { numRuns: 20, seed: SEED });
  const verdicts = drawn.flatMap((one) => {
    const { index } = indexOf(one);
    return one.asked.map(([review]) => decide(plan(index, at(reviews, review)), new Map()));
  });
  const truths = verdicts.flatMap((verdict) => verdict.truths.map(({ truth }) => truth));
  expect(truths.filter((truth) => truth === TRUE).length).toBeGreaterThan(200);
  expect(new Set(truths).size).toBe(3);
});
