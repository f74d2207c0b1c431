import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { luhn, mod11, mod11_10, mod97, verhoeff } from "./checksums.ts";
import { sha256Short } from "./sha256.ts";

const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 18 });

describe("checksums", () => {
  it.each([
    ["luhn", luhn],
    ["verhoeff", verhoeff],
    ["mod 11,10", mod11_10],
  ] as const)("%s: one last digit in ten is right, and a changed digit is noticed", (_, check) => {
    fc.assert(
      fc.property(digits, fc.nat(), fc.integer({ min: 1, max: 9 }), (body, at, by) => {
        const right = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((last) => check([...body, last], 0, body.length + 1));
        expect(right).toHaveLength(1);
        const changed = [...body, right[0] ?? 0];
        const index = at % changed.length;
        changed[index] = ((changed[index] ?? 0) + by) % 10;
        expect(check(changed, 0, changed.length)).toBe(false);
      }),
    );
  });

  it("mod 11 knows a published number", () => {
    expect(mod11([9, 4, 3, 4, 7, 6, 5, 9, 1, 9], 0, 10)).toBe(true);
    expect(mod11([9, 4, 3, 4, 7, 6, 5, 9, 1, 8], 0, 10)).toBe(false);
  });

  it("mod 97 agrees with big integers", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$/), (iban) => {
        const number = Array.from(iban.slice(4) + iban.slice(0, 4), (char) => Number.parseInt(char, 36)).join("");
        expect(mod97(iban)).toBe(BigInt(number) % 97n === 1n);
        expect(mod97(iban.toLowerCase())).toBe(mod97(iban));
      }),
    );
  });

  it("SHA-256 knows the standard's example", () => {
    const hex = Array.from(sha256Short(new TextEncoder().encode("abc")), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    expect(hex).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
