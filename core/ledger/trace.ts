import { LONGEST_WINDOW_MS } from "./limits.ts";

const COMPACT_AT = 128;
/** The newest entries stay exact, whatever their age. */
const EXACT = 64;
/** Older ones are kept to this part of their age. */
const PRECISION = 16;

/**
 * When something happened, for counts over sliding windows of up to 31 days. The newest 64 instants are exact; older ones move up to the
 * next point of a grid whose step is at most a sixteenth of their age (a power of two, so that moving twice ends where moving once does). So a count never
 * misses one that is inside the window, and one leaves it at most a sixteenth of the window late; memory is some 700 entries at most.
 * Reading is a binary search over running totals.
 */
export class Trace {
  readonly #times: number[] = [];
  /** Running totals: how many happened up to and including this entry. */
  readonly #totals: number[] = [];
  #dropped = 0;
  #compactAt = COMPACT_AT;

  get entries(): number {
    return this.#times.length;
  }

  get lastAt(): number {
    return this.#times.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  add(at: number, now: number, count = 1): void {
    const last = this.#times.length - 1;
    const lastAt = this.lastAt;
    if (at > lastAt) {
      this.#times.push(at);
      this.#totals.push((this.#totals[last] ?? this.#dropped) + count);
      if (this.#times.length >= this.#compactAt) this.#compact(now);
      return;
    }
    if (at < now - LONGEST_WINDOW_MS) return;
    const i = this.#firstFrom(at);
    if (this.#times[i] !== at) {
      this.#times.splice(i, 0, at);
      this.#totals.splice(i, 0, this.#totals[i - 1] ?? this.#dropped);
    }
    this.#shift(i, count);
  }

  /** Takes back one that was added with this instant; nothing if it is older than any window. */
  remove(at: number, now: number): void {
    if (at < now - LONGEST_WINDOW_MS) return;
    for (let i = this.#firstFrom(at); i < this.#times.length; i++) {
      if ((this.#totals[i] ?? 0) > (this.#totals[i - 1] ?? this.#dropped)) {
        this.#shift(i, -1);
        return;
      }
    }
  }

  /** How many happened after `from`: an event at `t` is inside a window of `w` while now - t < w. */
  after(from: number): number {
    const last = this.#totals.length - 1;
    if (last < 0) return 0;
    const i = this.#firstFrom(from + 1);
    return (this.#totals[last] ?? 0) - (this.#totals[i - 1] ?? this.#dropped);
  }

  forEach(visit: (at: number, count: number) => void): void {
    let before = this.#dropped;
    for (let i = 0; i < this.#times.length; i++) {
      const total = this.#totals[i] ?? before;
      if (total > before) visit(this.#times[i] ?? 0, total - before);
      before = total;
    }
  }

  #shift(from: number, by: number): void {
    for (let i = from; i < this.#totals.length; i++) this.#totals[i] = (this.#totals[i] ?? 0) + by;
  }

  #firstFrom(at: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compact(now: number): void {
    const exactFrom = this.#times.length - EXACT;
    let kept = -1;
    let previous = Number.NEGATIVE_INFINITY;
    let dropped = this.#dropped;
    for (let i = 0; i < this.#times.length; i++) {
      const total = this.#totals[i] ?? 0;
      const time = Math.max(previous, moved(this.#times[i] ?? 0, i < exactFrom ? now : 0));
      if (time <= now - LONGEST_WINDOW_MS) {
        dropped = total;
        continue;
      }
      if (kept < 0 || time !== this.#times[kept]) kept++;
      this.#times[kept] = time;
      this.#totals[kept] = total;
      previous = time;
    }
    this.#times.length = this.#totals.length = kept + 1;
    this.#dropped = dropped;
    this.#compactAt = Math.max(COMPACT_AT, this.#times.length * 2);
  }
}

function moved(at: number, now: number): number {
  const age = now - at;
  if (age < 2 * PRECISION) return at;
  const step = 2 ** Math.floor(Math.log2(age / PRECISION));
  return Math.ceil(at / step) * step;
}
