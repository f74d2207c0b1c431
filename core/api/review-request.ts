import type { JsonObject, JsonValue } from "./canonical.ts";
import { closest } from "./closest.ts";
import { RunlogError } from "./errors.ts";
import { parseUsd } from "./money.ts";
import { unknownField } from "./parse-body.ts";
import { jsonPointer } from "./pointer.ts";
import { API_VERSION, actionTypes, type ActionType } from "./schema/common.ts";
import { MAX_BATCH, MAX_TOKENS, RUN_ID, type ReviewRequest } from "./schema/review.ts";

/**
 * The hot path's own check of a review. It accepts what reviewRequestSchema accepts, and no review that makes no sense:
 * a tool_call names its tool, an llm_call its model, a cost is an amount that parseUsd takes. A property test holds the two together.
 *
 * Nothing is copied: `args` stays the object that was parsed, so that what is evaluated is what the agent will execute
 * (a key named `__proto__` is an own property there, and survives). Throws RL_INVALID or RL_BAD_MONEY with the field's JSON Pointer.
 */
export function parseReviewRequest(value: JsonValue, at = "/request"): ReviewRequest {
  const request = checkFields(value, requestFields, at);
  need(request, "uid", at);
  need(request, "run", at);
  need(request, "action", at);
  if (request["action"] === "tool_call") need(request, "tool", at, " for a tool_call");
  if (request["action"] === "llm_call") need(request, "model", at, " for an llm_call");
  return request as unknown as ReviewRequest;
}

/** Body of POST /v1/review. */
export function parseActionReview(value: JsonValue): ReviewRequest {
  const review = checkFields(value, reviewFields, "");
  need(review, "apiVersion", "");
  need(review, "kind", "");
  need(review, "request", "");
  return review["request"] as unknown as ReviewRequest;
}

/** Body of POST /v1/reviews: 1 to 64 items, all of one run. */
export function parseReviewBatch(value: JsonValue): ReviewRequest[] {
  const batch = checkFields(value, batchFields, "");
  need(batch, "apiVersion", "");
  need(batch, "kind", "");
  need(batch, "items", "");
  const items = batch["items"] as unknown as ReviewRequest[];
  items.forEach((item, index) => {
    if (item.run !== items[0]?.run) throw invalid(`/items/${index}/run`, "all items of a list belong to one run");
  });
  return items;
}

type Check = (value: JsonValue, at: string) => void;
type Fields = ReadonlyMap<string, Check>;

const run: Check = (value, at) => {
  if (typeof value !== "string") throw invalid(at, "expected a string");
  if (!RUN_ID.test(value)) throw invalid(at, "expected 1 to 128 of A-Z a-z 0-9 . _ : ~ -");
};

const usd: Check = (value, at) => {
  if (typeof value === "string" && value.length > 40) throw invalid(at, "expected at most 40 characters");
  parseUsd(value, at);
};

const action: Check = (value, at) => {
  if (actionTypes.includes(value as ActionType)) return;
  const near = typeof value === "string" ? closest(value, actionTypes) : undefined;
  throw invalid(
    at,
    `expected one of ${actionTypes.join(", ")}${near === undefined ? "" : `; did you mean "${near}"?`}`,
  );
};

const costFields: Fields = new Map([["usd", usd]]);
const tokenFields: Fields = new Map([
  ["input", integer(MAX_TOKENS)],
  ["cachedInput", integer(MAX_TOKENS)],
  ["output", integer(MAX_TOKENS)],
]);
const parentFields: Fields = new Map<string, Check>([
  ["namespace", text(63)],
  ["serviceAccount", text(253)],
  ["run", run],
  ["delegation", text(128)],
]);
const requestFields: Fields = new Map<string, Check>([
  ["uid", text(128)],
  ["run", run],
  ["step", integer(Number.MAX_SAFE_INTEGER)],
  ["action", action],
  ["tool", text(256)],
  ["args", (value, at) => void asObject(value, at)],
  ["agent", text(256)],
  ["user", text(256)],
  ["model", text(256)],
  ["cost", (value, at) => need(checkFields(value, costFields, at), "usd", at)],
  ["tokens", (value, at) => void checkFields(value, tokenFields, at)],
  ["parentRun", (value, at) => need(checkFields(value, parentFields, at), "run", at)],
  ["approval", text(253)],
  ["dryRun", boolean],
]);
const reviewFields: Fields = new Map<string, Check>([
  ["apiVersion", exactly(API_VERSION)],
  ["kind", exactly("ActionReview")],
  ["request", (value) => void parseReviewRequest(value)],
]);
const batchFields: Fields = new Map<string, Check>([
  ["apiVersion", exactly(API_VERSION)],
  ["kind", exactly("ActionReviewList")],
  ["items", items],
]);

function checkFields(value: JsonValue, fields: Fields, at: string): JsonObject {
  const object = asObject(value, at);
  for (const key of Object.keys(object)) {
    const check = fields.get(key);
    if (check === undefined) throw invalid(at + jsonPointer([key.slice(0, 80)]), unknownField(key, [...fields.keys()]));
    const field = object[key];
    if (field !== undefined) check(field, `${at}/${key}`);
  }
  return object;
}

function need(object: JsonObject, key: string, at: string, why = ""): void {
  if (object[key] === undefined) throw invalid(`${at}/${key}`, `required${why}`);
}

function items(value: JsonValue, at: string): void {
  if (!Array.isArray(value)) throw invalid(at, "expected a list");
  if (value.length < 1 || value.length > MAX_BATCH) throw invalid(at, `expected 1 to ${MAX_BATCH} items`);
  value.forEach((item, index) => parseReviewRequest(item, `${at}/${index}`));
}

function asObject(value: JsonValue, at: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(at, "expected an object");
  return value;
}

function text(max: number): Check {
  return (value, at) => {
    if (typeof value !== "string") throw invalid(at, "expected a string");
    if (value.length < 1 || value.length > max) throw invalid(at, `expected 1 to ${max} characters`);
  };
}

function integer(max: number): Check {
  return (value, at) => {
    if (!Number.isSafeInteger(value)) throw invalid(at, "expected an integer");
    if ((value as number) < 0 || (value as number) > max) throw invalid(at, `expected an integer from 0 to ${max}`);
  };
}

function boolean(value: JsonValue, at: string): void {
  if (typeof value !== "boolean") throw invalid(at, "expected true or false");
}

function exactly(expected: string): Check {
  return (value, at) => {
    if (value !== expected) throw invalid(at, `expected "${expected}"`);
  };
}

function invalid(at: string, message: string): RunlogError {
  return new RunlogError("RL_INVALID", `${at === "" ? "the body" : at}: ${message}`, {
    path: at,
    errors: [{ path: at, message }],
  });
}
