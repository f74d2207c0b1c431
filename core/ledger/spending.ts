import type { Amount } from "./ledger.ts";
import { LONGEST_SPAN_MS } from "./limits.ts";
import { type Period, QUARTER_MS, type Zone } from "./zones.ts";

/** Kept by the quarter hour at least this long: longer than any day in any zone. */
const FINE_MS = 50 * 3_600_000;
const COMPACT_AT = 384;
const MAX_VIEWS = 16;

/** Sums of one zone, right as long as its period is the zone's present one. */
interface View {
  readonly zone: Zone;
  period: Period;
  dayCost: number;
  dayTokens: number;
  monthCost: number;
  monthTokens: number;
}

/**
 * What one subject (an agent, a user, a namespace, a run tree) spent in the last 33 days, by the quarter hour of the decision, so that a day
 * or month can be summed in any zone. A zone that is asked for once keeps a running sum: reading it again costs the same whatever is behind it.
 * What is older than any zone's present day is kept by the quarter only around the first of a month, where zones disagree on the month;
 * the middle of a month is one entry. So a subject has some 300 entries at most.
 */
export class Spending {
  readonly #keys: number[] = [];
  readonly #cost: number[] = [];
  readonly #tokens: number[] = [];
  readonly #views: View[] = [];
  #compactAt = COMPACT_AT;

  /** Adds micro-dollars and tokens, negative to take back, to the quarter hour of `at`. What is older than any span is not kept. */
  add(at: number, amount: Amount, now: number): void {
    if (at < now - LONGEST_SPAN_MS) return;
    const i = this.#slot(keyOf(at, now), now);
    this.#cost[i] = (this.#cost[i] ?? 0) + amount.cost;
    this.#tokens[i] = (this.#tokens[i] ?? 0) + amount.tokens;
    for (const view of this.#views) addToView(view, at, amount);
  }

  day(zone: Zone, now: number): Amount {
    const view = this.#view(zone, now);
    return { cost: view.dayCost, tokens: view.dayTokens };
  }

  month(zone: Zone, now: number): Amount {
    const view = this.#view(zone, now);
    return { cost: view.monthCost, tokens: view.monthTokens };
  }

  get entries(): number {
    return this.#keys.length;
  }

  #slot(key: number, now: number): number {
    const last = this.#keys.length - 1;
    if (last >= 0 && this.#keys[last] === key) return last;
    const i = this.#firstFrom(key);
    if (this.#keys[i] === key) return i;
    this.#keys.splice(i, 0, key);
    this.#cost.splice(i, 0, 0);
    this.#tokens.splice(i, 0, 0);
    if (this.#keys.length < this.#compactAt) return i;
    this.#compact(now);
    this.#compactAt = Math.max(COMPACT_AT, this.#keys.length + COMPACT_AT / 4);
    return this.#slot(key, now);
  }

  /** Index of the first entry at or after the quarter. */
  #firstFrom(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compact(now: number): void {
    const oldest = now - LONGEST_SPAN_MS;
    let kept = 0;
    for (let i = 0; i < this.#keys.length; i++) {
      const from = this.#key(i) * QUARTER_MS;
      if (middleOfMonthEnd(from) < oldest && from < oldest) continue;
      const key = keyOf(from, now);
      const cost = this.#cost[i] ?? 0;
      const tokens = this.#tokens[i] ?? 0;
      if (kept > 0 && this.#key(kept - 1) === key) {
        this.#cost[kept - 1]! += cost;
        this.#tokens[kept - 1]! += tokens;
        continue;
      }
      this.#keys[kept] = key;
      this.#cost[kept] = cost;
      this.#tokens[kept] = tokens;
      kept++;
    }
    this.#keys.length = this.#cost.length = this.#tokens.length = kept;
  }

  #key(i: number): number {
    return this.#keys[i] ?? Number.NEGATIVE_INFINITY;
  }

  #view(zone: Zone, now: number): View {
    const period = zone.period(now);
    let view = this.#views.find((candidate) => candidate.zone === zone);
    if (view === undefined) {
      view = { zone, period, dayCost: 0, dayTokens: 0, monthCost: 0, monthTokens: 0 };
      if (this.#views.length >= MAX_VIEWS) this.#views.shift();
      this.#views.push(view);
    } else if (view.period === period) {
      return view;
    }
    this.#sum(view, period);
    return view;
  }

  #sum(view: View, period: Period): void {
    view.period = period;
    view.dayCost = view.dayTokens = view.monthCost = view.monthTokens = 0;
    for (let i = this.#firstFrom(period.monthStart / QUARTER_MS); i < this.#keys.length; i++) {
      const amount = { cost: this.#cost[i] ?? 0, tokens: this.#tokens[i] ?? 0 };
      addToView(view, (this.#keys[i] ?? 0) * QUARTER_MS, amount);
    }
  }
}

function addToView(view: View, at: number, amount: Amount): void {
  const { period } = view;
  if (at >= period.monthStart && at < period.monthEnd) {
    view.monthCost += amount.cost;
    view.monthTokens += amount.tokens;
  }
  if (at >= period.dayStart && at < period.dayEnd) {
    view.dayCost += amount.cost;
    view.dayTokens += amount.tokens;
  }
}

/** The entry an instant is kept in: its quarter hour, or long ago the middle of its month. */
function keyOf(at: number, now: number): number {
  const quarter = Math.floor(at / QUARTER_MS);
  if (at > now - FINE_MS) return quarter;
  const date = new Date(at);
  const start = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1, 12);
  return at >= start && at < middleOfMonthEnd(at) ? start / QUARTER_MS : quarter;
}

/** From 12 h after to 14 h before a month's first midnight in UTC every zone (UTC-12 to UTC+14) agrees which month it is. */
function middleOfMonthEnd(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - 14 * 3_600_000;
}
