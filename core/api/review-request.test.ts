import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "./canonical.ts";
import { parseStrictJson } from "./json.ts";
import { parseUsd } from "./money.ts";
import { parseActionReview, parseReviewBatch, parseReviewRequest } from "./review-request.ts";
import { API_VERSION } from "./schema/common.ts";
import { reviewRequestSchema } from "./schema/review.ts";
import { refusal } from "./testing.ts";

const plain = { uid: "u1", run: "run_1", action: "tool_call", tool: "database.query" };
const full = {
  ...plain,
  step: 12,
  args: { query: "SELECT 1" },
  agent: "support-bot",
  user: "u-17",
  model: "m",
  cost: { usd: "0.0120" },
  tokens: { input: 900, cachedInput: 0, output: 200 },
  parentRun: { namespace: "n", serviceAccount: "s", run: "r", delegation: "d" },
  approval: "apr-1",
  dryRun: false,
};

/** What the schema says, and the demands it cannot say. */
function isReview(value: unknown): boolean {
  const result = reviewRequestSchema.safeParse(value);
  if (!result.success) return false;
  const { action, tool, model, cost } = result.data;
  if (action === "tool_call" && tool === undefined) return false;
  if (action === "llm_call" && model === undefined) return false;
  try {
    if (cost !== undefined) parseUsd(cost.usd);
    return true;
  } catch {
    return false;
  }
}

function accepts(value: unknown): boolean {
  try {
    return parseReviewRequest(value as JsonValue) === value;
  } catch (error) {
    expect(error).toMatchObject({ name: "RunlogError", path: expect.stringMatching(/^\/request/) });
    return false;
  }
}

const odd = fc.oneof(
  fc.constantFrom("", "x", "a b", "-0", "1.5", 0, -0, -1, 1.5, 2 ** 53, NaN, true, null, undefined, [], {}, ["a"]),
  fc.constantFrom("a".repeat(128), "a".repeat(129), "a".repeat(256), "a".repeat(257), "a".repeat(63), "a".repeat(64)),
  fc.constantFrom("a".repeat(253), "a".repeat(254), "é", "\n", "tool_call", "llm_call", "message", "delegation"),
  fc.constantFrom(1_000_000_000, 1_000_000_001, "$1", "1e3", { usd: 1 }, { usd: "-1" }, { input: 1 }, { run: "r" }),
  fc.jsonValue(),
);
const inner = ["usd", "input", "cachedInput", "output", "namespace", "serviceAccount", "run", "delegation", "other"];
const change = fc.oneof(
  fc.record({ field: fc.constantFrom(...Object.keys(full), "tol", "__proto__", "constructor"), value: odd }),
  fc.record({
    field: fc.constantFrom("cost", "tokens", "parentRun"),
    value: fc.dictionary(fc.constantFrom(...inner), odd, { maxKeys: 3 }),
  }),
);
const base = fc.subarray(Object.keys(full)).map((keys) => {
  const chosen = Object.fromEntries(keys.map((key) => [key, full[key as keyof typeof full]]));
  return { ...plain, ...chosen };
});

describe("parseReviewRequest", () => {
  it("accepts exactly what the schema and the demands accept", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        base,
        fc.array(change, { maxLength: 2 }),
        fc.constantFrom("", ...Object.keys(plain)),
        (start, changes, lost) => {
          const request: Record<string, unknown> = { ...start };
          if (lost !== "") delete request[lost];
          for (const { field, value } of changes) {
            Object.defineProperty(request, field, { value, enumerable: true, configurable: true, writable: true });
          }
          const expected = isReview(request);
          if (expected) accepted++;
          expect(accepts(request)).toBe(expected);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it("takes every field, and hands back the object it was given", () => {
    expect(parseReviewRequest(full)).toBe(full);
  });

  it.each<[JsonObject, string, RegExp]>([
    [{ tool: undefined as never }, "/request/tool", /required for a tool_call/],
    [{ action: "llm_call" }, "/request/model", /required for an llm_call/],
    [{ action: "tool_cal" }, "/request/action", /tool_call, llm_call, message, delegation; did you mean "tool_call"/],
    [{ action: 7 }, "/request/action", /tool_call, llm_call, message, delegation$/],
    [{ toll: "x" }, "/request/toll", /did you mean "tool"/],
    [{ "x/y": 1 }, "/request/x~1y", /unknown field; known are uid, run/],
    [{ args: [1] }, "/request/args", /expected an object/],
    [{ args: null }, "/request/args", /expected an object/],
    [{ step: "12" }, "/request/step", /expected an integer/],
    [{ uid: "" }, "/request/uid", /1 to 128 characters/],
    [{ run: "a b" }, "/request/run", /A-Z a-z/],
    [{ tokens: { input: -1 } }, "/request/tokens/input", /from 0 to 1000000000/],
    [{ tokens: { inputs: 1 } }, "/request/tokens/inputs", /did you mean "input"/],
    [{ parentRun: {} }, "/request/parentRun/run", /required/],
    [{ cost: {} }, "/request/cost/usd", /required/],
    [{ dryRun: "true" }, "/request/dryRun", /true or false/],
  ])("names the field and what is wrong: %j", (part, path, message) => {
    const error = refusal(() => parseReviewRequest({ ...plain, ...part }));
    expect(error).toMatchObject({ code: "RL_INVALID", path });
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(path)).toBe(true);
  });

  it.each(["-1", "1e9", -0.5, "a lot", "9".repeat(41)])("refuses the cost %s", (usd) => {
    const error = refusal(() => parseReviewRequest({ ...plain, cost: { usd } }));
    expect(["RL_BAD_MONEY", "RL_INVALID"]).toContain(error.code);
    expect(error.path).toBe("/request/cost/usd");
  });

  it("refuses __proto__ as a field, keeps it in args, and leaves the prototype alone", () => {
    const hostile = parseStrictJson('{"uid":"u","run":"r","action":"tool_call","__proto__":{"tool":"x"}}');
    expect(refusal(() => parseReviewRequest(hostile)).path).toBe("/request/__proto__");
    const nested = parseStrictJson(
      '{"uid":"u","run":"r","action":"tool_call","tool":"t","args":{"__proto__":{"admin":true},"a":{"__proto__":1}}}',
    );
    const { args = {} } = parseReviewRequest(nested);
    expect(JSON.stringify(args)).toBe('{"__proto__":{"admin":true},"a":{"__proto__":1}}');
    expect("admin" in {}).toBe(false);
  });

  it("refuses what is no object", () => {
    for (const value of [null, [], "x", 1, true])
      expect(refusal(() => parseReviewRequest(value)).path).toBe("/request");
  });
});

describe("parseActionReview", () => {
  const review = { apiVersion: API_VERSION, kind: "ActionReview", request: plain };

  it("opens the envelope", () => expect(parseActionReview(review)).toBe(plain));

  it.each<[JsonObject, string]>([
    [{ apiVersion: "runlog.io/v1" }, "/apiVersion"],
    [{ kind: "ActionReviewList" }, "/kind"],
    [{ requests: {} }, "/requests"],
    [{ request: { ...plain, uid: 1 } }, "/request/uid"],
    [{ request: undefined as never }, "/request"],
  ])("refuses %j", (part, path) => {
    expect(refusal(() => parseActionReview({ ...review, ...part }))).toMatchObject({ code: "RL_INVALID", path });
  });
});

describe("parseReviewBatch", () => {
  const list = (items: JsonValue): JsonObject => ({ apiVersion: API_VERSION, kind: "ActionReviewList", items });

  it("takes 1 to 64 items of one run", () => {
    const items = Array.from({ length: 64 }, (_, i) => ({ ...plain, uid: `u${i}` }));
    expect(parseReviewBatch(list(items))).toBe(items);
    expect(refusal(() => parseReviewBatch(list([...items, plain]))).path).toBe("/items");
    expect(refusal(() => parseReviewBatch(list([]))).path).toBe("/items");
  });

  it("names the item at fault", () => {
    expect(refusal(() => parseReviewBatch(list([plain, { ...plain, run: "other" }]))).path).toBe("/items/1/run");
    expect(refusal(() => parseReviewBatch(list([plain, { ...plain, action: "x" }]))).path).toBe("/items/1/action");
    expect(refusal(() => parseReviewBatch(list("x"))).path).toBe("/items");
  });
});
