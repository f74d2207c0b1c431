import { describe, expect, it } from "vitest";
import { approvalQuerySchema, runQuerySchema, usageQuerySchema } from "./queries.ts";
import { pageQuerySchema } from "./run.ts";

describe("pageQuerySchema", () => {
  it("reads the limit of a query, 50 by default", () => {
    expect(pageQuerySchema.parse({})).toEqual({ limit: 50 });
    expect(pageQuerySchema.parse({ limit: "500", continue: "x" })).toEqual({ limit: 500, continue: "x" });
  });
  it.each(["0", "501", "1.5", "many", "", "1e9"])("refuses the limit %j", (limit) => {
    expect(pageQuerySchema.safeParse({ limit }).success).toBe(false);
  });
});

describe("the queries", () => {
  it("refuse what they do not know, so that a misspelt filter does not show everything", () => {
    expect(runQuerySchema.safeParse({ decison: "deny" }).success).toBe(false);
    expect(runQuerySchema.safeParse({ decision: "denied" }).success).toBe(false);
    expect(approvalQuerySchema.safeParse({ phase: "pending" }).success).toBe(false);
    expect(usageQuerySchema.safeParse({ per: "pod" }).success).toBe(false);
  });
  it("have their defaults", () => {
    expect(usageQuerySchema.parse({})).toEqual({ per: "cluster", timezone: "UTC" });
  });
});
