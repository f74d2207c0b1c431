import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH, parseStrictJson } from "./json.ts";
import { refusal } from "./testing.ts";

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

function holdsUnsafeInteger(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnsafeInteger);
}

describe("parseStrictJson", () => {
  it("returns what JSON.parse returns on clean input, however it is spaced", () => {
    const indents = fc.constantFrom("", " ", "\t", 2);
    fc.assert(
      fc.property(fc.json({ maxDepth: 5, stringUnit: "grapheme" }), indents, (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        if (holdsUnsafeInteger(JSON.parse(text))) {
          expect(refusal(() => parseStrictJson(spaced)).code).toBe("RL_INEXACT_NUMBER");
        } else expect(parseStrictJson(spaced)).toStrictEqual(JSON.parse(spaced));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['{"a":1,"a":2}', '"a"'],
    ['{"a" :1,"a":2}', '"a"'],
    ['{"a"\n:1,"b":"\\":","a":2}', '"a"'],
    ['{"x":[{"k":{"a":1,"b":2,"a":3}}]}', '"a"'],
    ['{"\\u0061":1,"a":2}', '"a"'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__"'],
    ['{"":1,"":2}', '""'],
    ['{"a":":","b":"\\":1","a":"x"}', '"a"'],
  ])("refuses the key that stands twice in %s", (text, key) => {
    const error = refusal(() => parseStrictJson(text));
    expect(error.code).toBe("RL_DUPLICATE_KEY");
    expect(error.message).toContain(key);
  });

  it("finds every duplicate, whatever the strings and spaces around it look like", () => {
    const part = fc.constantFrom('":', '" :', ":", '"', "\\", "a", " ", '\\":1,', "é", "\u{1f600}");
    const name = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""));
    const space = fc.constantFrom("", " ", "\n", "\t ");
    const member = fc.tuple(name, name, space);
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), (members) => {
        const text = `{${members.map(([key, value, gap]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(value)}`).join(",")}}`;
        const keys = members.map(([key]) => key);
        if (new Set(keys).size < keys.length) {
          expect(refusal(() => parseStrictJson(text)).code).toBe("RL_DUPLICATE_KEY");
        } else {
          expect(parseStrictJson(text)).toStrictEqual(JSON.parse(text));
        }
      }),
    );
  });

  it("keeps the same key in different objects apart", () => {
    expect(parseStrictJson('[{"a":1},{"a":{"a":2}}]')).toStrictEqual([{ a: 1 }, { a: { a: 2 } }]);
  });

  it("keeps a key named __proto__ as an own key and leaves the prototype alone", () => {
    const value = parseStrictJson('{"__proto__":{"polluted":true}}') as object;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  it.each([
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "1e400",
    "1e21",
    "0.1234567890123456789",
    "1e-400",
    "100000000000000000000000",
    "1.00000000000000000001",
  ])("refuses the number %s wherever it stands", (number) => {
    for (const text of [number, `[${number}]`, `{"a":${number}}`, `{"a": ${number} }`, `{"a":[1,{"b":${number}}]}`]) {
      expect(refusal(() => parseStrictJson(text)).code, text).toBe("RL_INEXACT_NUMBER");
    }
  });

  it.each([
    "9007199254740991",
    "-9007199254740991",
    "0.1",
    "-0",
    "1.50",
    "1e3",
    "1E-7",
    "123456789012345",
    "0.30000000000000004",
    "100.000000000000000000",
  ])("takes the number %s", (number) => {
    expect(parseStrictJson(`{"a":${number},"b":[${number}]}`)).toEqual({ a: Number(number), b: [Number(number)] });
  });

  it("leaves alone what only looks like a number or a member, inside a string", () => {
    const value = { a: '":1e400,', b: [":99999999999999999999", '"x":1e999'], c: "9007199254740993" };
    expect(parseStrictJson(JSON.stringify(value))).toStrictEqual(value);
  });

  it("names the place of half a surrogate pair and takes whole ones", () => {
    const error = refusal(() => parseStrictJson(String.raw`{"args":{"a/b":["x","\ud800"]}}`));
    expect(error.code).toBe("RL_LONE_SURROGATE");
    expect(error.path).toBe("/args/a~1b/1");
    expect(refusal(() => parseStrictJson(String.raw`{"\uDC00":1}`)).code).toBe("RL_LONE_SURROGATE");
    expect(refusal(() => parseStrictJson('"\ud83d"')).code).toBe("RL_LONE_SURROGATE");
    expect(parseStrictJson(String.raw`"\ud83d\ude00"`)).toBe("\u{1f600}");
    expect(parseStrictJson(String.raw`"\\ud800"`)).toBe(String.raw`\ud800`);
  });

  it("takes 64 levels and refuses 65, also when there are very many", () => {
    expect(parseStrictJson(nested(MAX_DEPTH))).toBeInstanceOf(Array);
    expect(refusal(() => parseStrictJson(nested(MAX_DEPTH + 1))).code).toBe("RL_TOO_DEEP");
    expect(refusal(() => parseStrictJson(nested(500_000))).code).toBe("RL_TOO_DEEP");
    const maps = '{"a":'.repeat(MAX_DEPTH + 1) + "1" + "}".repeat(MAX_DEPTH + 1);
    expect(refusal(() => parseStrictJson(maps)).code).toBe("RL_TOO_DEEP");
  });

  it("refuses what is no JSON, without repeating what was sent", () => {
    for (const text of ["", "{", '{"card":"4111111111111111",}', "secret-4111", "[1,]", "01", "NaN", "\ufeff{}"]) {
      const error = refusal(() => parseStrictJson(text));
      expect(error.code, text).toBe("RL_BAD_JSON");
      expect(error.message).not.toContain("4111");
    }
  });
});
