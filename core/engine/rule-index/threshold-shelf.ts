import type { JsonValue } from "#api";
import type { CompiledRule, Interval } from "../compile/compiled.ts";
import { orderedValue, whyNot, type Unit } from "../operators/ordering.ts";
import { atLeast, atMost } from "./doubles.ts";
import type { ValueGuard } from "./guard.ts";
import { IntervalRules } from "./interval-rules.ts";
import type { Candidates, Entry } from "./posting.ts";
import type { Range } from "./range.ts";
import { SortedRules } from "./sorted-rules.ts";

type Threshold = Extract<ValueGuard, { shelf: "threshold" }>;

/** `lower` are `gt` and `gte`: a value visits what is not greater. `upper` are `lt` and `lte`: it visits what is not less. */
interface Bounds {
  readonly lower: SortedRules;
  readonly upper: SortedRules;
}

interface Parts {
  readonly mixed: Bounds;
  readonly sole: Bounds;
  readonly intervals: IntervalRules;
}

const unbounded: Bounds = Object.freeze({ lower: SortedRules.none, upper: SortedRules.none });

/** Rules guarded by a threshold on one fact, in one unit. Never changed, copied with one more or less. */
export class ThresholdShelf implements Parts {
  readonly unit: Unit;
  /** Rules with other conditions besides. */
  readonly mixed: Bounds;
  /** Rules that nothing else decides: a value that is no number makes all of them unevaluable, and none has to be looked at. */
  readonly sole: Bounds;
  readonly intervals: IntervalRules;

  private constructor(unit: Unit, { mixed, sole, intervals }: Parts) {
    this.unit = unit;
    this.mixed = mixed;
    this.sole = sole;
    this.intervals = intervals;
  }

  static empty(unit: Unit): ThresholdShelf {
    return new ThresholdShelf(unit, { mixed: unbounded, sole: unbounded, intervals: IntervalRules.none });
  }

  get isEmpty(): boolean {
    return countOf(this.mixed) + countOf(this.sole) + this.intervals.size === 0;
  }

  with(guard: Threshold, entry: Entry): ThresholdShelf {
    return this.#change(
      guard,
      (rules, key) => rules.with(key, entry),
      (rules, interval) => rules.with(interval, entry),
    );
  }

  without(guard: Threshold, rule: CompiledRule): ThresholdShelf {
    return this.#change(
      guard,
      (rules, key) => rules.without(key, rule),
      (rules, interval) => rules.without(interval, rule),
    );
  }

  #change(
    guard: Threshold,
    sorted: (rules: SortedRules, key: number) => SortedRules,
    between: (rules: IntervalRules, interval: Interval) => IntervalRules,
  ): ThresholdShelf {
    const { unit, mixed, sole, intervals } = this;
    if (guard.side === "within") {
      return new ThresholdShelf(unit, { mixed, sole, intervals: between(intervals, guard.operand) });
    }
    const at = typeof guard.operand === "number" ? guard.operand : guard.operand.at;
    const { lower, upper } = guard.sole ? sole : mixed;
    const bounds =
      guard.side === "above"
        ? { lower: sorted(lower, atMost(at)), upper }
        : { lower, upper: sorted(upper, atLeast(at)) };
    return new ThresholdShelf(
      unit,
      guard.sole ? { mixed, sole: bounds, intervals } : { mixed: bounds, sole, intervals },
    );
  }

  /** Nobody can say on which side a value lies that is no number of the unit: then every rule is visited. */
  visit(value: JsonValue, found: Candidates): void {
    if (typeof value === "number" && this.unit === "number") {
      this.#visitBetween(value, value, found);
      return;
    }
    const number = orderedValue(value, this.unit);
    if (number === undefined) this.#visitUnordered(found);
    else this.#visitBetween(atMost(number), atLeast(number), found);
  }

  #visitBetween(least: number, most: number, found: Candidates): void {
    if (this.sole !== unbounded) visitBounds(this.sole, least, most, found);
    if (this.mixed !== unbounded) visitBounds(this.mixed, least, most, found);
    if (this.intervals.size > 0) this.intervals.visit(least, most, found);
  }

  #visitUnordered(found: Candidates): void {
    this.visitUnsure(found);
    visitBoth(this.mixed, found);
    this.intervals.visitAll(found);
  }

  /** For several values: what one of them may satisfy. A rule that is unevaluable for one may be true for another, so it has to be looked at. */
  visitRange({ least, most, isBroken }: Range, found: Candidates): void {
    if (isBroken) this.visitAll(found);
    else if (least <= most) this.#visitBetween(least, most, found);
  }

  visitUnsure(found: Candidates): void {
    const why = whyNot[this.unit];
    for (const { entries } of [this.sole.lower, this.sole.upper]) {
      // A rule that stands here stands nowhere else.
      if (entries.length > 0) found.addUnsure(entries as readonly CompiledRule[], why);
    }
  }

  visitAll(found: Candidates): void {
    visitBoth(this.sole, found);
    visitBoth(this.mixed, found);
    this.intervals.visitAll(found);
  }
}

function countOf({ lower, upper }: Bounds): number {
  return lower.keys.length + upper.keys.length;
}

function visitBounds({ lower, upper }: Bounds, least: number, most: number, found: Candidates): void {
  if (lower.keys.length > 0) lower.visit(0, lower.countUpTo(most), found);
  if (upper.keys.length > 0) upper.visit(upper.countBelow(least), upper.keys.length, found);
}

function visitBoth({ lower, upper }: Bounds, found: Candidates): void {
  lower.visit(0, lower.keys.length, found);
  upper.visit(0, upper.keys.length, found);
}
