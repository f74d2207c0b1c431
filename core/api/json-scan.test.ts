import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isExactNumber } from "./json-scan.ts";

/** A decimal as a whole number of 10^scale; what the token says, without any floating point. */
function exact(token: string): { digits: bigint; scale: number } {
  const [mantissa = "", exponent = "0"] = token.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), scale: Number(exponent) - fraction.length };
}

function sameDecimal(a: string, b: string): boolean {
  const left = exact(a);
  const right = exact(b);
  const scale = Math.min(left.scale, right.scale);
  return left.digits * 10n ** BigInt(left.scale - scale) === right.digits * 10n ** BigInt(right.scale - scale);
}

const digits = (max: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const token = fc
  .tuple(fc.constantFrom("", "-"), digits(20), fc.option(digits(20)), fc.option(fc.integer({ min: -40, max: 40 })))
  .map(([sign, whole, fraction, exponent]) => {
    const head = whole.replace(/^0+(?=\d)/, "");
    return `${sign}${head}${fraction === null ? "" : `.${fraction}`}${exponent === null ? "" : `e${exponent}`}`;
  });

describe("isExactNumber", () => {
  it("agrees with decimal arithmetic on whole numbers of any size", () => {
    const near = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 }).map(String);
    fc.assert(
      fc.property(fc.oneof(token, near), (text) => {
        const value = Number(text);
        const held = sameDecimal(text, String(value)) && (!Number.isInteger(value) || Number.isSafeInteger(value));
        expect(isExactNumber(text)).toBe(held);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(["1e999999999", "-1e400", "1e-999999999", "Infinity", "", "1.", "0x10", "1e-324"])("refuses %s", (text) => {
    expect(isExactNumber(text)).toBe(false);
  });

  it("takes zero in every spelling", () => {
    for (const zero of ["0", "-0", "0.0", "0e9", "0.000e-30"]) expect(isExactNumber(zero)).toBe(true);
  });
});
