import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "#api";
import { parseDecimal } from "../decimal.ts";
import { equalityKeys, equals, ScalarSet, type Scalar } from "./equality.ts";

const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.1, 1e21, -0, 5e-7));
const text = fc.constantFrom(
  "",
  "a",
  "5",
  "5.0",
  "05",
  "-0",
  "0.1",
  "1e-1",
  "1e21",
  "1000000000000000000000",
  "123456789012345678901",
  "1.23456789012345678901e20",
  "5e-7",
  "\u0000123456789012345678901e0",
);
const big = fc
  .constantFrom("123456789012345678901", "0.1000000000000000000001")
  .map((decimal) => parseDecimal(decimal) ?? 0);
const scalar: fc.Arbitrary<Scalar> = fc.oneof(number, text, big, fc.constantFrom(true, false, null));
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  number,
  text,
  fc.constantFrom<JsonValue>(true, false, null, [], {}, [5], "0.1000000000000000000001"),
);

/** The keys of a value as an index looks it up; composite values equal nothing. */
function keysOf(item: JsonValue): readonly unknown[] {
  return typeof item === "object" && item !== null ? [] : equalityKeys(item);
}

describe("equality", () => {
  it("shares a key wherever it holds, so that an index by key misses nothing", () => {
    let equal = 0;
    fc.assert(
      fc.property(value, scalar, (a, b) => {
        if (!equals(a, b)) return;
        equal++;
        expect(keysOf(a).some((key) => equalityKeys(b).includes(key as string))).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(equal).toBeGreaterThan(20);
  });

  it("is the same for a long list as for its items one by one", () => {
    fc.assert(
      fc.property(value, fc.array(scalar, { maxLength: 30 }), (a, items) => {
        expect(new ScalarSet(items).has(a)).toBe(items.some((item) => equals(a, item)));
      }),
      { numRuns: 1000 },
    );
  });

  it("compares two strings as strings and anything else by value", () => {
    expect([equals("5.0", "5"), equals("5.0", 5), equals(5, "5.0"), equals(5, 5)]).toEqual([false, true, true, true]);
    expect(equals("123456789012345678901.0", parseDecimal("123456789012345678901") ?? 0)).toBe(true);
    expect([equals(true, "true"), equals(1, true), equals(null, ""), equals(null, null)]).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });
});
