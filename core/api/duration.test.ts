import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  it.each([
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["31d", 2_678_400_000],
    ["0s", 0],
    ["1m1ms", 60_001],
  ])("reads %s as %s ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    "",
    "1",
    "s",
    "-1s",
    "1.5h",
    "1h ",
    "1w",
    "1H",
    "1h-1m",
    "9999999999s",
    "1s".repeat(6),
    "999999999d",
    "1m\n",
  ])("refuses %j", (text) => expect(parseDuration(text)).toBeUndefined());

  it("reads back what formatDuration writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e14 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [5_400_000, "1h30m"],
    [86_400_000, "1d"],
    [1, "1ms"],
    [90_061_001, "1d1h1m1s1ms"],
  ])("writes %s ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});
