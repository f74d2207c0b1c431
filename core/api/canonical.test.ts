import canonicalize from "canonicalize";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf, digestOfText } from "./canonical.ts";
import { refusal } from "./testing.ts";

describe("canonicalJson", () => {
  it("writes what the reference library writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }), (value) => {
        let expected: string | undefined;
        try {
          expected = canonicalize(value);
        } catch {
          expect(refusal(() => canonicalJson(value)).code).toBe("RL_LONE_SURROGATE");
          return;
        }
        expect(canonicalJson(value)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("sorts keys by UTF-16 code units, whole numbers and many keys included", () => {
    expect(canonicalJson({ b: 1, a: 2, "10": 3, "9": 4, "\u{1f600}": 5, "\ufb33": 6, "": 7 })).toBe(
      '{"":7,"10":3,"9":4,"a":2,"b":1,"\u{1f600}":5,"\ufb33":6}',
    );
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${49 - i}`, i]));
    expect(canonicalJson(many)).toBe(canonicalize(many));
  });

  it("writes numbers as ECMAScript does", () => {
    expect(canonicalJson([1e21, 1e-7, -0, 0.1, 1e20, 5e-324])).toBe("[1e+21,1e-7,0,0.1,100000000000000000000,5e-324]");
  });

  it("escapes only what must be escaped", () => {
    expect(canonicalJson('a"\\\n\u0001\u007fé/')).toBe('"a\\"\\\\\\n\\u0001\u007fé/"');
  });

  it("keeps a key named __proto__ and a hasOwnProperty that is no function", () => {
    const value: unknown = JSON.parse('{"hasOwnProperty":1,"__proto__":{"a":1}}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"hasOwnProperty":1}');
  });

  it("leaves out members that are undefined", () => {
    expect(canonicalJson({ a: undefined, b: 1, c: undefined })).toBe('{"b":1}');
  });

  it("refuses what has no JSON form", () => {
    for (const value of [undefined, () => 1, 1n, Symbol("x"), new Date(0), new Map(), [undefined]]) {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    }
    for (const value of [NaN, Infinity, { a: -Infinity }]) {
      expect(refusal(() => canonicalJson(value)).code).toBe("RL_INEXACT_NUMBER");
    }
    for (const value of ["\ud800", { "\udc00": 1 }, ["a\ud83d"]]) {
      expect(refusal(() => canonicalJson(value)).code).toBe("RL_LONE_SURROGATE");
    }
  });

  it("refuses a cycle instead of overflowing the stack", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    expect(refusal(() => canonicalJson(cycle)).code).toBe("RL_TOO_DEEP");
  });
});

describe("digestOf", () => {
  it("is SHA-256 over the canonical bytes", () => {
    expect(digestOf({ b: [1, "ü"], a: null })).toBe(digestOfText('{"a":null,"b":[1,"ü"]}'));
    expect(digestOfText("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("is equal for equal values, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(digestOf(reversed)).toBe(digestOf({ ...value }));
      }),
    );
  });
});
