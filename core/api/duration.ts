/** Durations as Kubernetes writes them: `90s`, `1h30m`, `500ms`; also `d` for 24 hours, for windows of up to 31 days. */
export const DURATION_PATTERN = "^([0-9]{1,9}(ms|s|m|h|d)){1,5}$";

const whole = new RegExp(DURATION_PATTERN);
const part = /([0-9]{1,9})(ms|s|m|h|d)/g;
const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 64 || !whole.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(part)) total += Number(amount) * unitMs[unit as keyof typeof unitMs];
  return Number.isSafeInteger(total) ? total : undefined;
}

/** The shortest exact spelling: 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = ms;
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs[unit];
  }
  return text;
}
