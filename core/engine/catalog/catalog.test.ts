import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFactName } from "../parse/fact-name.ts";
import { didYouMean, editDistance } from "./did-you-mean.ts";
import { factNames } from "./facts.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });

describe("edit distance", () => {
  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["abc", "ab", 1],
    ["kitten", "sitting", 3],
    ["gt", "tg", 1],
  ])("of %s and %s is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it("is symmetric, zero only for equal words, and one for one change", () => {
    fc.assert(
      fc.property(word, word, fc.nat({ max: 5 }), (a, b, at) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, `${a.slice(0, at)}x${a.slice(at)}`)).toBe(1);
      }),
    );
  });
});

describe("did you mean", () => {
  it("offers what is near and nothing that is far", () => {
    expect(didYouMean("Starts-With", ["ends_with", "starts_with"])).toBe("starts_with");
    expect(didYouMean("zzzzzz", ["starts_with"])).toBeUndefined();
    expect(didYouMean("x".repeat(10_000), ["x".repeat(9_999)])).toBeUndefined();
  });
});

it("knows every fact by the name it has in the catalog", () => {
  for (const name of factNames) {
    expect(parseFactName(name === "labels" ? "labels.x" : name)).toBeDefined();
  }
});
