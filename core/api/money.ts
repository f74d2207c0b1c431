import { RunlogError } from "./errors.ts";

/**
 * Money is counted in whole micro-dollars (1 USD = 1 000 000): a safe integer holds 9 billion USD exactly, and sums never drift.
 * A finer amount is rounded up, so that a charge is never lost.
 */
export type Micros = number;

export const MICROS_PER_USD = 1_000_000;

const DECIMAL = /^(\d{1,12})(?:\.(\d{1,18}))?$/;

/** Parses a decimal amount of USD such as `"0.0120"`, `1.5` or `"$1.00"`; throws RL_BAD_MONEY for signs, exponents and absurd sizes. */
export function parseUsd(value: unknown, path = "usd"): Micros {
  const text = typeof value === "number" ? plainNumber(value) : value;
  const match = typeof text === "string" ? DECIMAL.exec(text.startsWith("$") ? text.slice(1) : text) : null;
  if (match === null) {
    throw new RunlogError("RL_BAD_MONEY", `${path}: expected a decimal amount of USD at least 0, such as "0.0120"`, {
      path,
    });
  }
  const fraction = (match[2] ?? "").padEnd(6, "0");
  const micros =
    Number(match[1]) * MICROS_PER_USD + Number(fraction.slice(0, 6)) + (/[1-9]/.test(fraction.slice(6)) ? 1 : 0);
  if (!Number.isSafeInteger(micros)) {
    throw new RunlogError("RL_BAD_MONEY", `${path}: the amount is too large to be counted exactly`, { path });
  }
  return micros;
}

/** A JSON number as the decimal it was written as. One so small that it is written with an exponent is less than a micro-dollar, and rounds up to it. */
function plainNumber(value: number): string | undefined {
  if (!Number.isFinite(value) || value < 0 || Object.is(value, -0)) return undefined;
  const text = String(value);
  return text.includes("e-") ? "0.000001" : text;
}

/** Micro-dollars as a decimal string, at least two and at most six digits after the point: `"0.012"` is written `0.012`, `1` is `1.00`. */
export function formatUsd(micros: Micros): string {
  const sign = micros < 0 ? "-" : "";
  const absolute = Math.abs(micros);
  const whole = Math.floor(absolute / MICROS_PER_USD);
  const fraction = String(absolute % MICROS_PER_USD)
    .padStart(6, "0")
    .replace(/0{1,4}$/, "");
  return `${sign}${whole}.${fraction}`;
}
