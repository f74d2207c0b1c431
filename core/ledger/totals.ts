import type { LedgerLimits } from "./limits.ts";

/** How many distinct calls all runs together may still remember. */
export interface CallBudget {
  used: number;
  readonly max: number;
}

export type Count = number | { readonly unreadable: string };

/** What one run (or one tree of runs) did: the counters that live as long as it. */
export class Totals {
  toolCalls = 0;
  denials = 0;
  cost = 0;
  tokens = 0;
  readonly #tools: Tally;
  readonly #calls: Tally;
  readonly #options: TotalsOptions;

  constructor(options: TotalsOptions) {
    this.#options = options;
    this.#tools = new Tally(options.limits.maxToolsPerRun, undefined);
    this.#calls = new Tally(options.limits.maxCallsPerRun, options.budget);
  }

  /** Counts one tool_call review, or takes it back with -1. */
  call(tool: string | undefined, callDigest: string | undefined, by: 1 | -1): void {
    this.toolCalls += by;
    if (tool !== undefined) this.#tools.add(tool, by);
    if (callDigest !== undefined) this.#calls.add(callDigest, by);
  }

  callsTo(tool: string | undefined): Count {
    return tool === undefined ? 0 : this.#tools.get(tool, "too_many_tools_in_run");
  }

  identicalCalls(callDigest: string | undefined): Count {
    return callDigest === undefined ? 0 : this.#calls.get(callDigest, "too_many_calls_in_run");
  }

  clone(): Totals {
    const copy = new Totals(this.#options);
    copy.toolCalls = this.toolCalls;
    copy.denials = this.denials;
    copy.cost = this.cost;
    copy.tokens = this.tokens;
    copy.#tools.addAll(this.#tools);
    copy.#calls.addAll(this.#calls);
    return copy;
  }

  /** Gives back what it holds of the budget. Not to be used afterwards. */
  release(): void {
    this.#calls.clear();
  }
}

export interface TotalsOptions {
  readonly limits: Pick<LedgerLimits, "maxToolsPerRun" | "maxCallsPerRun">;
  readonly budget: CallBudget;
}

/** Counts by key, of a bounded number of keys. Once one did not fit, no new key is taken: it may be one that was missed before. */
class Tally {
  readonly #max: number;
  readonly #budget: CallBudget | undefined;
  #counts: Map<string, number> | undefined;
  #full = false;

  constructor(max: number, budget: CallBudget | undefined) {
    this.#max = max;
    this.#budget = budget;
  }

  add(key: string, by: number): void {
    const counts = (this.#counts ??= new Map());
    const known = counts.get(key);
    if (known !== undefined) counts.set(key, known + by);
    else if (by > 0 && this.#mayGrow(counts)) {
      counts.set(key, by);
      if (this.#budget !== undefined) this.#budget.used++;
    }
  }

  get(key: string, unreadable: string): Count {
    return this.#counts?.get(key) ?? (this.#full ? { unreadable } : 0);
  }

  addAll(other: Tally): void {
    this.#full ||= other.#full;
    for (const [key, count] of other.#counts ?? []) this.add(key, count);
  }

  clear(): void {
    if (this.#budget !== undefined) this.#budget.used -= this.#counts?.size ?? 0;
    this.#counts = undefined;
  }

  #mayGrow(counts: Map<string, number>): boolean {
    const room = counts.size < this.#max && (this.#budget === undefined || this.#budget.used < this.#budget.max);
    this.#full ||= !room;
    return !this.#full;
  }
}
