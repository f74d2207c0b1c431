import { digestOf, digestOfText, type Report, type ReviewResponse, type RunIdentity } from "#api";
import { DETECTOR_VERSION, maskLookedFor } from "#engine";
import type { Amount, Closure, Reservation } from "#ledger";
import type { ReportRecord, ReviewRecord, RunRecord } from "#runlog";
import type { Disclosure } from "./disclosure.ts";
import { delegateOf, type Question } from "./facts.ts";
import type { Outcome } from "./outcome.ts";
import type { Judgement } from "./passes.ts";

export interface ReviewRecordInput {
  readonly outcome: Outcome;
  /** Absent where nothing was evaluated: the run was over. */
  readonly judgement?: Judgement | undefined;
  readonly original: Question;
  readonly open?:
    | {
        readonly root: RunIdentity;
        readonly readings: ReadonlyMap<string, ReviewRecord["cost"]>;
        readonly newRun: boolean;
      }
    | undefined;
  readonly disclosure: Disclosure;
}

/** Everything that decided a review, in the shape the run log keeps: what would really run, as far as arguments may be stored. */
export function reviewRecord(input: ReviewRecordInput): ReviewRecord {
  const { outcome, original, disclosure, judgement } = input;
  const question = judgement?.question ?? original;
  const { request, caller, run } = question;
  return {
    kind: "review",
    at: original.now,
    ...run,
    uid: request.uid,
    ...optional({
      step: request.step,
      pod: caller.pod,
      agent: request.agent,
      user: request.user,
      tool: request.tool,
      model: request.model,
    }),
    action: request.action,
    ...storedArgs(question, judgement, disclosure),
    argsDigest: digestOfText(question.argsText),
    requestDigest: original.requestDigest,
    ...optional({ callDigest: question.callDigest, approval: request.approval, terminate: outcome.terminate }),
    resend: request.approval !== undefined,
    ...optional({ opens: input.open?.newRun === true ? true : undefined, delegate: delegateOf(question) }),
    ...parentOf(question),
    root: input.open?.root ?? run,
    labels: caller.labels,
    namespaceLabels: caller.namespaceLabels,
    cost: question.cost,
    tokens: question.tokens,
    counters: input.open === undefined ? {} : Object.fromEntries(input.open.readings),
    truths: judgement === undefined ? [] : [...judgement.verdict.truths],
    findings: outcome.response.findings,
    detector: DETECTOR_VERSION,
    response: storedResponse(outcome.response, disclosure),
    mayRun: outcome.mayRun,
    countsAsDenial: outcome.countsAsDenial,
  };
}

function storedArgs(
  question: Question,
  judgement: Judgement | undefined,
  disclosure: Disclosure,
): Pick<ReviewRecord, "args" | "argsForm"> {
  const args = disclosure.store(question.args, (tree, family) =>
    judgement === undefined ? tree : maskLookedFor(judgement.verdict, tree, family),
  );
  return args === undefined ? { argsForm: disclosure.stored } : { args, argsForm: disclosure.stored };
}

/** The answer as kept: arguments and their patch only where arguments may be kept whole. */
function storedResponse(response: ReviewResponse, disclosure: Disclosure): ReviewResponse {
  if (response.args === null || disclosure.stored === "full") return response;
  return { ...response, args: null, patch: null };
}

function parentOf(question: Question): Pick<ReviewRecord, "parent"> {
  const parent = question.request.parentRun;
  if (parent === undefined) return {};
  const { namespace = question.run.namespace, serviceAccount = question.run.serviceAccount, run, delegation } = parent;
  return { parent: { namespace, serviceAccount, run, ...optional({ delegation }) } };
}

export interface ReportRecordInput {
  readonly run: RunIdentity;
  readonly report: Report;
  readonly reportDigest: string;
  readonly charge: Amount | null;
  readonly reservation: Reservation;
  readonly at: number;
}

/** Of the result only a digest is kept. */
export function reportRecord(input: ReportRecordInput): ReportRecord {
  const { run, report, reportDigest, charge, reservation, at } = input;
  return {
    kind: "report",
    at,
    ...run,
    uid: report.uid,
    outcome: report.outcome,
    reportDigest,
    charge,
    replaces: {
      charged: reservation.charged ?? { cost: amount(reservation.cost), tokens: amount(reservation.tokens) },
      at: reservation.at,
      ...optional({ tool: reservation.tool, user: reservation.user }),
    },
    ...optional({
      durationMs: report.durationMs,
      resultDigest: report.result === undefined ? undefined : digestOf(report.result),
    }),
  };
}

export interface RunRecordInput {
  readonly run: RunIdentity;
  readonly closure: Closure;
  readonly tree: boolean;
  readonly by?: string | undefined;
}

export function runRecord(input: RunRecordInput): RunRecord {
  const { run, closure, tree, by } = input;
  return { kind: "run", at: closure.at, ...run, event: closure.state, closure, tree, ...optional({ by }) };
}

/** What cannot be known counts nothing until the report says it. */
function amount(reading: Reservation["cost"]): number {
  return typeof reading === "number" ? reading : 0;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The given fields without those that are undefined. */
function optional<T extends Record<string, unknown>>(fields: T): Present<T> {
  const kept: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept as Present<T>;
}
