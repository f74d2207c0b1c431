import type { CounterRef } from "#api";
import type { CompiledRule } from "../compile/compiled.ts";
import { READS_COUNTER } from "../compile/compiled.ts";
import { factsOf } from "../compile/rule.ts";
import { PersistentMap } from "./persistent-map.ts";

interface Use {
  readonly counter: CounterRef;
  readonly places: number;
}

/** The counters that rules look at, with how many places use each. Never changed, copied with more or less. */
export class CounterSet {
  readonly refs: readonly CounterRef[];
  readonly #uses: PersistentMap<Use>;

  private constructor(refs: readonly CounterRef[], uses: PersistentMap<Use>) {
    this.refs = refs;
    this.#uses = uses;
  }

  static readonly none: CounterSet = new CounterSet([], PersistentMap.empty<Use>());

  with(rule: CompiledRule): CounterSet {
    let { refs } = this;
    let uses = this.#uses;
    for (const counter of countersOf(rule)) {
      const use = uses.get(counter.key);
      if (use === undefined) refs = refs.toSpliced(refs.length, 0, counter);
      uses = uses.set(counter.key, { counter, places: (use?.places ?? 0) + 1 });
    }
    return uses === this.#uses ? this : new CounterSet(refs, uses);
  }

  without(rule: CompiledRule): CounterSet {
    let { refs } = this;
    let uses = this.#uses;
    for (const { key } of countersOf(rule)) {
      const use = uses.get(key);
      if (use === undefined) continue;
      if (use.places > 1) uses = uses.set(key, { ...use, places: use.places - 1 });
      else {
        uses = uses.delete(key);
        refs = refs.filter((counter) => counter.key !== key);
      }
    }
    return uses === this.#uses ? this : new CounterSet(refs, uses);
  }
}

function countersOf(rule: CompiledRule): readonly CounterRef[] {
  if ((rule.reads & READS_COUNTER) === 0) return [];
  const counters = new Map<string, CounterRef>();
  for (const fact of factsOf(rule.condition)) if (fact.kind === "counter") counters.set(fact.counter.key, fact.counter);
  return [...counters.values()];
}
