import { parseDuration, type JsonValue } from "#api";
import { compareNumeric, parseDecimal, type Numeric } from "../decimal.ts";
import type { Context, Why } from "../evaluate/context.ts";
import { FALSE, TRUE, type Truth } from "../model.ts";
import type { Evaluate } from "./operator.ts";
import { parseTimestamp } from "./timestamp.ts";

/** How the value is read: as the operand was written. Counters, money and times are numbers in their own unit by then. */
export type Unit = "number" | "duration" | "timestamp";

/** An operand that is no plain double: exact decimals, durations (milliseconds) and timestamps (nanoseconds since the epoch). */
export interface Bound {
  readonly unit: Unit;
  readonly at: Numeric;
}
/** A plain number is the common case and needs no object. */
export type Threshold = number | Bound;
export interface Interval {
  readonly unit: Unit;
  readonly low: Numeric;
  readonly high: Numeric;
}

/** The value as a number of the unit, or undefined when it is none: then nobody can say on which side it lies. */
export function orderedValue(value: JsonValue, unit: Unit): Numeric | undefined {
  if (unit === "number") {
    if (typeof value === "number") return value;
    return typeof value === "string" ? parseDecimal(value) : undefined;
  }
  if (typeof value !== "string") return undefined;
  return unit === "duration" ? parseDuration(value) : parseTimestamp(value);
}

/** Why a value has no place in the order of a unit. */
export const whyNot: Readonly<Record<Unit, Why>> = {
  number: "not_a_number",
  duration: "not_a_duration",
  timestamp: "not_a_timestamp",
};

/** What is no pair of doubles: negative, zero or positive as the value is smaller, equal or larger; undefined when it is no such quantity. */
function order(value: JsonValue, operand: Threshold): number | undefined {
  const unit = typeof operand === "number" ? "number" : operand.unit;
  const actual = orderedValue(value, unit);
  return actual === undefined ? undefined : compareNumeric(actual, typeof operand === "number" ? operand : operand.at);
}

function unordered(operand: Threshold, context: Context): Truth {
  return context.unevaluable(whyNot[typeof operand === "number" ? "number" : operand.unit]);
}

// Four functions with the common case written out: this is where most of an evaluation's time goes.
export const gt: Evaluate<Threshold> = (value, operand, context) => {
  if (typeof value === "number" && typeof operand === "number") return value > operand ? TRUE : FALSE;
  const found = order(value, operand);
  return found === undefined ? unordered(operand, context) : found > 0 ? TRUE : FALSE;
};
export const gte: Evaluate<Threshold> = (value, operand, context) => {
  if (typeof value === "number" && typeof operand === "number") return value >= operand ? TRUE : FALSE;
  const found = order(value, operand);
  return found === undefined ? unordered(operand, context) : found >= 0 ? TRUE : FALSE;
};
export const lt: Evaluate<Threshold> = (value, operand, context) => {
  if (typeof value === "number" && typeof operand === "number") return value < operand ? TRUE : FALSE;
  const found = order(value, operand);
  return found === undefined ? unordered(operand, context) : found < 0 ? TRUE : FALSE;
};
export const lte: Evaluate<Threshold> = (value, operand, context) => {
  if (typeof value === "number" && typeof operand === "number") return value <= operand ? TRUE : FALSE;
  const found = order(value, operand);
  return found === undefined ? unordered(operand, context) : found <= 0 ? TRUE : FALSE;
};

/** Both ends belong to the interval. */
export const between: Evaluate<Interval> = (value, operand, context) => {
  const actual = orderedValue(value, operand.unit);
  if (actual === undefined) return context.unevaluable(whyNot[operand.unit]);
  return compareNumeric(actual, operand.low) >= 0 && compareNumeric(actual, operand.high) <= 0 ? TRUE : FALSE;
};
