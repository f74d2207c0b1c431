import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factNames } from "../catalog/facts.ts";
import { operatorNames } from "../catalog/operators.ts";
import { Findings } from "../diagnostic.ts";
import { EVERY } from "../model.ts";
import type { TestNode, WhenNode } from "./ast.ts";
import { parseFactName, printFactName, type NamedFact } from "./fact-name.ts";
import { MAX_NESTING, parseWhen } from "./parse-when.ts";
import { printWhen } from "./print-when.ts";

const plainFacts = factNames.filter((name) => name !== "args" && name !== "labels");
const text = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("__proto__", "a.b", "x", "app.kubernetes.io/name"));
const fact: fc.Arbitrary<NamedFact> = fc.oneof(
  fc.constantFrom(...plainFacts).map((name) => ({ kind: "plain", name }) as NamedFact),
  text.filter((label) => label.length > 0).map((label): NamedFact => ({ kind: "label", label })),
  fc
    .array(fc.oneof(text, fc.nat({ max: 9 }), fc.constant(EVERY)), { maxLength: 3 })
    .map((path): NamedFact => ({ kind: "args", path })),
);
const operand = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(1, "x", null, true));
const options = fc.oneof(
  fc.constant({}),
  fc.record({ per: fc.constantFrom("run", "user"), window: fc.constantFrom("1h", "5m") }, { requiredKeys: [] }),
);

function testNode(): fc.Arbitrary<TestNode> {
  return fc
    .record({ fact, operator: fc.constantFrom(...operatorNames), operand, options })
    .map(({ options: chosen, ...rest }): TestNode => {
      const counter = rest.fact.kind === "plain" && /_run|_today|_month|_window|run_/.test(rest.fact.name);
      return { kind: "test", path: [], ...rest, options: counter ? chosen : {} };
    });
}

/** Any node the parser can produce: `any` and a written-out `all` have at least one item. */
const node: fc.Arbitrary<WhenNode> = fc.letrec<{ node: WhenNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    testNode(),
    fc.record({ kind: fc.constant("cel" as const), path: fc.constant([]), source: fc.string() }),
    fc.record({
      kind: fc.constant("all" as const),
      path: fc.constant([]),
      items: fc.array(tie("node"), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant("any" as const),
      path: fc.constant([]),
      items: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("not" as const), path: fc.constant([]), item: tie("node") }),
  ),
})).node;

function withoutPaths(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPaths);
  if (typeof value !== "object" || value === null) return value;
  const isNode = "kind" in value && "path" in value;
  const entries = Object.entries(value).filter(
    ([key]) => key !== "path" || !isNode || ("kind" in value && value.kind === "args"),
  );
  return Object.fromEntries(entries.map(([key, item]) => [key, key === "operand" ? item : withoutPaths(item)]));
}

function read(when: unknown): { node: WhenNode | undefined; codes: readonly string[] } {
  const findings = new Findings();
  const parsed = parseWhen(when, [], findings);
  return { node: parsed, codes: findings.list.map(({ code }) => code) };
}

describe("when", () => {
  it("reads back what it prints", () => {
    fc.assert(
      fc.property(node, (original) => {
        const json = JSON.parse(JSON.stringify(printWhen(original))) as unknown;
        const { node: again, codes } = read(json);
        expect(codes).toEqual([]);
        expect(withoutPaths(again)).toEqual(withoutPaths(original));
      }),
      { numRuns: 1000 },
    );
  });

  it("reads back the names of facts it prints", () => {
    fc.assert(
      fc.property(fact, (original) => {
        expect(parseFactName(printFactName(original))).toEqual(original);
      }),
    );
  });

  it("prints the short forms", () => {
    for (const when of [
      {},
      { tool: "stripe.refund", "args.amount": { gt: 500 } },
      { tool: ["a", "b"] },
      { "args.amount": { gt: 5, lt: 9 }, cel: "true", not: { user: "x" } },
      { calls_in_window: { window: "1h", tool: "email.send", gt: 10 } },
      { all: [{ "args.a": { gt: 5 } }, { "args.b": 1 }, { "args.a": { lt: 9 } }] },
    ]) {
      const { node: parsed } = read(when);
      expect(parsed).toBeDefined();
      if (parsed !== undefined) expect(printWhen(parsed)).toEqual(when);
    }
  });

  it("says where each part stands", () => {
    const findings = new Findings();
    const parsed = parseWhen({ tool: "x", any: [{ "args.a": { gt: 5 } }, { tool: "y" }] }, ["spec", "when"], findings);
    expect(parsed).toMatchObject({
      items: [
        { path: ["spec", "when", "tool"] },
        {
          path: ["spec", "when", "any"],
          items: [{ path: ["spec", "when", "any", 0, "args.a", "gt"] }, { path: ["spec", "when", "any", 1, "tool"] }],
        },
      ],
    });
  });

  it.each([null, undefined, 5, "x", [], [{}]])("refuses %j as a whole", (when) => {
    expect(read(when)).toEqual({ node: undefined, codes: ["bad-condition"] });
  });

  it.each([
    { any: [] },
    { all: [] },
    { any: {} },
    { not: [] },
    { cel: 5 },
    { tool: {} },
    { calls_in_window: { window: "1h" } },
    { any: [null] },
  ])("refuses %j", (when) => {
    expect(read(when).codes).toContain("bad-condition");
  });

  it("refuses to nest or to grow without end", () => {
    let deep: object = { tool: "x" };
    for (let i = 0; i <= MAX_NESTING; i++) deep = { not: deep };
    expect(read(deep).codes).toEqual(["too-large"]);
    expect(read({ any: Array.from({ length: 600 }, (_, i) => ({ "args.a": i })) }).codes).toEqual(["too-large"]);
  });

  it("is not confused by keys of the prototype", () => {
    for (const key of ["__proto__", "constructor", "toString"]) {
      expect(read(JSON.parse(`{"${key}": 1}`)).codes).toEqual(["unknown-fact"]);
      expect(read(JSON.parse(`{"args.a": {"${key}": 1}}`)).codes).toEqual(["unknown-operator"]);
    }
  });
});
