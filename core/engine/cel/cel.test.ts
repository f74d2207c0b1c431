import { celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "#api";
import { accepted, compileWhen, contextOf, inputOf, truthFor } from "../testing.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import { FALSE, TRUE, UNEVALUABLE, type Truth } from "../model.ts";
import type { CelProgram } from "../compile/compiled.ts";

function truthOfCel(cel: string, args: JsonObject = {}, parts: Parameters<typeof inputOf>[0] = {}): Truth {
  return truthFor({ cel }, args, parts);
}

function programOf(cel: string): CelProgram {
  const { condition } = accepted({ cel });
  if (condition.kind !== "cel") throw new Error("expected CEL");
  return condition.program;
}

function keys(cel: string): readonly string[] {
  return programOf(cel)
    .facts.map(({ key }) => key)
    .toSorted();
}

function refusal(cel: unknown): string {
  const { diagnostics } = compileWhen({ cel });
  return diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n");
}

describe("cel", () => {
  it("looks at the same facts as conditions do", () => {
    expect(truthOfCel('tool == "database.query" && action == "tool_call" && agent_namespace == "agents"')).toBe(TRUE);
    expect(truthOfCel('user == "u-1"')).toBe(FALSE);
    expect(truthOfCel("user == null")).toBe(TRUE);
    expect(
      truthOfCel(
        'labels.team == "a" || labels["b/c"] == "d"',
        {},
        { subject: { ...inputOf().subject, labels: { "b/c": "d" } } },
      ),
    ).toBe(TRUE);
    expect(truthOfCel("time.hour == 13 && time.weekday == 1")).toBe(TRUE);
    expect(truthOfCel("cost > 0.01", {}, { cost: 10_001 })).toBe(TRUE);
    expect(truthOfCel("cost > 0.01", {}, { cost: 10_000 })).toBe(FALSE);
  });

  it("reads the counters it names", () => {
    const { condition, reads } = accepted({ cel: "cost_today > 5.0 && run_duration > 60.0" });
    expect(reads).toBe(1);
    const context = contextOf({}, { "cost|day|agent|UTC||": 5_000_001, "run_duration|run|agent|||": 60_001 });
    expect(evaluateCondition(condition, context)).toBe(TRUE);
    expect(evaluateCondition(condition, contextOf())).toBe(UNEVALUABLE);
  });

  it("lets an unreadable fact matter only where CEL does", () => {
    const { condition } = accepted({ cel: 'tool == "x" && cost_today > 5.0' });
    expect(evaluateCondition(condition, contextOf())).toBe(FALSE);
    const context = contextOf({ tool: "x" });
    expect(evaluateCondition(condition, context)).toBe(UNEVALUABLE);
    expect(context.why).toBe("counter_unreadable");
    const subject = { ...inputOf().subject, labels: { unreadable: "no pod" } };
    expect(truthOfCel('labels.a == "b"', {}, { subject })).toBe(UNEVALUABLE);
  });

  it("calculates with JSON numbers and integer literals", () => {
    expect(truthOfCel("args.n + 1 == 6 && args.n * 1.5 > 7 && 10 / args.n == 2.0 && args.n - 1 < 5", { n: 5 })).toBe(
      TRUE,
    );
    expect(truthOfCel("args.n + 1 == 6.5", { n: 5.5 })).toBe(TRUE);
    expect(truthOfCel("size(args.l) * args.n == 6.0", { n: 3, l: [1, 2] })).toBe(TRUE);
  });

  it.each<[string, JsonObject]>([
    ["args.x > 5", {}],
    ["args.a.b == 1", { a: 5 }],
    ["args.s > 5", { s: "text" }],
    ["args.x", { x: 5 }],
    ["args.l[7] == 1", { l: [] }],
    ["1 / int(args.n) == 1", { n: 0 }],
    ["args.__proto__ == 1", {}],
    ["args.constructor != null", {}],
    ['args.s.matches("a")', { s: "x".repeat(65_537) }],
  ])("cannot judge %s", (cel, args) => {
    expect(truthOfCel(cel, args)).toBe(UNEVALUABLE);
    expect(truthFor({ not: { cel } }, args)).toBe(UNEVALUABLE);
  });

  it("asks for an absent key with has()", () => {
    expect(truthOfCel("has(args.x) && args.x > 5", {})).toBe(FALSE);
    expect(truthOfCel("has(args.x) && args.x > 5", { x: 6 })).toBe(TRUE);
    // A key that is there with null is there; the other implementation below takes nested ones for missing.
    expect(truthOfCel("has(args.x) && has(args.o.y) && args.x == null", { x: null, o: { y: null } })).toBe(TRUE);
  });

  it("matches in linear time", () => {
    const text = `${"a".repeat(40)}!`;
    expect(truthOfCel('args.s.matches("^(a+)+$")', { s: text })).toBe(FALSE);
    expect(
      truthOfCel('args.l.exists(x, x.matches("^(a|aa)+$") && !args.s.matches("b"))', { s: "a", l: ["b", "aaa"] }),
    ).toBe(TRUE);
    expect(truthOfCel('args.s.matches("a\\\\.\\"b") && "x".matches("x")', { s: 'a."b' })).toBe(TRUE);
  });

  it.each([
    ["", "bad-cel"],
    ["1 +", "bad-cel"],
    ["tol == 'x'", "bad-cel"],
    ["calls_in_window > 5", "bad-cel"],
    ["time.minute == 5", "bad-cel"],
    ["1 + 2", "bad-cel"],
    ['"a" + 1 == "b"', "bad-cel"],
    [`args.a == "${"x".repeat(2_048)}"`, "bad-cel"],
    [`${"(".repeat(60)}true${")".repeat(60)} && ${"!".repeat(60)}true`, "bad-cel"],
    ["args.s.matches(args.p)", "bad-cel"],
    ['args.s.matches("(")', "bad-pattern"],
    ["[1].all(a, [1].all(b, [1].all(c, a + b + c > 0)))", "bad-cel"],
    ["args.l.exists(x, args.m.exists(y, y in args.n))", "bad-cel"],
  ])("refuses %s", (cel, code) => {
    expect(refusal(cel)).toContain(code);
  });

  it("refuses more parts than an expression may have", () => {
    expect(refusal(`${Array.from({ length: 401 }, () => "1").join("+")} == 401`)).toContain("bad-cel");
  });

  it("says how the namespace is called", () => {
    expect(refusal('namespace == "a"')).toBe("bad-cel: namespace is a reserved word of CEL: write agent_namespace");
  });

  it("suggests the variable that was meant", () => {
    expect(compileWhen({ cel: "tol == 'x'" }).diagnostics).toMatchObject([
      { suggestion: "tool", path: ["spec", "rules", 0, "when", "cel"] },
    ]);
  });

  it("does not loop over more than a review may cost", () => {
    const l = Array.from({ length: 2_000 }, (_, i) => i);
    expect(truthOfCel("args.l.exists(x, x == 1999)", { l })).toBe(TRUE);
    expect(truthOfCel("args.l.all(x, args.l.exists(y, y == x))", { l })).toBe(UNEVALUABLE);
    expect(truthOfCel("args.l.exists(x, x in args.l)", { l: l.slice(0, 100) })).toBe(TRUE);
    expect(truthOfCel("args.l.exists(x, x in args.l)", { l })).toBe(UNEVALUABLE);
    expect(truthOfCel('args.s.split("").all(x, args.s.split("").all(y, x == y))', { s: "a".repeat(2_000) })).toBe(
      UNEVALUABLE,
    );
  });

  it("knows which facts an expression names", () => {
    expect(keys('args.a.b > 1 && args["c"][0] == tool')).toEqual(["args.a.b", "args.c[0]", "tool"]);
    expect(keys("has(args.a) && args.a.b > 1")).toEqual(["args.a"]);
    expect(keys("args.l.exists(args, args > 1) && [1].all(tool, tool > 0)")).toEqual(["args.l"]);
    expect(keys("args[tool] == 1")).toEqual(["args", "tool"]);
    expect(keys("cel.bind(x, args.a, x > 1)")).toEqual(["args.a"]);
    expect(keys('"x" in labels && labels.y == "z"')).toEqual(["labels.y", 'labels[""]']);
  });

  it("may be guarded only by a fact without which it is certainly false", () => {
    const guard = (cel: string): string | undefined => programOf(cel).guard?.key;
    expect(guard('tool == "x"')).toBe("tool");
    expect(guard("has(args.a) && args.a.b > 5")).toBe("args.a");
    expect(guard('"x" in ["y", user]')).toBe("user");
    expect(guard("args.a > 5")).toBeUndefined();
    expect(guard('tool != "x"')).toBeUndefined();
    expect(guard("!has(args.a)")).toBeUndefined();
    expect(guard('tool == "x" && user == "y"')).toBeUndefined();
    expect(guard("cost_today > 5.0")).toBeUndefined();
    expect(guard('"x" in labels')).toBeUndefined();
  });
});

/** Expressions over `args` that both implementations define. */
const number = fc.oneof(
  fc.constantFrom("args.a", "args.b", "args.o.n", "double(size(args.l))", "args.l[0]"),
  fc.integer({ min: -3, max: 3 }).map((n) => `${n}.0`),
);
const string = fc.oneof(
  fc.constantFrom("args.s", "args.o.t", '"x"', '"xy"', '""'),
  fc.constantFrom('(args.s + "x")', "string(args.o.t)"),
);
const boolean: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(number, fc.constantFrom("<", "<=", ">", ">=", "==", "!="), number).map((parts) => parts.join(" ")),
    fc.tuple(string, fc.constantFrom("==", "!=", "<"), string).map((parts) => parts.join(" ")),
    fc
      .tuple(string, fc.constantFrom("startsWith", "endsWith", "contains", "matches"), fc.constantFrom("x", "y", "xy"))
      .map(([text, name, other]) => `${text}.${name}("${other}")`),
    fc.constantFrom(
      "has(args.a)",
      "has(args.missing)",
      "has(args.o.n)",
      "args.flag",
      "args.missing == 1.0",
      "args.s in ['x', 'y']",
      "args.a in args.l",
      "type(args.a) == double",
    ),
    fc
      .tuple(fc.constantFrom("exists", "all", "exists_one"), fc.constantFrom("e > 1.0", "e == args.a", "e != e"))
      .map(([name, body]) => `args.l.${name}(e, ${body})`),
    fc.tuple(tie("node"), fc.constantFrom("&&", "||"), tie("node")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie("node").map((a) => `!(${a})`),
    fc.tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
})).node;
const value: fc.Arbitrary<JsonValue> = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom("x", "xy", "", true));
const argsOf = fc
  .record(
    {
      a: value,
      b: value,
      s: value,
      flag: value,
      l: fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 }),
      o: fc.record({ n: value, t: value }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .map((args) => JSON.parse(JSON.stringify(args)) as JsonObject);

describe("cel against another implementation", () => {
  const environment = celEnv();

  it("agrees on every value it finds", () => {
    let judged = 0;
    fc.assert(
      fc.property(boolean, argsOf, (source, args) => {
        const { policy } = compileWhen({ cel: source });
        if (policy === undefined) return; // stricter about types, and says so at admission
        const ours = truthFor({ cel: source }, args);
        const theirs = plan(environment, parse(source))({ args: args as never });
        // Where ours is unevaluable the rule counts as matched, which is the safe side; a value it does find must be the same.
        if (ours === UNEVALUABLE) return;
        judged++;
        expect({ source, args, value: isCelError(theirs) ? "error" : theirs }).toEqual({
          source,
          args,
          value: ours === TRUE,
        });
      }),
      { numRuns: 1500 },
    );
    expect(judged).toBeGreaterThan(300);
  });
});
