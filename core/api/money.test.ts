import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatUsd, parseUsd } from "./money.ts";
import { refusal } from "./testing.ts";

describe("parseUsd", () => {
  it.each([
    ["0", 0],
    ["0.0120", 12_000],
    ["$1.00", 1_000_000],
    ["1", 1_000_000],
    [1.5, 1_500_000],
    [0, 0],
    ["0.0000001", 1],
    [1e-7, 1],
    [5e-324, 1],
    ["1.0000009", 1_000_001],
    ["9007199254.740991", Number.MAX_SAFE_INTEGER],
  ])("reads %s as %s micro-dollars", (given, micros) => {
    expect(parseUsd(given)).toBe(micros);
  });

  it.each([
    "-1",
    -1,
    -0,
    "+1",
    "1e3",
    "1.",
    ".5",
    "",
    "$",
    "1,00",
    "1 ",
    "٣",
    NaN,
    Infinity,
    1e21,
    null,
    true,
    {},
    "9007199254.740992",
    "999999999999",
  ])("refuses %s", (given) => {
    const error = refusal(() => parseUsd(given, "/request/cost/usd"));
    expect(error.code).toBe("RL_BAD_MONEY");
    expect(error.path).toBe("/request/cost/usd");
  });

  it("never rounds down: no charge is lost", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (attos) => {
        const micros = parseUsd(`${attos / 10n ** 9n}.${String(attos % 10n ** 9n).padStart(9, "0")}`);
        const exact = (attos + 999n) / 1000n;
        expect(BigInt(micros)).toBe(exact);
      }),
    );
  });
});

describe("formatUsd", () => {
  it.each([
    [0, "0.00"],
    [1_000_000, "1.00"],
    [12_000, "0.012"],
    [1, "0.000001"],
    [1_230_000, "1.23"],
    [-1_500_000, "-1.50"],
  ])("writes %s as %s", (micros, text) => expect(formatUsd(micros)).toBe(text));

  it("is read back as the same amount", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (micros) => {
        expect(parseUsd(formatUsd(micros))).toBe(micros);
      }),
    );
  });
});
