import { describe, expect, it } from "vitest";
import { reportSchema, reviewBatchSchema, runIdSchema } from "./review.ts";

describe("runIdSchema", () => {
  it.each(["run_abc123", "a", "A.b:c~d-e", "x".repeat(128)])("takes %s", (run) => {
    expect(runIdSchema.safeParse(run).success).toBe(true);
  });
  it.each(["", "a b", "a/b", "a\n", "é", "../x", "x".repeat(129)])("refuses %j", (run) => {
    expect(runIdSchema.safeParse(run).success).toBe(false);
  });
});

describe("reportSchema", () => {
  const report = { run: "r", uid: "u", outcome: "success" };

  it("takes a report with nothing but its outcome", () => {
    expect(reportSchema.parse(report)).toEqual(report);
  });
  it.each([
    { outcome: "done" },
    { durationMs: -1 },
    { tokens: { input: 1.5 } },
    { cost: "1.00" },
    { uid: "" },
    { more: 1 },
  ])("refuses %j", (change) => expect(reportSchema.safeParse({ ...report, ...change }).success).toBe(false));
});

describe("reviewBatchSchema", () => {
  it("takes no empty list", () => {
    const list = { apiVersion: "runlog.io/v1alpha1", kind: "ActionReviewList", items: [] };
    expect(reviewBatchSchema.safeParse(list).success).toBe(false);
  });
});
