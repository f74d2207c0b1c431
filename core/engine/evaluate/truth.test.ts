import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { JsonObject } from "#api";
import { accepted, contextOf, inputOf, truthFor } from "../testing.ts";
import { FALSE, TRUE, UNEVALUABLE, type Truth } from "../model.ts";
import { parseTimestamp } from "../operators/timestamp.ts";
import { createContext } from "./context.ts";
import { evaluateCondition } from "./truth.ts";

type When = { [key: string]: unknown };

/** One argument for each truth value: a number above the limit, one below, a text that is none. */
const args: JsonObject = { t: 9, f: 1, u: "nine" };
const leaf = fc.constantFrom("t", "f", "u", "absent").map((name): When => ({ [`args.${name}`]: { gt: 5 } }));
const tree: fc.Arbitrary<When> = fc.letrec<{ when: When }>((tie) => ({
  when: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("when"), { minLength: 1, maxLength: 4 }).map((all): When => ({ all })),
    fc.array(tie("when"), { minLength: 1, maxLength: 4 }).map((any): When => ({ any })),
    tie("when").map((not): When => ({ not })),
  ),
})).when;

const leaves: Readonly<Record<string, Truth>> = {
  "args.t": TRUE,
  "args.f": FALSE,
  "args.u": UNEVALUABLE,
  "args.absent": FALSE,
};

/** Kleene's tables, without any short cut: false < unevaluable < true, `all` is the least, `any` the greatest. */
function rank(truth: Truth): number {
  return truth === FALSE ? 0 : truth === UNEVALUABLE ? 1 : 2;
}
const byRank = [FALSE, UNEVALUABLE, TRUE] as const;

function kleene(when: When): Truth {
  const [entry] = Object.entries(when);
  if (entry === undefined) return TRUE;
  const [key, value] = entry;
  if (key === "not") return byRank[2 - rank(kleene(value as When))] ?? FALSE;
  if (key !== "all" && key !== "any") return leaves[key] ?? FALSE;
  const ranks = (value as When[]).map((item) => rank(kleene(item)));
  return byRank[key === "all" ? Math.min(...ranks) : Math.max(...ranks)] ?? FALSE;
}

function reversed(when: When): When {
  return Object.fromEntries(
    Object.entries(when).map(([key, value]) => {
      if (key === "not") return [key, reversed(value as When)];
      return [key, Array.isArray(value) ? (value as When[]).toReversed().map(reversed) : value];
    }),
  );
}

describe("evaluation", () => {
  it("combines as Kleene does, in whatever order", () => {
    fc.assert(
      fc.property(tree, (when) => {
        let condition;
        try {
          ({ condition } = accepted(when));
        } catch (error) {
          expect(String(error)).toMatch(/contradiction|unreachable/);
          return;
        }
        expect(evaluateCondition(condition, contextOf({ args }))).toBe(kleene(when));
        expect(evaluateCondition(accepted(reversed(when)).condition, contextOf({ args }))).toBe(kleene(when));
      }),
      { numRuns: 500 },
    );
  });

  it("names the reason of an unevaluable answer, and not that of a part which did not matter", () => {
    const context = contextOf({ args });
    const settled = { any: [{ "args.u": { gt: 5 } }, { "args.t": { gt: 5 } }] };
    const { condition } = accepted({ all: [settled, { "args.u": { starts_with: "x", length_gt: 1 } }] });
    expect(evaluateCondition(condition, context)).toBe(FALSE);
    expect(context.why).toBe("");
    const long = contextOf({ args: { ...args, long: "x".repeat(70_000) } });
    expect(evaluateCondition(accepted({ all: [settled, { "args.long": { contains: "y" } }] }).condition, long)).toBe(
      UNEVALUABLE,
    );
    expect([long.why, long.whyFact]).toEqual(["too_large", "args.long"]);
  });

  it("scans the same value for the same thing once a review", () => {
    const interner = accepted({ "args.q": { matches: "a+" } }).condition;
    if (interner.kind !== "test") throw new Error("expected a test");
    const pattern = interner.operand as { compiled: { test: (text: string) => boolean } };
    const test = vi.spyOn(pattern.compiled, "test");
    const context = contextOf({ args: { q: "aaa" } });
    evaluateCondition(interner, context);
    evaluateCondition({ kind: "not", item: interner }, context);
    expect(test).toHaveBeenCalledTimes(1);
    evaluateCondition(interner, contextOf({ args: { q: "aaa" } }));
    expect(test).toHaveBeenCalledTimes(2);
  });

  it("has no tool but in a tool call", () => {
    expect(truthFor({ tool: "database.*" }, {})).toBe(TRUE);
    expect(truthFor({ tool: "database.*" }, {}, { action: "message" })).toBe(FALSE);
  });

  it("reads who asks from the identity", () => {
    expect(truthFor({ namespace: "agents", service_account: "support", "labels.team": { exists: false } }, {})).toBe(
      TRUE,
    );
    expect(truthFor({ user: "u-1" }, {})).toBe(FALSE);
    expect(truthFor({ user: "u-1" }, {}, { user: "u-1" })).toBe(TRUE);
    expect(truthFor({ "labels.toString": { exists: true } }, {})).toBe(FALSE);
  });

  it("cannot judge a cost that is not known", () => {
    expect(truthFor({ cost: { gt: "0.01" } }, {}, { cost: { unreadable: "no price" } })).toBe(UNEVALUABLE);
    expect(truthFor({ cost: { gt: "0.01" } }, {}, { cost: 10_001 })).toBe(TRUE);
    expect(truthFor({ cost: { gt: "0.01" } }, {}, { cost: 10_000 })).toBe(FALSE);
  });

  it("cannot judge a user's counter without a user", () => {
    const { condition } = accepted({ cost_today: { gt: 1, per: "user" } });
    const context = contextOf({}, { "cost|day|user|UTC||": 5_000_000 });
    expect(evaluateCondition(condition, context)).toBe(UNEVALUABLE);
    expect(context.why).toBe("no_user");
    expect(evaluateCondition(condition, contextOf({ user: "u-1" }, { "cost|day|user|UTC||": 5_000_000 }))).toBe(TRUE);
  });

  it("includes this action in the denials once it is denied", () => {
    const { condition } = accepted({ denials_in_run: { gte: 3 } });
    const context = createContext(inputOf(), new Map([["denials|run|agent|||", 2]]));
    expect(evaluateCondition(condition, context)).toBe(FALSE);
    context.extraDenials = 1;
    expect(evaluateCondition(condition, context)).toBe(TRUE);
  });

  it("knows the hour and the weekday of the policy's zone, also when clocks change", () => {
    const at = (iso: string): number => Number(parseTimestamp(iso)) / 1e6;
    const inBerlin = (when: object, now: number): Truth =>
      evaluateCondition(accepted(when, { timezone: "Europe/Berlin" }).condition, contextOf({ now }));
    expect(inBerlin({ "time.hour": 1, "time.weekday": 7 }, at("2026-03-29T00:59:59Z"))).toBe(TRUE);
    expect(inBerlin({ "time.hour": 3, "time.weekday": 7 }, at("2026-03-29T01:00:00Z"))).toBe(TRUE);
    expect(inBerlin({ "time.hour": 0, "time.weekday": 1 }, at("2026-01-04T23:00:00Z"))).toBe(TRUE);
    expect(inBerlin({ "time.hour": 23, "time.weekday": 7 }, at("2026-01-04T22:59:59Z"))).toBe(TRUE);
  });
});
