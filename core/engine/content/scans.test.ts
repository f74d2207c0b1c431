import { describe, expect, it } from "vitest";
import type { JsonObject, PolicyRule, PolicySpec } from "#api";
import { compilePolicy } from "../compile/compile-policy.ts";
import { createInterner, type Interner } from "../compile/interner.ts";
import type { Detector } from "../detect/index.ts";
import { ReviewMemory } from "../evaluate/review-memory.ts";
import { applyModify } from "../modify/apply.ts";
import { emptyIndex, type RuleIndex } from "../rule-index/rule-index.ts";
import { inputOf, policyOf, ruleOf } from "../testing.ts";
import { decide, plan } from "../verdict/plan.ts";
import { findingsOf } from "./findings.ts";

/** How often a value was looked at for the first finding, and for all. Keys, which findings name, are not counted. */
interface Counts {
  any: number;
  all: number;
}

/** An interner whose detectors count how often they are asked. */
function counting(): { interner: Interner; counts: Counts; detectors: Detector[] } {
  const inner = createInterner();
  const counts = { any: 0, all: 0 };
  const detectors: Detector[] = [];
  const counted = (detector: Detector): Detector => ({
    family: detector.family,
    any: (...given) => (given[0] !== "query" && counts.any++, detector.any(...given)),
    findAll: (...given) => (counts.all++, detector.findAll(...given)),
  });
  const interner: Interner = {
    share<T extends object>(kind: string, key: string, make: () => T): T {
      if (kind !== "detector") return inner.share(kind, key, make);
      return inner.share(kind, key, () => {
        const detector = counted(make() as unknown as Detector);
        detectors.push(detector);
        return detector as unknown as T;
      });
    },
  };
  return { interner, counts, detectors };
}

function indexOf(specs: readonly Partial<PolicySpec>[], interner: Interner): RuleIndex {
  const set = specs.map((spec, i) => {
    const { policy, diagnostics } = compilePolicy(policyOf(spec, `p${i}`), { interner });
    if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
    return policy;
  });
  return emptyIndex().with({ set, remove: [] });
}

const many = (when: unknown, rest: Partial<PolicyRule> = {}): PolicyRule[] =>
  Array.from({ length: 100 }, (_, i) => ruleOf(when, { id: `r${i}`, ...rest }));

function review(specs: readonly Partial<PolicySpec>[], args: JsonObject) {
  const { interner, counts, detectors } = counting();
  const index = indexOf(specs, interner);
  const memory = new ReviewMemory();
  const input = inputOf({ args, memory });
  const planned = plan(index, input);
  const verdict = decide(planned, new Map(planned.counters.map((counter) => [counter.key, 1])));
  return { verdict, input, memory, counts, detectors };
}

describe("a value is scanned once a review", () => {
  const rules = many({ "args.query": { contains_pii: true } });

  it("however many rules of however many policies ask", () => {
    const clean = review([{ rules }, { rules }, { blockPII: false, rules }], { query: "SELECT 1" });
    expect(clean.detectors).toHaveLength(1);
    expect(clean.counts).toEqual({ any: 1, all: 0 });
    const found = review([{ rules }, { rules }], { query: "jane@corp.com" });
    expect(found.verdict.matchedTotal).toBe(200);
    expect(found.counts).toEqual({ any: 1, all: 0 });
  });

  it("also by rules that wait for a counter, and when the second half is asked again", () => {
    const counted = many({ "args.query": { contains_pii: true }, tool_calls_in_run: { gte: 1 } });
    const { verdict, counts } = review([{ rules }, { rules: counted }], { query: "jane@corp.com" });
    expect(verdict.matchedTotal).toBe(200);
    expect(counts).toEqual({ any: 1, all: 0 });
  });

  it("with its own entities once more, and equal ones of two policies are the same", () => {
    const detection = { entities: [{ name: "BADGE_ID", patterns: ["B-[0-9]{6}"] }], allow: ["x"] };
    const own = review([{ rules }, { rules, detection }, { rules, detection: structuredClone(detection) }], {
      query: "SELECT 1",
    });
    expect(own.detectors).toHaveLength(2);
    expect(own.counts).toEqual({ any: 2, all: 0 });
    const unrelated = many({ "args.query": { contains_pii: ["US_SSN"] } });
    const entities = [{ name: "BADGE_ID", patterns: ["B-[0-9]{6}"] }];
    expect(review([{ rules: unrelated }, { rules: unrelated, detection: { entities } }], {}).detectors).toHaveLength(1);
  });

  it("findings and redaction share one full list, and a clean value needs none", () => {
    const redacting = many(
      { "args.query": { contains_pii: true } },
      {
        action: "modify",
        modify: [{ redact: "args.query" }],
      },
    );
    const { verdict, input, memory, counts } = review([{ rules: redacting }], { query: "jane@corp.com", n: 1 });
    expect(findingsOf(verdict, input)).toHaveLength(1);
    expect(counts).toEqual({ any: 1, all: 1 });
    let { args } = input;
    for (const { operations } of verdict.modifications) {
      const result = applyModify(operations, args, memory);
      if ("error" in result) throw new Error(result.error);
      args = result.args;
    }
    expect(args).toEqual({ query: "<EMAIL_ADDRESS>", n: 1 });
    // Once more over the result, which must be clean.
    expect(counts).toEqual({ any: 1, all: 2 });
  });

  it("a value that was found clean is not scanned again to be redacted", () => {
    const watched = ruleOf({ not: { "args.query": { contains_pii: true } }, tool: "*" });
    const redacting = { ...watched, id: "m", action: "modify" as const, modify: [{ redact: "args.query" }] };
    const { verdict, input, memory, counts } = review([{ rules: [watched, redacting] }], { query: "SELECT 1" });
    expect(findingsOf(verdict, input)).toEqual([]);
    const [{ operations } = { operations: [] }] = verdict.modifications;
    expect(operations).toHaveLength(1);
    expect(applyModify(operations, input.args, memory)).toEqual({ args: input.args, changed: false });
    expect(counts).toEqual({ any: 1, all: 0 });
  });

  it("nothing is scanned for findings where no matched rule looked at content", () => {
    const { verdict, input, counts } = review(
      [{ rules: [ruleOf({ any: [{ tool: "database.query" }, { "args.query": { contains_pii: true } }] })] }],
      { query: "jane@corp.com" },
    );
    expect(verdict.matchedTotal).toBe(1);
    expect(findingsOf(verdict, input)).toEqual([]);
    expect(counts).toEqual({ any: 0, all: 0 });
  });
});
