import { messageOf, type Report, type ReviewRequest, type ReviewResponse, type RunIdentity } from "#api";
import type { Approvals } from "#approvals";
import type { RuleIndex } from "#engine";
import type { Closure, Ledger, Pricing } from "#ledger";
import type { RunLog } from "#runlog";
import { KeyedTurns, type Clock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import { reviewBatch } from "./batch.ts";
import type { Caller } from "./caller.ts";
import type { Deciding } from "./deciding.ts";
import { decisionLog } from "./decision-log.ts";
import type { Disclosure } from "./disclosure.ts";
import type { Question } from "./facts.ts";
import { declareMetrics } from "./metrics.ts";
import type { Outcome } from "./outcome.ts";
import { report, type Reported } from "./report.ts";
import { review, type Answer } from "./review.ts";
import { endRun, terminateRun, type Termination } from "./runs.ts";

export interface DeciderOptions {
  readonly policies: { readonly index: RuleIndex };
  readonly ledger: Ledger;
  readonly approvals: Approvals;
  readonly runLog: RunLog;
  readonly pricing: Pricing;
  /** Micro-dollars one action may cost at most (limits.maxCostUsd). */
  readonly maxCost: number;
  readonly disclosure: Disclosure;
  readonly clock: Clock;
  readonly registry: MetricsRegistry;
  readonly log: Logger;
  /** Told of each decision after it is written down, e.g. to print a line. */
  readonly onDecision?: ((outcome: Outcome, question: Question) => void) | undefined;
}

/** What the doors ask. Every method throws RunlogError; nothing but a response with `allowed: true` permits an action. */
export interface Decider {
  review(caller: Caller, request: ReviewRequest): Promise<ReviewResponse>;
  /** The same as JSON text, which is made once for record, ledger and door. */
  answer(caller: Caller, request: ReviewRequest): Promise<string>;
  reviewBatch(caller: Caller, items: readonly ReviewRequest[]): Promise<readonly ReviewResponse[]>;
  report(caller: Caller, report: Report): Promise<Reported>;
  endRun(caller: Caller, run: string): Promise<Closure>;
  terminateRun(termination: Termination): Promise<Closure>;
  /** Housekeeping: overdue reservations, idle runs, and their records. Call it about every ten seconds. */
  sweep(): Promise<void>;
}

export function createDecider(options: DeciderOptions): Decider {
  const turns = new KeyedTurns();
  const metrics = declareMetrics(options.registry);
  const deciding: Deciding = {
    ...options,
    runLog: decisionLog(options.runLog),
    metrics,
    decided(outcome, question, started) {
      metrics.decision(outcome.response, question.caller, started);
      if (outcome.terminate !== undefined) withdraw(options, question.run);
      options.onDecision?.(outcome, question);
    },
  };
  const turn = (caller: Caller, run: string, uid: string): string =>
    `${caller.namespace}/${caller.serviceAccount}/${run}/${uid}`;
  const answer = (caller: Caller, request: ReviewRequest): Promise<Answer> =>
    turns.run(turn(caller, request.run, request.uid), () => review(deciding, caller, request));
  return {
    review: async (caller, request) => (await answer(caller, request)).response,
    answer: async (caller, request) => (await answer(caller, request)).text,
    reviewBatch: (caller, items) => reviewBatch(items, async (item) => (await answer(caller, item)).response),
    report: (caller, given) => turns.run(turn(caller, given.run, given.uid), () => report(deciding, caller, given)),
    endRun: (caller, run) => endRun(deciding, caller, run),
    terminateRun: (termination) => terminateRun(deciding, termination),
    sweep: () => sweep(options),
  };
}

/** The questions of a run that is over are of no use to anybody; should this fail, they expire, and executing them is refused. */
function withdraw(options: DeciderOptions, run: RunIdentity): void {
  options.approvals.withdrawRun(run, "the run was terminated").catch((error: unknown) => {
    options.log.warn({ err: error, run }, "open questions of a terminated run could not be withdrawn; they expire");
  });
}

async function sweep(options: DeciderOptions): Promise<void> {
  const { ledger, runLog, clock, log } = options;
  const swept = await ledger.sweep();
  const at = clock.now();
  const records = [
    ...swept.charged.map(({ run, ...rest }) => ({ kind: "sweep", at, ...run, ...rest, outcome: "charged" }) as const),
    ...swept.released.map(
      ({ run, uid }) => ({ kind: "sweep", at, ...run, uid, outcome: "released", cost: 0, tokens: 0 }) as const,
    ),
    ...swept.idle.map(
      ({ run, closure }) => ({ kind: "run", at, ...run, event: closure.state, closure, tree: false }) as const,
    ),
  ];
  for (const record of records) {
    await runLog
      .append(record)
      .catch((error: unknown) => log.warn({ err: messageOf(error), record }, "housekeeping was not recorded"));
  }
}
