import { describe, expect, it } from "vitest";
import { errorTable, isRunlogError, messageOf, RunlogError, type ErrorCode } from "./errors.ts";

const rows = Object.entries(errorTable);

describe("the table of errors", () => {
  it.each(rows)("%s says what happened and what to do", (code, row) => {
    expect(code).toMatch(/^RL_[A-Z0-9_]+$/);
    expect(row.title).toMatch(/^[A-Z].*[^.]$/);
    expect(row.fix).toMatch(/^.+\.$/);
    expect(row.status).toBeGreaterThanOrEqual(400);
    expect(row.status).toBeLessThan(600);
    expect([1, 2]).toContain(row.exit);
  });

  it("has no two codes with the same title", () => {
    expect(new Set(rows.map(([, row]) => row.title)).size).toBe(rows.length);
  });
});

describe("RunlogError", () => {
  it("carries code, status, exit code, path and cause", () => {
    const cause = new Error("disk");
    const error = new RunlogError("RL_STORE_UNAVAILABLE", "no space", { cause, path: "/a", retryAfter: 2 });
    expect(error).toMatchObject({ status: 503, exit: 1, path: "/a", retryAfter: 2, message: "no space", cause });
    expect(isRunlogError(error)).toBe(true);
    expect(isRunlogError(Object.assign(new Error("x"), { code: "RL_INTERNAL" satisfies ErrorCode }))).toBe(false);
  });

  it("has no cause when none is given", () => {
    expect("cause" in new RunlogError("RL_INTERNAL", "x")).toBe(false);
  });
});

describe("messageOf", () => {
  it("finds words for whatever was thrown", () => {
    expect(messageOf(new Error("a"))).toBe("a");
    expect(messageOf("b")).toBe("b");
    expect(messageOf(undefined)).toBe("undefined");
  });
});
