import type { Numeric } from "../decimal.ts";

/**
 * Doubles that are certainly not above, or not below, a number that may have no double of its own. The index sorts and seeks by them and so
 * finds a rule too many now and then, never one too few; the evaluator compares exactly.
 */
export function atMost(value: Numeric): number {
  if (typeof value === "number") return value;
  const near = nearest(value);
  return near === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : near - margin(near);
}

export function atLeast(value: Numeric): number {
  if (typeof value === "number") return value;
  const near = nearest(value);
  return near === Number.NEGATIVE_INFINITY ? -Number.MAX_VALUE : near + margin(near);
}

function nearest({ coefficient, exponent }: Exclude<Numeric, number>): number {
  return Number(`${coefficient}e${exponent}`);
}

/** More than the nearest double can be off, also where doubles are at their smallest. */
function margin(near: number): number {
  return Number.isFinite(near) ? Math.abs(near) * Number.EPSILON + Number.MIN_VALUE : 0;
}
