import { closest, parseDuration } from "#api";
import type { FactEntry, FactType } from "../catalog/facts.ts";
import { compareNumeric, parseDecimal, scaleDecimal, type Numeric } from "../decimal.ts";
import type { Scalar } from "../operators/equality.ts";
import type { Interval, Threshold, Unit } from "../operators/ordering.ts";
import { parseTimestamp } from "../operators/timestamp.ts";
import { OperandError } from "./operand-error.ts";

const MICROS = 6;
export const MAX_OPERAND_TEXT = 4096;

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A JSON number, exactly. YAML also knows infinities and long integers that were rounded when read. */
function exact(value: number): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new OperandError("bad-operand", `${value} cannot be held exactly: write it as a string`, `"${value}"`);
  }
  return value + 0;
}

function numberOf(value: unknown, what: string): Numeric {
  if (typeof value === "number") return exact(value);
  const parsed = typeof value === "string" ? parseDecimal(value) : undefined;
  if (parsed === undefined) throw new OperandError("impossible-type", `expected ${what}, found ${shown(value)}`);
  return parsed;
}

function moneyOf(value: unknown): Numeric {
  const text = typeof value === "string" && value.startsWith("$") ? value.slice(1) : value;
  return scaleDecimal(numberOf(text, "an amount of USD such as 1.50"), MICROS);
}

function durationOf(value: unknown): number {
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms !== undefined) return ms;
  const suggestion = typeof value === "number" ? `"${value}s"` : undefined;
  throw new OperandError(
    "impossible-type",
    `expected a duration such as 30s or 10m, found ${shown(value)}`,
    suggestion,
  );
}

/** The operand in the fact's own unit, for facts that are numbers. */
function quantityOf(value: unknown, type: Exclude<FactType, "text" | "json">): Numeric {
  if (type === "money") return moneyOf(value);
  if (type === "duration") return durationOf(value);
  return numberOf(value, "a number");
}

/** What a value is compared with by `eq` and its like. */
export function scalarOf(value: unknown, entry: FactEntry): Scalar {
  if (typeof value === "object" && value !== null) {
    throw new OperandError(
      "bad-operand",
      `expected a single value, found ${shown(value)}; use contains or a path into it`,
    );
  }
  if (entry.type === "json") return jsonScalar(value);
  if (entry.type !== "text") return quantityOf(value, entry.type);
  if (typeof value !== "string") {
    const suggestion = typeof value === "number" || typeof value === "boolean" ? `"${value}"` : undefined;
    throw new OperandError("impossible-type", `this fact is text; ${shown(value)} never equals it`, suggestion);
  }
  checkKnown(value, entry);
  return boundedText(value);
}

function jsonScalar(value: unknown): Scalar {
  if (typeof value === "number") return exact(value);
  if (typeof value === "string") return boundedText(value);
  if (typeof value === "boolean" || value === null) return value;
  throw new OperandError("bad-operand", `expected a JSON value, found ${shown(value)}`);
}

function checkKnown(value: string, { values }: FactEntry): void {
  if (values === undefined || values.includes(value)) return;
  const meant = closest(value, values);
  throw new OperandError("unknown-value", `${shown(value)} is none of ${values.join(", ")}`, meant);
}

export function boundedText(value: unknown): string {
  if (typeof value !== "string") throw new OperandError("bad-operand", `expected text, found ${shown(value)}`);
  if (value.length > MAX_OPERAND_TEXT) {
    throw new OperandError("bad-operand", `a text in a condition has at most ${MAX_OPERAND_TEXT} characters`);
  }
  return value;
}

function bound(value: unknown, type: FactType): { unit: Unit; at: Numeric } {
  if (type !== "json" && type !== "text") return { unit: "number", at: quantityOf(value, type) };
  if (typeof value === "number") return { unit: "number", at: exact(value) };
  if (typeof value === "string") {
    const number = parseDecimal(value);
    if (number !== undefined) return { unit: "number", at: number };
    const duration = parseDuration(value);
    if (duration !== undefined) return { unit: "duration", at: duration };
    const timestamp = parseTimestamp(value);
    if (timestamp !== undefined) return { unit: "timestamp", at: timestamp };
  }
  throw new OperandError(
    "impossible-type",
    `expected a number, a duration such as 10m or a timestamp such as 2026-01-31T12:00:00Z, found ${shown(value)}`,
  );
}

export function thresholdOf(value: unknown, type: FactType): Threshold {
  const { unit, at } = bound(value, type);
  return unit === "number" && typeof at === "number" ? at : Object.freeze({ unit, at });
}

export function intervalOf(value: unknown, type: FactType): Interval {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new OperandError("bad-operand", `between takes a list of two values, found ${shown(value)}`);
  }
  const low = bound(value[0], type);
  const high = bound(value[1], type);
  if (low.unit !== high.unit) throw new OperandError("impossible-type", "both ends must be of the same kind");
  if (compareNumeric(low.at, high.at) > 0) {
    throw new OperandError(
      "contradiction",
      "the first end is greater than the second, so nothing lies between; use any with two conditions to wrap around",
    );
  }
  return Object.freeze({ unit: low.unit, low: low.at, high: high.at });
}
