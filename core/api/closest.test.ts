import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closest } from "./closest.ts";

const known = ["tool_call", "llm_call", "message", "delegation", "args"];

describe("closest", () => {
  it.each([
    ["tool_cal", "tool_call"],
    ["toolcall", "tool_call"],
    ["TOOL_CALL", "tool_call"],
    ["lmm_call", "llm_call"],
    ["mesage", "message"],
    ["arg", "args"],
    ["agrs", "args"],
  ])("takes %s for %s", (given, meant) => expect(closest(given, known)).toBe(meant));

  it.each(["", "banana", "x", "a".repeat(1000)])("does not guess at %j", (given) => {
    expect(closest(given, known)).toBeUndefined();
  });

  it("finds a known name itself, and after any one letter was lost", () => {
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), (name, seed) => {
        expect(closest(name, known)).toBe(name);
        const at = seed % name.length;
        expect(closest(name.slice(0, at) + name.slice(at + 1), known)).toBe(name);
      }),
    );
  });
});
