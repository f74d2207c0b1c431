import type { CompiledFact, CompiledRule } from "../compile/compiled.ts";
import type { Context } from "../evaluate/context.ts";
import type { JsonObject } from "#api";
import { CounterSet } from "./counter-set.ts";
import { FactTable } from "./fact-table.ts";
import type { ValueGuard } from "./guard.ts";
import { PersistentMap } from "./persistent-map.ts";
import { appended, without, type Candidates, type Entry } from "./posting.ts";

type Tables = readonly FactTable[];
interface Parts {
  readonly tables: Tables;
  readonly byKey: PersistentMap<Tables>;
  readonly counted: Tables;
  readonly every: readonly Entry[];
  readonly counters: CounterSet;
}

const none: readonly never[] = Object.freeze([]);
/** So many tables are walked by each review; that takes less time than looking up its arguments. */
const WALKED = 8;

/** The rules under one tool, or under none. Never changed, copied with one more or less. */
export class Bucket implements Parts {
  /** By facts that are known before the ledger is asked. */
  readonly tables: Tables;
  /** By further arguments, under the first key of their path: a bucket may know thousands, a review has a few. */
  readonly byKey: PersistentMap<Tables>;
  /** By counters. */
  readonly counted: Tables;
  /** Rules without a guard. */
  readonly every: readonly Entry[];
  /** What the rules here look at, guarded by it or not. */
  readonly counters: CounterSet;

  private constructor(parts: Parts) {
    this.tables = parts.tables;
    this.byKey = parts.byKey;
    this.counted = parts.counted;
    this.every = parts.every;
    this.counters = parts.counters;
  }

  static readonly empty: Bucket = new Bucket({
    tables: none,
    byKey: PersistentMap.empty<Tables>(),
    counted: none,
    every: none,
    counters: CounterSet.none,
  });

  #copy(changed: Partial<Parts>): Bucket {
    return new Bucket({
      tables: changed.tables ?? this.tables,
      byKey: changed.byKey ?? this.byKey,
      counted: changed.counted ?? this.counted,
      every: changed.every ?? this.every,
      counters: changed.counters ?? this.counters,
    });
  }

  get isEmpty(): boolean {
    return this.tables.length + this.byKey.size + this.counted.length + this.every.length === 0;
  }

  with(guard: ValueGuard | undefined, rule: CompiledRule, entry: Entry): Bucket {
    const counters = this.counters.with(rule);
    if (guard === undefined) return this.#copy({ every: appended(this.every, entry), counters });
    return this.#change(guard.fact, counters, (table) => table.with(guard, entry));
  }

  without(guard: ValueGuard | undefined, rule: CompiledRule): Bucket {
    const counters = this.counters.without(rule);
    if (guard === undefined) return this.#copy({ every: without(this.every, rule), counters });
    return this.#change(guard.fact, counters, (table) => table.without(guard, rule));
  }

  #change(fact: CompiledFact, counters: CounterSet, change: (table: FactTable) => FactTable): Bucket {
    if (fact.kind === "counter") return this.#copy({ counted: replaced(this.counted, fact, change), counters });
    const key = this.#keyOf(fact);
    if (key === undefined) return this.#copy({ tables: replaced(this.tables, fact, change), counters });
    const tables = replaced(this.byKey.get(key) ?? none, fact, change);
    const byKey = tables.length === 0 ? this.byKey.delete(key) : this.byKey.set(key, tables);
    return this.#copy({ byKey, counters });
  }

  /** The key under which an argument's table stands, unless it stands among the first few. */
  #keyOf(fact: CompiledFact): string | undefined {
    const key = firstKey(fact);
    if (key === undefined || placeOf(this.tables, fact) !== -1) return undefined;
    const isKnown = placeOf(this.byKey.get(key) ?? none, fact) !== -1;
    return isKnown || this.tables.length >= WALKED ? key : undefined;
  }

  /** Finds the candidates that can be known before the ledger is asked. */
  visit(context: Context, found: Candidates): void {
    visitTables(this.tables, context, found);
    if (this.byKey.size > 0) this.#visitArguments(context.input.args, context, found);
    if (this.every.length > 0) this.visitEvery(found);
  }

  /** Rules that no fact leads to. */
  visitEvery(found: Candidates): void {
    found.addAll(this.every);
  }

  #visitArguments(args: JsonObject, context: Context, found: Candidates): void {
    for (const key in args) {
      if (!Object.hasOwn(args, key)) continue;
      const tables = this.byKey.get(key);
      if (tables !== undefined) visitTables(tables, context, found);
    }
  }

  /** Finds the candidates that counters decide; `denials` says whether those guarded by denials_in_run are meant, or the others. */
  visitCounted(context: Context, found: Candidates, denials: boolean): void {
    for (const table of this.counted) {
      if ((table.fact.kind === "counter" && table.fact.counter.metric === "denials") === denials)
        table.visit(context, found);
    }
  }
}

function visitTables(tables: Tables, context: Context, found: Candidates): void {
  for (let at = 0; at < tables.length; at++) (tables[at] as FactTable).visit(context, found);
}

/** Absent when the path begins otherwise: a review's arguments are an object, and its keys are its own. */
function firstKey(fact: CompiledFact): string | undefined {
  const first = fact.kind === "args" ? fact.path[0] : undefined;
  return typeof first === "string" ? first : undefined;
}

function placeOf(tables: Tables, fact: CompiledFact): number {
  return tables.findIndex((table) => table.fact.key === fact.key);
}

function replaced(tables: Tables, fact: CompiledFact, change: (table: FactTable) => FactTable): Tables {
  const at = placeOf(tables, fact);
  const changed = change(tables[at] ?? FactTable.empty(fact));
  if (at === -1) return tables.toSpliced(tables.length, 0, changed);
  return changed.isEmpty ? tables.toSpliced(at, 1) : tables.with(at, changed);
}
