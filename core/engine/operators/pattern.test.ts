import { describe, expect, it } from "vitest";
import { contextOf } from "../testing.ts";
import { FALSE, TRUE, UNEVALUABLE } from "../model.ts";
import { compilePattern, matches, notMatches } from "./pattern.ts";

const large = compilePattern("(?:a?){1000}(?:a?){1000}(?:a?){1000}(?:a?){1000}[cd]");

describe("matches", () => {
  it("answers for patterns of every size", () => {
    expect(matches("aaac", large, contextOf({}))).toBe(TRUE);
    expect(matches("aaab", large, contextOf({}))).toBe(FALSE);
    expect(notMatches("aaab", large, contextOf({}))).toBe(TRUE);
    expect(matches("x".repeat(65_536), compilePattern("(?s)x.*y|z"), contextOf({}))).toBe(FALSE);
  });

  it("does not answer for a text that is too long for the size of its pattern", () => {
    for (const operator of [matches, notMatches]) {
      const context = contextOf({});
      expect(operator("a".repeat(65_536), large, context)).toBe(UNEVALUABLE);
    }
  });

  it("keeps a bounded automaton from text to text, and answers the same beyond it", () => {
    const pattern = compilePattern("[ab]*a[ab]{14}[cd]");
    const letters = (seed: number): string =>
      Array.from({ length: 20_000 }, (_, i) => ((Math.imul(i + seed, 2_654_435_761) >>> 13) & 1 ? "a" : "b")).join("");
    for (let seed = 0; seed < 4; seed++) {
      expect(matches(letters(seed), pattern, contextOf({}))).toBe(FALSE);
      expect(matches(`${letters(seed)}a${"b".repeat(14)}d`, pattern, contextOf({}))).toBe(TRUE);
    }
    const { dfa } = pattern.compiled.re2Input;
    expect(dfa.stateCount).toBeGreaterThan(10);
    expect(dfa.stateBudget).toBeLessThan(262_144);
    expect(dfa.memBudget).toBeGreaterThanOrEqual(0);
  });
});
