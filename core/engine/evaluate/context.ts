import type { CounterReadings, ReviewInput, Truth } from "../model.ts";
import { UNEVALUABLE } from "../model.ts";
import { ReviewMemory } from "./review-memory.ts";

/** Why a condition could not be evaluated; stands after `runtime_error:` in reasons, so the set is small and fixed. */
export type Why =
  | "not_a_number"
  | "not_a_duration"
  | "not_a_timestamp"
  | "not_an_address"
  | "wrong_type"
  | "too_large"
  | "scan_limit"
  | "cel_error"
  | "counter_unreadable"
  | "cost_unknown"
  | "no_user"
  | "labels_unreadable"
  | "modify_failed";

/**
 * What one evaluation looks at, and what it remembers: the reason of the first unevaluable condition, and, in `memory`, the results
 * of costly scans. It lives for one evaluation; another pass over changed arguments needs another context, with the same memory.
 */
export class Context {
  readonly input: ReviewInput;
  readonly readings: CounterReadings;
  /** Added to `denials_in_run`: 1 once this action is known to be denied by another rule (api.md "counts; include this action"). */
  extraDenials: 0 | 1 = 0;
  /** Why the last `truthOf` answered unevaluable, and the fact it stumbled over. Empty otherwise. */
  why: Why | "" = "";
  whyFact = "";
  #memory: ReviewMemory | undefined;

  constructor(input: ReviewInput, readings: CounterReadings) {
    this.input = input;
    this.readings = readings;
  }

  /** The review's, or its own where the input has none. */
  get memory(): ReviewMemory {
    return (this.#memory ??= this.input.memory ?? new ReviewMemory());
  }

  /** Notes the reason (the first one stays) and answers unevaluable. */
  unevaluable(why: Why): Truth {
    if (this.why === "") this.why = why;
    return UNEVALUABLE;
  }
}

/** `readings` are the counters the plan asked for; one that is missing is unreadable. */
export function createContext(input: ReviewInput, readings: CounterReadings): Context {
  return new Context(input, readings);
}
