import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareNumeric, decimalKey, numericKey, parseDecimal, scaleDecimal, type Numeric } from "./decimal.ts";

/** Sign, digits and power of ten, spelt in one of many ways. */
const spelt = fc
  .record({
    negative: fc.boolean(),
    digits: fc.bigInt({ min: 0n, max: 10n ** 30n }),
    exponent: fc.integer({ min: -40, max: 40 }),
    zeros: fc.integer({ min: 0, max: 4 }),
    point: fc.integer({ min: 0, max: 6 }),
    style: fc.constantFrom("e", "E", "e+"),
  })
  .map(({ negative, digits, exponent, zeros, point, style }) => {
    const body = "0".repeat(zeros) + digits.toString() + "0".repeat(point);
    const cut = Math.min(point, body.length - 1);
    const text = cut === 0 ? body : `${body.slice(0, -cut)}.${body.slice(-cut)}`;
    const power = exponent - point + cut;
    const mark = power < 0 ? "e" : style;
    return {
      text: `${negative ? "-" : ""}${text}${mark}${power}`,
      // The value times 10^80, as an exact integer.
      exact: (negative ? -digits : digits) * 10n ** BigInt(exponent + 80),
    };
  });

function parsed(text: string): Numeric {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`${text} is no decimal`);
  return value;
}

describe("decimals", () => {
  it("compare as the exact values they denote", () => {
    fc.assert(
      fc.property(spelt, spelt, (a, b) => {
        const expected = a.exact < b.exact ? -1 : a.exact > b.exact ? 1 : 0;
        expect(compareNumeric(parsed(a.text), parsed(b.text))).toBe(expected);
      }),
    );
  });

  it("share a key exactly when they are equal", () => {
    fc.assert(
      fc.property(spelt, spelt, (a, b) => {
        expect(decimalKey(a.text) === decimalKey(b.text)).toBe(a.exact === b.exact);
        expect(numericKey(parsed(a.text))).toBe(decimalKey(a.text));
      }),
    );
  });

  it("reads every double back from its shortest spelling", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseDecimal(String(value))).toBe(value + 0);
      }),
    );
  });

  it("orders doubles and decimals alike", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }), spelt, (a, b) => {
        const order = compareNumeric(a, parsed(b.text));
        expect(order).toBe(compareNumeric(parsed(String(a)), parsed(b.text)));
        expect(order + compareNumeric(parsed(b.text), a)).toBe(0);
      }),
    );
  });

  it("scales exactly: 100.005 USD is 100005000 micro-dollars", () => {
    expect(scaleDecimal(100.005, 6)).toBe(100_005_000);
    expect(scaleDecimal(parsed("0.0000001"), 6)).toBe(0.1);
    expect(compareNumeric(1, scaleDecimal(parsed("0.0000010000000000000000001"), 6))).toBe(-1);
  });

  it("keeps apart what a double cannot", () => {
    expect(compareNumeric(parsed("9007199254740993"), 9_007_199_254_740_992)).toBe(1);
    expect(compareNumeric(parsed("0.1"), parsed("0.1000000000000000055511151231257827"))).toBe(-1);
  });

  it.each([
    "",
    "-",
    ".",
    "e5",
    "1e",
    "0x10",
    "1_000",
    "1,000",
    " 5",
    "5 ",
    "Infinity",
    "NaN",
    "$5",
    "1e401",
    "1".repeat(129),
    "1e-99999999999",
  ])("does not take %j for a decimal", (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  it("finds a key for decimals of any length in linear time", () => {
    const long = `5${"0".repeat(1_000_000)}e-1000000`;
    expect(decimalKey(long)).toBe(5);
    expect(decimalKey(`${"0".repeat(500_000)}.${"0".repeat(500_000)}`)).toBe(0);
    expect(decimalKey("1e99999")).toBe("1e99999");
  });
});
