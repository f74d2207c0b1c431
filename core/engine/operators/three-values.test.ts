import { describe, expect, it } from "vitest";
import type { JsonValue } from "#api";
import { operatorNames, type OperatorName } from "../catalog/operators.ts";
import { accepted, contextOf, truthFor } from "../testing.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import { FALSE, TRUE, UNEVALUABLE, type Truth } from "../model.ts";

interface Row {
  readonly operand: unknown;
  readonly holds: readonly JsonValue[];
  readonly fails: readonly JsonValue[];
  readonly unevaluable: readonly JsonValue[];
}

const tooLong = "x".repeat(65_537);
const notText: readonly JsonValue[] = [5, true, null, {}];

/** What api.md "Three values" says of each operator: what holds, what does not, and what cannot be judged. */
const table: Readonly<Record<OperatorName, Row>> = {
  eq: {
    operand: 5,
    holds: [5, "5", "5.0", "5e0", "05"],
    fails: [6, "x", true, null, [5], { a: 5 }, tooLong],
    unevaluable: [],
  },
  ne: { operand: 5, holds: [6, "x", true, null, [5], { a: 5 }, tooLong], fails: [5, "5.0"], unevaluable: [] },
  in: {
    operand: [5, "a", true],
    holds: [5, "5.0", "a", true],
    fails: [6, "b", false, null, [5], ["a"], {}],
    unevaluable: [],
  },
  not_in: {
    operand: [5, "a", true],
    holds: [6, "b", false, null, [5], {}],
    fails: [5, "5.0", "a", true],
    unevaluable: [],
  },
  exists: { operand: true, holds: [0, "", null, false, [], {}, tooLong], fails: [], unevaluable: [] },
  gt: {
    operand: 5,
    holds: [6, "6", "1e9", "5.0000000000000000000001"],
    fails: [5, "5", -1, "-1e9"],
    unevaluable: ["x", "", "1e999", "1".repeat(129), true, null, [6], {}],
  },
  gte: {
    operand: 5,
    holds: [5, "5.0", 6],
    fails: [4, "4.9999999999999999999"],
    unevaluable: ["x", true, null, [6], {}],
  },
  lt: { operand: 5, holds: [4, "4.9999999999999999999"], fails: [5, "5", 6], unevaluable: ["x", true, null, [4], {}] },
  lte: {
    operand: 5,
    holds: [5, "5", 4],
    fails: [6, "5.0000000000000000000001"],
    unevaluable: ["x", true, null, [4], {}],
  },
  between: { operand: [2, 5], holds: [2, 5, "3.5"], fails: [1.9, "5.1"], unevaluable: ["x", true, null, [3], {}] },
  contains: {
    operand: "b",
    holds: ["abc", ["b"], [1, "b"]],
    fails: ["xyz", ["abc"], []],
    unevaluable: [...notText, tooLong],
  },
  not_contains: {
    operand: "b",
    holds: ["xyz", ["abc"], []],
    fails: ["abc", ["b"]],
    unevaluable: [...notText, tooLong],
  },
  starts_with: {
    operand: "a",
    holds: ["abc", `a${tooLong}`],
    fails: ["ba", tooLong],
    unevaluable: [...notText, ["a"]],
  },
  ends_with: { operand: "c", holds: ["abc", `${tooLong}c`], fails: ["cb", tooLong], unevaluable: [...notText, ["c"]] },
  matches: { operand: "^a+$", holds: ["aaa"], fails: ["ab"], unevaluable: [...notText, ["a"], tooLong] },
  not_matches: { operand: "^a+$", holds: ["ab"], fails: ["aaa"], unevaluable: [...notText, ["a"], tooLong] },
  glob: { operand: "a*c", holds: ["abc", "ac"], fails: ["abcd"], unevaluable: [...notText, ["ac"], tooLong] },
  length_gt: {
    operand: 2,
    holds: ["abc", tooLong, "😀😀😀"],
    fails: ["ab", "😀😀"],
    unevaluable: [...notText, ["a", "b", "c"]],
  },
  length_lt: { operand: 2, holds: ["a", "😀"], fails: ["ab", "😀😀", tooLong], unevaluable: [...notText, []] },
  contains_pii: {
    operand: true,
    holds: ["write to jane.roe@gmail.com", { a: [{ b: "jane.roe@gmail.com" }] }, ["jane.roe@gmail.com"]],
    fails: ["hello", 5, true, null, [], {}],
    unevaluable: ["hello ".repeat(30_000)],
  },
  contains_secret: {
    operand: true,
    holds: ["-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Gm4Z9s0k2Q\n-----END RSA PRIVATE KEY-----"],
    fails: ["hello", 5, null, [], {}],
    unevaluable: ["hello ".repeat(30_000)],
  },
  host_in: {
    operand: ["example.com", "*.example.org", "10.0.0.1", "2001:db8::1"],
    holds: [
      "https://example.com/x",
      "EXAMPLE.com:443",
      "jane@example.com",
      "http://a.b.example.org",
      "10.0.0.1",
      "http://[2001:DB8:0::1]/",
      "::ffff:10.0.0.1",
    ],
    fails: ["https://example.org", "https://evilexample.com", "http://10.0.0.2"],
    unevaluable: [
      ...notText,
      "",
      "http://",
      "https://a@b@example.com",
      "https://example.com\\.evil.com",
      "https://exämple.com",
      "http://0x0a.0.0.1",
      "http://167772161",
      "http://010.0.0.1",
      "http://ex%61mple.com",
      "https:/example.com",
      "a b",
      `https://${"a".repeat(9_000)}.com`,
    ],
  },
  host_not_in: {
    operand: "example.com",
    holds: ["https://evil.com", "https://example.com@evil.com"],
    fails: ["https://example.com", "https://evil.com@example.com"],
    unevaluable: [...notText, "https://a@b@example.com", "http://2130706433"],
  },
  cidr: {
    operand: ["10.0.0.0/8", "2001:db8::/32"],
    holds: ["10.1.2.3", "http://10.255.255.255:80/x", "[2001:db8:1::2]:443", "2001:db8::", "::ffff:10.0.0.1"],
    fails: ["11.0.0.1", "example.com", "2001:db9::1"],
    unevaluable: [...notText, "http://0x0a000001", "10.1", "1.2.3.256", "2001:db8::1::2"],
  },
};

function expectTruth(when: unknown, args: Parameters<typeof truthFor>[1], expected: Truth): void {
  expect({ when, args, truth: truthFor(when, args) }).toEqual({ when, args, truth: expected });
}

const holding = { "args.yes": true };
const failing = { "args.yes": false };

/** One value under one operator, in every position. */
function expectEverywhere(operator: OperatorName, operand: unknown, value: JsonValue, plain: Truth): void {
  const test = { "args.x": { [operator]: operand } };
  const args = { x: value, yes: true, items: [{ x: value }] };
  const negated = plain === UNEVALUABLE ? UNEVALUABLE : plain === TRUE ? FALSE : TRUE;
  expectTruth(test, args, plain);
  expectTruth({ not: test }, args, negated);
  expectTruth({ any: [test, holding] }, args, TRUE);
  expectTruth({ any: [test, failing] }, args, plain);
  expectTruth({ all: [test, failing] }, args, FALSE);
  expectTruth({ all: [holding, test] }, args, plain);
  expectTruth({ "args.items[*].x": { [operator]: operand } }, args, plain);
  expectTruth({ not: { all: [test, failing] } }, args, TRUE);
}

describe.each(operatorNames)("%s", (operator) => {
  const { operand, holds, fails, unevaluable } = table[operator];

  it("holds for", () => {
    for (const value of holds) expectEverywhere(operator, operand, value, TRUE);
  });

  it("is false for", () => {
    for (const value of fails) expectEverywhere(operator, operand, value, FALSE);
  });

  it("cannot judge", () => {
    for (const value of unevaluable) expectEverywhere(operator, operand, value, UNEVALUABLE);
  });

  it("is false where the fact is absent, also the negative ones, and so is an element that lacks it", () => {
    const test = { "args.x": { [operator]: operand } };
    expectTruth(test, {}, FALSE);
    expectTruth({ not: test }, {}, TRUE);
    expectTruth({ any: [test, holding] }, { yes: true }, TRUE);
    expectTruth({ "args.items[*].x": { [operator]: operand } }, { items: [{}, 1] }, FALSE);
    expectTruth({ "args.items[*].x": { [operator]: operand } }, { items: [] }, FALSE);
    expectTruth({ "args.items[*].x": { [operator]: operand } }, {}, FALSE);
  });

  it("under [*] holds if some element does, whatever the others are", () => {
    const [good] = holds;
    const [bad] = unevaluable;
    if (good === undefined) throw new Error("each operator holds for something");
    const when = { "args.items[*]": { [operator]: operand } };
    expectTruth(when, { items: [...fails, ...unevaluable, good] }, TRUE);
    expectTruth(when, { items: [good, ...unevaluable] }, TRUE);
    if (bad !== undefined) expectTruth(when, { items: [...fails, bad, ...fails] }, UNEVALUABLE);
    if (fails.length > 0) expectTruth(when, { items: [...fails] }, FALSE);
  });

  it("is unevaluable where the fact cannot be read", () => {
    const label = { "labels.x": { [operator]: operand } };
    const counter = { cost_today: { [operator]: operand } };
    for (const when of [label, counter]) {
      let condition;
      try {
        ({ condition } = accepted(when));
      } catch {
        continue; // the operator cannot be applied to this fact
      }
      const subject = { namespace: "a", serviceAccount: "b", labels: { unreadable: "no pod" }, namespaceLabels: {} };
      const context = contextOf({ subject });
      expect(evaluateCondition(condition, context)).toBe(UNEVALUABLE);
      expect(context.why).toBe(when === label ? "labels_unreadable" : "counter_unreadable");
      expect(evaluateCondition({ kind: "not", item: condition }, context)).toBe(UNEVALUABLE);
    }
  });
});

describe("exists: false", () => {
  it("holds where nothing is", () => {
    expectTruth({ "args.x": { exists: false } }, {}, TRUE);
    expectTruth({ "args.x": { exists: false } }, { x: null }, FALSE);
    expectTruth({ not: { "args.x": { exists: false } } }, {}, FALSE);
    expectTruth({ "args.items[*].x": { exists: false } }, { items: [{ x: 1 }, {}] }, TRUE);
    expectTruth({ "args.items[*].x": { exists: false } }, { items: [{ x: 1 }] }, FALSE);
    expectTruth({ "args.items[*].x": { exists: false } }, {}, TRUE);
  });
});

describe("durations and timestamps", () => {
  it("are compared as such when the operand is one", () => {
    expectTruth({ "args.t": { gt: "90s" } }, { t: "1m31s" }, TRUE);
    expectTruth({ "args.t": { gt: "90s" } }, { t: "90s" }, FALSE);
    expectTruth({ "args.t": { gt: "90s" } }, { t: 91 }, UNEVALUABLE);
    expectTruth({ "args.t": { gte: "2026-01-01T00:00:00Z" } }, { t: "2026-01-01T01:00:00+01:00" }, TRUE);
    expectTruth({ "args.t": { gt: "2026-01-01T00:00:00Z" } }, { t: "2026-01-01T00:00:00.000000001Z" }, TRUE);
    expectTruth({ "args.t": { lt: "2026-01-01T00:00:00Z" } }, { t: "1969-12-31T23:59:59.5Z" }, TRUE);
    expectTruth({ "args.t": { lt: "2026-01-01T00:00:00Z" } }, { t: "2026-02-29T00:00:00Z" }, UNEVALUABLE);
    expectTruth({ "args.t": { between: ["1s", "1h"] } }, { t: "59m" }, TRUE);
  });
});
