import { describe, expect, it } from "vitest";
import { parseBody } from "./parse-body.ts";
import { reportSchema, reviewBatchSchema } from "./schema/review.ts";
import { pageQuerySchema, terminateSchema } from "./schema/run.ts";
import { refusal } from "./testing.ts";

describe("parseBody", () => {
  it("returns what the schema makes of the value", () => {
    expect(parseBody(pageQuerySchema, { limit: "7" })).toEqual({ limit: 7 });
  });

  it("names the missing field", () => {
    const error = refusal(() => parseBody(terminateSchema, {}));
    expect(error).toMatchObject({ code: "RL_INVALID", path: "/reason", message: "/reason: required: expected string" });
  });

  it("guesses what an unknown field was meant to be, at any depth", () => {
    const report = { run: "r", uid: "u", outcome: "success", tokens: { inputs: 1 }, outcom: 1 };
    const { errors } = refusal(() => parseBody(reportSchema, report));
    expect(errors).toContainEqual({ path: "/tokens/inputs", message: 'unknown field; did you mean "input"?' });
    expect(errors).toContainEqual({ path: "/outcom", message: 'unknown field; did you mean "outcome"?' });
    const list = { apiVersion: "runlog.io/v1alpha1", kind: "ActionReviewList", items: [{ toll: "x" }] };
    const items = refusal(() => parseBody(reviewBatchSchema, list)).errors ?? [];
    expect(items).toContainEqual({ path: "/items/0/toll", message: 'unknown field; did you mean "tool"?' });
  });

  it("lists at most 16 findings", () => {
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`zzzzzz${i}`, 1]));
    expect(refusal(() => parseBody(terminateSchema, many)).errors).toHaveLength(16);
  });

  it("refuses what is no object", () => {
    expect(refusal(() => parseBody(terminateSchema, [])).message).toMatch(/^the body: /);
  });
});
