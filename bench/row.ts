/** One line of docs/benchmarks.md. */
export interface Row {
  readonly what: string;
  readonly target: string;
  readonly median: string;
  /** Smallest to largest of the rounds. */
  readonly spread: string;
  readonly verdict: "met" | "missed" | "reported";
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new RangeError("no values");
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** Nearest rank: the least value that `share` of all are at or under. Sorts in place. */
export function percentileOf(values: Float64Array, share: number): number {
  values.sort();
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN;
}

export function spreadOf(values: readonly number[], digits: number): string {
  return `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;
}
