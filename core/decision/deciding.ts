import type { Approvals } from "#approvals";
import type { RuleIndex } from "#engine";
import type { Ledger, Pricing } from "#ledger";
import type { RunLog } from "#runlog";
import type { Clock } from "#runtime";
import type { Logger } from "#telemetry";
import type { Disclosure } from "./disclosure.ts";
import type { Question } from "./facts.ts";
import type { DecisionMetrics } from "./metrics.ts";
import type { Outcome } from "./outcome.ts";

/** Everything the way of a review stands on, handed in by the composition root. */
export interface Deciding {
  /** The set in force; `index` is read once per review. */
  readonly policies: { readonly index: RuleIndex };
  readonly ledger: Ledger;
  readonly approvals: Approvals;
  readonly runLog: DecisionLog;
  readonly pricing: Pricing;
  /** Micro-dollars one action may cost at most (limits.maxCostUsd). */
  readonly maxCost: number;
  readonly disclosure: Disclosure;
  readonly clock: Clock;
  readonly metrics: DecisionMetrics;
  readonly log: Logger;
  /** Told of each decision after it is written down, and of when its question came (`metrics.start`). Must not throw. */
  decided(outcome: Outcome, question: Question, started: number): void;
}

/** The run log as the line needs it: refuses early when it is full, and knows whether records are required. */
export interface DecisionLog {
  /** Throws RL_SATURATED or RL_STORE_UNAVAILABLE when a record could not be taken now, before anything is reserved. */
  admit(dryRun: boolean): void;
  /** Whether the record of an append that failed just now, with this error, may be found in the log all the same. */
  mayBeWritten(error: unknown): boolean;
  append: RunLog["append"];
  review: RunLog["review"];
}
