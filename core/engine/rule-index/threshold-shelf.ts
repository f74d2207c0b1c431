import type { JsonValue } from "#api";
import type { CompiledRule, Interval } from "../compile/compiled.ts";
import { orderedValue, type Unit } from "../operators/ordering.ts";
import { atLeast, atMost } from "./doubles.ts";
import type { ValueGuard } from "./guard.ts";
import { IntervalRules } from "./interval-rules.ts";
import type { Candidates, Entry } from "./posting.ts";
import { SortedRules } from "./sorted-rules.ts";

type Threshold = Extract<ValueGuard, { shelf: "threshold" }>;

/** Rules guarded by a threshold on one fact, in one unit: those that want a value above, below, and within. */
export class ThresholdShelf {
  readonly unit: Unit;
  /** `gt`, `gte`: by operand; a value visits what is not greater. */
  readonly lower: SortedRules;
  /** `lt`, `lte`: by operand; a value visits what is not less. */
  readonly upper: SortedRules;
  readonly intervals: IntervalRules;

  private constructor(unit: Unit, lower: SortedRules, upper: SortedRules, intervals: IntervalRules) {
    this.unit = unit;
    this.lower = lower;
    this.upper = upper;
    this.intervals = intervals;
  }

  static empty(unit: Unit): ThresholdShelf {
    return new ThresholdShelf(unit, SortedRules.none, SortedRules.none, IntervalRules.none);
  }

  get isEmpty(): boolean {
    return this.lower.keys.length + this.upper.keys.length + this.intervals.size === 0;
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
    { side, operand }: Threshold,
    sorted: (rules: SortedRules, key: number) => SortedRules,
    between: (rules: IntervalRules, interval: Interval) => IntervalRules,
  ): ThresholdShelf {
    const { unit, lower, upper, intervals } = this;
    if (side === "within") return new ThresholdShelf(unit, lower, upper, between(intervals, operand));
    const at = typeof operand === "number" ? operand : operand.at;
    return side === "above"
      ? new ThresholdShelf(unit, sorted(lower, atMost(at)), upper, intervals)
      : new ThresholdShelf(unit, lower, sorted(upper, atLeast(at)), intervals);
  }

  /** Nobody can say on which side a value lies that is no number of the unit: then every rule is visited. */
  visit(value: JsonValue, found: Candidates): void {
    const number = orderedValue(value, this.unit);
    if (number === undefined) {
      this.visitAll(found);
      return;
    }
    this.lower.visit(0, this.lower.countUpTo(atLeast(number)), found);
    this.upper.visit(this.upper.countBelow(atMost(number)), this.upper.keys.length, found);
    this.intervals.visit(atMost(number), atLeast(number), found);
  }

  visitAll(found: Candidates): void {
    this.lower.visit(0, this.lower.keys.length, found);
    this.upper.visit(0, this.upper.keys.length, found);
    this.intervals.visitAll(found);
  }
}
