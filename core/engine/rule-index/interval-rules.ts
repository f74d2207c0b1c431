import type { CompiledRule, Interval } from "../compile/compiled.ts";
import { atLeast, atMost } from "./doubles.ts";
import type { Candidates, Entry } from "./posting.ts";
import { SortedRules } from "./sorted-rules.ts";

/** Rules guarded by `between`, by their lower ends; never changed, copied with one more or less. */
export class IntervalRules {
  readonly #rules: SortedRules;
  readonly #highs: readonly number[];
  /** The greatest upper end so far: below it, going down from a value's place may stop. */
  readonly #reach: readonly number[];

  private constructor(rules: SortedRules, highs: readonly number[]) {
    this.#rules = rules;
    this.#highs = highs;
    let most = Number.NEGATIVE_INFINITY;
    this.#reach = highs.map((high) => (most = Math.max(most, high)));
  }

  static readonly none: IntervalRules = new IntervalRules(SortedRules.none, []);

  get size(): number {
    return this.#highs.length;
  }

  with({ low, high }: Interval, entry: Entry): IntervalRules {
    const key = atMost(low);
    return new IntervalRules(
      this.#rules.with(key, entry),
      this.#highs.toSpliced(this.#rules.countUpTo(key), 0, atLeast(high)),
    );
  }

  without({ low }: Interval, rule: CompiledRule): IntervalRules {
    const rules = this.#rules.without(atMost(low), rule);
    if (rules === this.#rules) return this;
    const at = this.#rules.entries.findIndex((entry, place) => entry !== rules.entries[place]);
    return new IntervalRules(rules, this.#highs.toSpliced(at, 1));
  }

  /** The intervals that may hold a value of which only these two bounds are known. */
  visit(least: number, most: number, found: Candidates): void {
    for (let at = this.#rules.countUpTo(most) - 1; at >= 0 && (this.#reach[at] as number) >= least; at--) {
      if ((this.#highs[at] as number) >= least) found.add(this.#rules.entries[at] as Entry);
    }
  }

  visitAll(found: Candidates): void {
    this.#rules.visit(0, this.size, found);
  }
}
