import fc from "fast-check";
import { expect, it } from "vitest";
import { compareNumeric, parseDecimal } from "../decimal.ts";
import { atLeast, atMost } from "./doubles.ts";

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), fc.integer({ min: -390, max: 390 }))
  .map(([coefficient, exponent]) => parseDecimal(`${coefficient}e${exponent}`))
  .filter((value) => value !== undefined);

it("bounds every decimal by doubles", () => {
  fc.assert(
    fc.property(decimal, (value) => {
      const low = atMost(value);
      const high = atLeast(value);
      expect(Number.isNaN(low) || Number.isNaN(high)).toBe(false);
      if (Number.isFinite(low)) expect(compareNumeric(low, value)).toBeLessThanOrEqual(0);
      else expect(low).toBe(Number.NEGATIVE_INFINITY);
      if (Number.isFinite(high)) expect(compareNumeric(high, value)).toBeGreaterThanOrEqual(0);
      else expect(high).toBe(Number.POSITIVE_INFINITY);
    }),
    { seed: 20_260_105, numRuns: 5_000 },
  );
});

it.each(["1e-400", "-1e-400", "1e400", "-1e400"])("bounds %s, which no double is near", (text) => {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`${text} is no decimal`);
  expect(atMost(value)).toBeLessThan(atLeast(value));
});

it("leaves doubles as they are", () => {
  expect([atMost(0.1), atLeast(0.1)]).toEqual([0.1, 0.1]);
});
