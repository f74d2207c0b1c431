import type { JsonValue } from "#api";
import type { CompiledFact, CompiledRule } from "../compile/compiled.ts";
import type { Context } from "../evaluate/context.ts";
import { readFact, UNREADABLE } from "../evaluate/read.ts";
import type { CounterLimit, Segment } from "../model.ts";
import { visitPath } from "../path.ts";
import type { Unit } from "../operators/ordering.ts";
import { EqualityShelf } from "./equality-shelf.ts";
import type { ValueGuard } from "./guard.ts";
import { lowestLimit } from "./limits.ts";
import { NeedleShelf } from "./needle-shelf.ts";
import { appended, without, type Candidates, type Entry } from "./posting.ts";
import { Range } from "./range.ts";
import { ThresholdShelf } from "./threshold-shelf.ts";

type Threshold = Extract<ValueGuard, { shelf: "threshold" }>;

interface Shelves {
  readonly equality: EqualityShelf;
  /** One for each unit; nearly always one. */
  readonly thresholds: readonly ThresholdShelf[];
  readonly needles: NeedleShelf;
  readonly presence: readonly Entry[];
}

const none: readonly never[] = Object.freeze([]);

/** Every rule that is guarded by one fact, on the shelf of its kind of guard. Never changed, copied with one more or less. */
export class FactTable implements Shelves {
  readonly fact: CompiledFact;
  readonly equality: EqualityShelf;
  readonly thresholds: readonly ThresholdShelf[];
  readonly needles: NeedleShelf;
  readonly presence: readonly Entry[];
  /** For a counter: the lowest limit that its rules set. */
  readonly limit: CounterLimit | undefined;

  private constructor(fact: CompiledFact, shelves: Shelves) {
    this.fact = fact;
    this.equality = shelves.equality;
    this.thresholds = shelves.thresholds;
    this.needles = shelves.needles;
    this.presence = shelves.presence;
    const [thresholds] = shelves.thresholds;
    this.limit =
      fact.kind === "counter" && thresholds !== undefined
        ? lowestLimit(fact.counter.key, thresholds.mixed.lower)
        : undefined;
  }

  static empty(fact: CompiledFact): FactTable {
    return new FactTable(fact, {
      equality: EqualityShelf.empty,
      thresholds: none,
      needles: NeedleShelf.empty,
      presence: none,
    });
  }

  get isEmpty(): boolean {
    return this.equality.isEmpty && this.needles.isEmpty && this.thresholds.length === 0 && this.presence.length === 0;
  }

  with(guard: ValueGuard, entry: Entry): FactTable {
    switch (guard.shelf) {
      case "equality":
        return this.#copy({ equality: this.equality.with(guard.operand, entry) });
      case "threshold":
        return this.#withThreshold(guard, (shelf) => shelf.with(guard, entry));
      case "needle":
        return this.#copy({ needles: this.needles.with(guard.operand, entry) });
      case "presence":
        return this.#copy({ presence: appended(this.presence, entry) });
    }
  }

  without(guard: ValueGuard, rule: CompiledRule): FactTable {
    switch (guard.shelf) {
      case "equality":
        return this.#copy({ equality: this.equality.without(guard.operand, rule) });
      case "threshold":
        return this.#withThreshold(guard, (shelf) => shelf.without(guard, rule));
      case "needle":
        return this.#copy({ needles: this.needles.without(guard.operand, rule) });
      case "presence":
        return this.#copy({ presence: without(this.presence, rule) });
    }
  }

  #copy(changed: Partial<Shelves>): FactTable {
    return new FactTable(this.fact, {
      equality: changed.equality ?? this.equality,
      thresholds: changed.thresholds ?? this.thresholds,
      needles: changed.needles ?? this.needles,
      presence: changed.presence ?? this.presence,
    });
  }

  #withThreshold(guard: Threshold, change: (shelf: ThresholdShelf) => ThresholdShelf): FactTable {
    const unit = unitOf(guard);
    const old = this.thresholds.find((shelf) => shelf.unit === unit);
    const changed = change(old ?? ThresholdShelf.empty(unit));
    const others = this.thresholds.filter((shelf) => shelf !== old);
    return this.#copy({ thresholds: changed.isEmpty ? others : others.toSpliced(others.length, 0, changed) });
  }

  /** Finds the rules that the fact's value may satisfy: all but those whose guard is certainly false. */
  visit(context: Context, found: Candidates): void {
    const { fact } = this;
    if (fact.kind === "args" && fact.wild) {
      this.#visitElements(fact.path, context, found);
      return;
    }
    const value = readFact(fact, context);
    if (value === undefined) return; // absent: every guard is false
    if (value === UNREADABLE) this.visitUnreadable(found);
    else this.#visitValue(value, found);
  }

  /**
   * A path with `[*]` has as many values as the caller likes. What is found for one is not gone through again for the next, and thresholds are looked
   * up once for all of them, so that the work grows with the values plus the rules, not with their product.
   */
  #visitElements(path: readonly Segment[], context: Context, found: Candidates): void {
    const { args } = context.input;
    found.repeating = true;
    const visited = visitPath(args, path, (value) => {
      if (value !== undefined) this.#visitUnordered(value, found);
      return false;
    });
    found.repeating = false;
    if (visited === Infinity) {
      // The evaluator does not look at all of them either: no guard is certainly false.
      this.visitUnreadable(found);
      return;
    }
    for (const shelf of this.thresholds) {
      const range = new Range(shelf.unit);
      visitPath(args, path, (value) => {
        if (value !== undefined) range.add(value);
        return false;
      });
      shelf.visitRange(range, found);
    }
  }

  #visitValue(value: JsonValue, found: Candidates): void {
    for (let at = 0; at < this.thresholds.length; at++) (this.thresholds[at] as ThresholdShelf).visit(value, found);
    this.#visitUnordered(value, found);
  }

  #visitUnordered(value: JsonValue, found: Candidates): void {
    if (this.equality !== EqualityShelf.empty) this.equality.visit(value, found);
    if (this.needles !== NeedleShelf.empty) this.needles.visit(value, found);
    if (this.presence.length > 0) found.addAll(this.presence);
  }

  /** A fact that is there but cannot be read makes every guard on it unevaluable. */
  visitUnreadable(found: Candidates): void {
    this.equality.visitAll(found);
    for (const shelf of this.thresholds) shelf.visitAll(found);
    this.needles.visitAll(found);
    found.addAll(this.presence);
  }
}

function unitOf({ operand }: Threshold): Unit {
  return typeof operand === "number" ? "number" : operand.unit;
}
