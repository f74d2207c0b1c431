/**
 * A counter a rule can look at, without the subject: whose it is follows from `per` and the caller.
 * Two equal references have equal `key`s, whatever policy they come from.
 */
export type CounterPer = "run" | "agent" | "user" | "namespace" | "cluster";

export type CounterMetric =
  | "cost" // micro-dollars, include this action's estimate
  | "tokens" // include this action's estimate
  | "tool_calls" // tool_call reviews of the run, this one included
  | "calls_to_tool" // the same, of this tool
  | "identical_calls" // the same, of this tool and these arguments
  | "denials" // denials so far, this one not included
  | "calls" // actions that may run in a sliding window, this one included
  | "run_duration"; // milliseconds since the run's first review

export type CounterSpan = "run" | "day" | "month" | "window";

export interface CounterRef {
  readonly key: string;
  readonly metric: CounterMetric;
  readonly span: CounterSpan;
  readonly per: CounterPer;
  /** IANA zone that says when a day or month begins; only for `day` and `month`. */
  readonly zone?: string;
  /** Milliseconds; only for `window`. */
  readonly windowMs?: number;
  /** Tool name or glob; only for `window`. */
  readonly tool?: string;
}

export function counterRef(parts: Omit<CounterRef, "key">): CounterRef {
  const key = [parts.metric, parts.span, parts.per, parts.zone ?? "", parts.windowMs ?? "", parts.tool ?? ""].join("|");
  return { key, ...parts };
}

/** What a counter read gave: its value with this action included, or why it could not be read. */
export type CounterReading = number | { readonly unreadable: string };
