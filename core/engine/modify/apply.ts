import type { JsonObject, JsonValue } from "#api";
import type { CompiledOperation, Redaction } from "../compile/compiled.ts";
import { redactClean } from "../content/redact-clean.ts";
import { compareNumeric, parseDecimal } from "../decimal.ts";
import type { RedactOperator } from "../detect/index.ts";
import { ReviewMemory } from "../evaluate/review-memory.ts";
import type { ModifyResult } from "../model.ts";
import { CannotApply, editAt, type Edit } from "./edit.ts";
import { sameJson } from "./same-json.ts";

/** Why the arguments could not be changed as a rule asks: the rule then denies with `runtime_error:modify_failed`. */
export interface ModifyFailure {
  readonly error: string;
}

/**
 * Applies the operations of a modify rule (Verdict.modifications) or of an approver's edits (compileEdits), in order. The input is never
 * changed; the result shares with it what was not touched. An absent path is no error for redact, remove, truncate and clamp.
 * `memory` is that of the review: it knows what was scanned already, and which numbers `as: number` gave.
 */
export function applyModify(
  operations: readonly unknown[],
  args: JsonObject,
  memory = new ReviewMemory(),
): ModifyResult | ModifyFailure {
  let result = args;
  for (const operation of operations as readonly CompiledOperation[]) {
    try {
      result = editAt(result, operation.path.path, editOf(operation, memory), {
        create: operation.verb === "set" || operation.verb === "add_default",
      });
    } catch (error) {
      if (!(error instanceof CannotApply)) throw error;
      return { error: `${operation.verb} ${operation.path.key}: ${error.message}` };
    }
  }
  return { args: result, changed: result !== args && !sameJson(result, args) };
}

function editOf(operation: CompiledOperation, memory: ReviewMemory): Edit {
  switch (operation.verb) {
    case "redact":
      return (value) => (value === undefined ? undefined : redact(value, operation, memory));
    case "set":
      return (value) => (sameJson(value, operation.value) ? value : (operation.value as JsonValue));
    case "add_default":
      return (value) => (value === undefined ? (operation.value as JsonValue) : value);
    case "remove":
      return () => undefined;
    case "clamp":
      return (value) => (value === undefined ? undefined : clamp(value, operation));
    case "truncate":
      return (value) => (value === undefined ? undefined : truncate(value, operation.length ?? 0));
  }
}

function redact(value: JsonValue, { redaction }: CompiledOperation, memory: ReviewMemory): JsonValue {
  if (redaction === undefined) throw new CannotApply("there is nothing to look for");
  const redacted = redactClean(value, redaction.detections, {
    operator: operatorOf(redaction, memory),
    scan: (detection, current) => memory.all(detection, current),
  });
  if (redacted.kind === "clean") return redacted.value;
  // Half a redaction would let the rest through.
  throw new CannotApply(
    redacted.kind === "truncated"
      ? "the text is too long to be redacted as a whole"
      : "what was put in place is found again",
  );
}

function operatorOf({ as, keepLast, hash }: Redaction, memory: ReviewMemory): RedactOperator {
  switch (as) {
    case "replace":
    case "remove":
      return { kind: as };
    case "mask":
      return { kind: "mask", ...(keepLast === undefined ? {} : { keepLast }) };
    case "number":
      return { kind: "number", table: memory.numbers };
    case "hash":
      if (hash === undefined) throw new CannotApply("there is no key to hash with");
      return { kind: "hash", hash };
  }
}

/** A decimal string stays a string. */
function clamp(value: JsonValue, { min, max }: CompiledOperation): JsonValue {
  const number = typeof value === "number" ? value : typeof value === "string" ? parseDecimal(value) : undefined;
  if (number === undefined) throw new CannotApply("clamp needs a number");
  const bound = (limit: number): JsonValue => (typeof value === "string" ? String(limit) : limit);
  if (min !== undefined && compareNumeric(number, min) < 0) return bound(min);
  return max !== undefined && compareNumeric(number, max) > 0 ? bound(max) : value;
}

function truncate(value: JsonValue, length: number): JsonValue {
  if (Array.isArray(value)) return value.length <= length ? value : value.slice(0, length);
  if (typeof value !== "string") throw new CannotApply("truncate needs a text or a list");
  return value.length <= length ? value : cut(value, length);
}

/** The first `length` characters (code points): a surrogate pair is never split. */
function cut(text: string, length: number): string {
  let end = 0;
  for (let count = 0; count < length && end < text.length; count++)
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}
