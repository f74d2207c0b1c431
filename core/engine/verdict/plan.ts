import type { CounterRef } from "#api";
import { READS_COUNTER, READS_DENIALS, type CompiledRule } from "../compile/compiled.ts";
import { createContext, type Context } from "../evaluate/context.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import {
  UNEVALUABLE,
  type CounterLimit,
  type CounterReadings,
  type Plan,
  type ReviewInput,
  type Verdict,
} from "../model.ts";
import type { Bucket } from "../rule-index/bucket.ts";
import { limitsOf } from "../rule-index/limits.ts";
import { Candidates } from "../rule-index/posting.ts";
import { PolicyIndex, type RuleIndex } from "../rule-index/rule-index.ts";
import { strengthOf } from "./precedence.ts";
import { Tally } from "./tally.ts";

const unread: CounterReadings = new Map();
const none: readonly never[] = Object.freeze([]);

/**
 * The first half of a review: finds and evaluates every rule that needs no counter, and says which counters the others need.
 * Throws TypeError for an index that was not made by `emptyIndex` and `with`.
 */
export function plan(index: RuleIndex, input: ReviewInput): Plan {
  if (!(index instanceof PolicyIndex)) throw new TypeError("not an index of this engine");
  return new OpenReview(index, input);
}

/** The second half, once the counters were read. It may be asked again with other readings: the plan does not change. */
export function decide(planned: Plan, readings: CounterReadings): Verdict {
  if (!(planned instanceof OpenReview)) throw new TypeError("not a plan of this engine");
  return planned.decide(readings);
}

class OpenReview implements Plan {
  readonly counters: readonly CounterRef[];
  readonly limits: readonly CounterLimit[];
  readonly refusedAlready: boolean;
  readonly #index: PolicyIndex;
  readonly #input: ReviewInput;
  /** What one half scanned, the other need not scan again. */
  readonly #context: Context;
  readonly #buckets: readonly Bucket[];
  readonly #candidates: Candidates;
  /** Candidates that look at a counter. */
  readonly #waiting: readonly CompiledRule[];
  #tally: Tally | undefined;

  constructor(index: PolicyIndex, input: ReviewInput) {
    this.#index = index;
    this.#input = input;
    const { action, tool, subject } = input;
    // Other actions have no tool, whatever the caller sends.
    this.#buckets = index.collect(subject.namespace, action === "tool_call" ? tool : undefined);
    this.#candidates = new Candidates();
    const context = createContext(input, unread);
    this.#context = context;
    visitAll(this.#buckets, context, this.#candidates);
    const { tally, waiting } = evaluated(this.#candidates, context);
    this.#tally = tally;
    this.#waiting = waiting;
    this.counters = countersOf(this.#buckets);
    this.limits = this.counters.length === 0 ? none : limitsFor(this.#buckets, waiting);
    const { winner } = tally;
    this.refusedAlready = winner !== undefined && strengthOf(winner.decision) >= strengthOf("require_approval");
  }

  decide(readings: CounterReadings): Verdict {
    const tally = this.#takeTally();
    if (this.counters.length > 0) this.#decideCounted(tally, readings);
    return tally.verdict(this.#index.policiesFor(this.#input), this.#index.revision);
  }

  /** What the first half found goes into the first verdict; for another one it is found again. */
  #takeTally(): Tally {
    const tally = this.#tally ?? evaluated(this.#candidates, createContext(this.#input, unread)).tally;
    this.#tally = undefined;
    return tally;
  }

  #decideCounted(tally: Tally, readings: CounterReadings): void {
    const context = createContext({ ...this.#input, memory: this.#context.memory }, readings);
    const found = Candidates.after(this.#candidates);
    for (const bucket of this.#buckets) bucket.visitCounted(context, found, false);
    const last: CompiledRule[] = [];
    for (const rule of [...this.#waiting, ...found.rules]) {
      if ((rule.reads & READS_DENIALS) === 0) tally.add(rule, evaluateCondition(rule.condition, context), context.why);
      else last.push(rule);
    }
    // api.md: denials_in_run includes this action, so what looks at it is asked once it is known whether the others deny.
    context.extraDenials = tally.winner?.decision === "deny" && tally.winner.reason === "policy" ? 1 : 0;
    const late = Candidates.after(found);
    for (const bucket of this.#buckets) bucket.visitCounted(context, late, true);
    for (const rule of [...last, ...late.rules]) {
      tally.add(rule, evaluateCondition(rule.condition, context), context.why);
    }
  }
}

function visitAll(buckets: readonly Bucket[], context: Context, found: Candidates): void {
  for (let at = 0; at < buckets.length; at++) (buckets[at] as Bucket).visit(context, found);
}

function evaluated(
  { rules, unsure }: Candidates,
  context: Context,
): { tally: Tally; waiting: readonly CompiledRule[] } {
  const tally = new Tally();
  let waiting: CompiledRule[] | undefined;
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at] as CompiledRule;
    if ((rule.reads & READS_COUNTER) !== 0) (waiting ??= []).push(rule);
    else tally.add(rule, evaluateCondition(rule.condition, context), context.why);
  }
  if (unsure.length > 0) addUnsure(unsure, tally);
  return { tally, waiting: waiting ?? none };
}

function addUnsure(unsure: Candidates["unsure"], tally: Tally): void {
  for (const { rules: all, why } of unsure) {
    for (let at = 0; at < all.length; at++) tally.add(all[at] as CompiledRule, UNEVALUABLE, why);
  }
}

/** Every counter that a rule for this tool looks at: precomputed in each bucket. */
function countersOf(buckets: readonly Bucket[]): readonly CounterRef[] {
  let only: readonly CounterRef[] = none;
  let counting = 0;
  for (let at = 0; at < buckets.length; at++) {
    const { refs } = (buckets[at] as Bucket).counters;
    if (refs.length === 0) continue;
    only = refs;
    counting++;
  }
  if (counting < 2) return only;
  const all = new Map<string, CounterRef>();
  for (const { counters } of buckets) for (const counter of counters.refs) all.set(counter.key, counter);
  return [...all.values()];
}

/** The lowest limit on each counter: of the candidates, and of rules that the counter itself will lead to. */
function limitsFor(buckets: readonly Bucket[], waiting: readonly CompiledRule[]): readonly CounterLimit[] {
  const lowest = new Map<string, CounterLimit>();
  const take = (limit: CounterLimit | undefined): void => {
    if (limit === undefined) return;
    const known = lowest.get(limit.counter.key);
    if (known === undefined || limit.limit < known.limit) lowest.set(limit.counter.key, limit);
  };
  for (const bucket of buckets) for (const table of bucket.counted) take(table.limit);
  for (const rule of waiting) for (const limit of limitsOf(rule)) take(limit);
  return [...lowest.values()];
}
