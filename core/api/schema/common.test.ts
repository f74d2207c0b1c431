import { describe, expect, it } from "vitest";
import { actionTypes, decisions, durationSchema, labelsSchema, selectorSchema, timestampSchema } from "./common.ts";

describe("the words", () => {
  it("orders decisions from weakest to strongest, and names the four actions", () => {
    expect(decisions).toEqual(["allow", "modify", "require_approval", "deny", "terminate"]);
    expect(actionTypes).toEqual(["tool_call", "llm_call", "message", "delegation"]);
  });
});

describe("durationSchema", () => {
  it.each(["30s", "10m", "1h30m", "7d", "500ms"])("takes %s", (text) => {
    expect(durationSchema.safeParse(text).success).toBe(true);
  });
  it.each(["", "30", "1.5h", "-1m", "1w", 30])("refuses %s", (text) => {
    expect(durationSchema.safeParse(text).success).toBe(false);
  });
});

describe("timestampSchema", () => {
  it.each(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00+01:00"])("takes %s", (text) => {
    expect(timestampSchema.safeParse(text).success).toBe(true);
  });
  it.each(["2026-13-31T12:00:00Z", "2026-01-31 12:00:00Z", "2026-01-31", "now", ""])("refuses %s", (text) => {
    expect(timestampSchema.safeParse(text).success).toBe(false);
  });
});

describe("labelsSchema", () => {
  it("takes 64 labels and no more", () => {
    const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, "v"]));
    expect(labelsSchema.safeParse(labels(64)).success).toBe(true);
    expect(labelsSchema.safeParse(labels(65)).success).toBe(false);
  });
});

describe("selectorSchema", () => {
  it("takes an empty selector, which means everything", () => {
    expect(selectorSchema.parse({})).toEqual({});
  });
  it("refuses a misspelt field", () => {
    expect(selectorSchema.safeParse({ matchLabel: {} }).success).toBe(false);
  });
});
