import { digestOfText, parseJson, RunlogError, type ReviewRequest, type ReviewResponse } from "#api";
import { decide, plan, type CounterReadings, type Plan, type RuleIndex, type Verdict } from "#engine";
import type { BeginResult } from "#ledger";
import { ask, clear } from "./approval.ts";
import type { Caller } from "./caller.ts";
import type { Deciding } from "./deciding.ts";
import { delegateOf, inputOf, questionOf, type Question } from "./facts.ts";
import { asked, closedResponse, decided, permitted, refused, type Outcome, type OutcomeInput } from "./outcome.ts";
import { isRefusal, judge, type Judgement, type PassContext } from "./passes.ts";
import { reviewRecord } from "./record.ts";
import type { ReviewRecord } from "#runlog";

type Open = Extract<BeginResult, { kind: "open" }>;

/** One review on its way: what it asked, the index it started with, and what the ledger said. */
interface Way {
  readonly question: Question;
  readonly index: RuleIndex;
  readonly first: Verdict;
  readonly open: Open;
  readonly started: number;
}

/** A response and its JSON text, which is made once: what the ledger keeps, the record holds and the door sends. */
export interface Answer {
  readonly response: ReviewResponse;
  readonly text: string;
}

/**
 * The way of a review, one straight line: question -> plan -> one ledger call -> verdict -> modify and evaluate once more -> outcome -> record -> answer.
 * Nothing permits the action before the record is accepted; whatever fails takes the reservation back and answers no.
 * Throws RunlogError; 4xx and 5xx are not remembered.
 */
export async function review(deciding: Deciding, caller: Caller, request: ReviewRequest): Promise<Answer> {
  const started = deciding.metrics.start();
  const index = deciding.policies.index;
  const question = questionOf(request, caller, factsAt(deciding, deciding.clock.now()));
  deciding.runLog.admit(question.dryRun);
  const planned = plan(index, inputOf(question));
  const begun = await begin(deciding, question, planned);
  if (begun.kind === "answered") return repeated(begun.answer);
  if (begun.kind === "closed") return closed(deciding, { question, index, started }, begun);
  if (begun.kind !== "open") throw refusal(begun);
  try {
    const first = decide(planned, begun.readings);
    const way = { question, index, first, open: begun, started };
    const { outcome, judgement } = await settleOutcome(deciding, way);
    return await write(deciding, way, outcome, judgement);
  } catch (error) {
    await takeBack(deciding, question, error);
    throw error;
  }
}

function factsAt(deciding: Deciding, now: number): Parameters<typeof questionOf>[2] {
  return { pricing: deciding.pricing, maxCost: deciding.maxCost, now };
}

function begin(deciding: Deciding, question: Question, planned: Plan): Promise<BeginResult> {
  const { request, run } = question;
  const parent = request.parentRun;
  return deciding.ledger.begin({
    run,
    uid: request.uid,
    requestDigest: question.requestDigest,
    parent: parent && {
      run: {
        namespace: parent.namespace ?? run.namespace,
        serviceAccount: parent.serviceAccount ?? run.serviceAccount,
        run: parent.run,
      },
      delegation: parent.delegation,
    },
    agent: request.agent,
    user: request.user,
    ...counted(question, planned),
  });
}

function counted(question: Question, planned: Plan) {
  const { request } = question;
  return {
    action: request.action,
    tool: request.tool,
    model: request.model,
    callDigest: question.callDigest,
    delegate: delegateOf(question),
    cost: question.cost,
    tokens: question.tokens,
    counters: planned.counters,
    limits: planned.limits,
    reserve: !planned.refusedAlready,
    dryRun: question.dryRun,
    resend: request.approval !== undefined,
  };
}

function refusal(begun: Exclude<BeginResult, { kind: "answered" | "closed" | "open" }>): RunlogError {
  switch (begun.kind) {
    case "uid_reused":
      return new RunlogError("RL_UID_REUSED", "this uid was used in this run for another request", {
        path: "/request/uid",
      });
    case "parent_refused":
      return new RunlogError("RL_PARENT_REFUSED", begun.why, { path: "/request/parentRun" });
    case "too_many_runs":
      return new RunlogError("RL_TOO_MANY_RUNS", `this agent has ${begun.limit} active runs already`, {
        retryAfter: 60,
      });
  }
}

/** From verdict to outcome: modify, ask, execute what was approved, or refuse. */
async function settleOutcome(deciding: Deciding, way: Way): Promise<{ outcome: Outcome; judgement: Judgement }> {
  const context = passContext(deciding, way);
  const judgement = await judge(way.question, way.first, context);
  const name = way.question.request.approval;
  if (name === undefined || way.question.dryRun) return conclude(deciding, way, judgement);
  const clearance = await clear(name, judgement, deciding.approvals, context);
  if (clearance.kind !== "cleared") return conclude(deciding, way, clearance.judgement);
  if (!(await clearance.consume())) {
    throw new RunlogError("RL_GRANT_MISMATCH", `every use of ${name} is spent`, { path: "/request/approval" });
  }
  return {
    outcome: permitted(outcomeInput(way, clearance.judgement), clearance.request),
    judgement: clearance.judgement,
  };
}

async function conclude(
  deciding: Deciding,
  way: Way,
  judgement: Judgement,
): Promise<{ outcome: Outcome; judgement: Judgement }> {
  const input = outcomeInput(way, judgement);
  const { decision } = judgement.verdict;
  if (isRefusal(decision)) return { outcome: decided(input), judgement };
  if (judgement.refusal !== undefined) return { outcome: refused(input, judgement.refusal), judgement };
  if (decision !== "require_approval") return { outcome: permitted(input, undefined), judgement };
  if (way.question.dryRun) return { outcome: { ...decided(input), countsAsDenial: false }, judgement };
  const answer = await ask(judgement, deciding.approvals, deciding.disclosure);
  return { outcome: "spec" in answer ? asked(input, answer) : refused(input, answer), judgement };
}

function outcomeInput(way: Way, judgement: Judgement): OutcomeInput {
  return { judgement, original: way.question.args, reservation: way.question.dryRun ? null : way.open.reservation };
}

function passContext(deciding: Deciding, way: Way): PassContext {
  return {
    index: way.index,
    facts: factsAt(deciding, way.question.now),
    recount: (question, planned): Promise<CounterReadings> =>
      deciding.ledger
        .amend({
          run: question.run,
          uid: question.request.uid,
          user: question.request.user,
          ...counted(question, planned),
        })
        .then((amended) => amended.readings),
  };
}

/** Record first, then the ledger keeps the answer: what is not written down did not happen. */
async function write(deciding: Deciding, way: Way, outcome: Outcome, judgement: Judgement): Promise<Answer> {
  const { question, open } = way;
  if (question.dryRun) {
    deciding.metrics.decision(outcome.response, question.caller, way.started);
    return answerOf(outcome.response);
  }
  const own = answerOf(outcome.response);
  const record = reviewRecord({ outcome, judgement, original: question, open, disclosure: deciding.disclosure });
  const appended = await deciding.runLog.append(record, recordBody(record, own));
  const kept = appended.kind === "duplicate" ? await recorded(deciding, question, { outcome, judgement }) : outcome;
  const text = kept === outcome ? own.text : JSON.stringify(kept.response);
  const { first, answer } = await deciding.ledger.finish({
    run: question.run,
    uid: question.request.uid,
    requestDigest: question.requestDigest,
    answer: text,
    decision: kept.response.decision,
    mayRun: kept.mayRun,
    countsAsDenial: kept.countsAsDenial,
    terminate: kept.terminate,
  });
  if (!first) return repeated(answer);
  deciding.decided(kept, question, way.started);
  return { response: kept.response, text };
}

function answerOf(response: ReviewResponse): Answer {
  return { response, text: JSON.stringify(response) };
}

/** The record as JSON; where it holds the response as it was answered, its text is not made a second time. */
function recordBody(record: ReviewRecord, answer: Answer): string {
  if (record.response !== answer.response) return JSON.stringify(record);
  const { response: _, ...rest } = record;
  return `${JSON.stringify(rest).slice(0, -1)},"response":${answer.text}}`;
}

/**
 * The same answer again. Where the log may not keep arguments, those of a modified action are gone after a restart:
 * without them the answer would permit what was not permitted. Throws RL_CONFLICT then.
 */
function repeated(text: string): Answer {
  const response = parseJson(text) as unknown as ReviewResponse;
  if (response.decision === "modify" && response.args === null) {
    throw notKept();
  }
  return { response, text };
}

function notKept(): RunlogError {
  const message = "the modified arguments of this answer are not kept: ask again with a new uid";
  return new RunlogError("RL_CONFLICT", message, { path: "/request/uid" });
}

/**
 * A batch that was overdue was written after all: its answer stands, whatever this evaluation found. Where the log may not keep arguments,
 * those of a modified action come from this evaluation if they are the same; else nobody can tell them any more.
 */
async function recorded(
  deciding: Deciding,
  question: Question,
  now: { readonly outcome: Outcome; readonly judgement: Judgement },
): Promise<Outcome> {
  const record = await deciding.runLog.review(question.run, question.request.uid);
  if (record === undefined) throw new RunlogError("RL_STORE_UNAVAILABLE", "the record of this uid cannot be read back");
  if (record.requestDigest !== question.requestDigest) {
    throw new RunlogError("RL_UID_REUSED", "this uid was used in this run for another request", {
      path: "/request/uid",
    });
  }
  const { response, mayRun, countsAsDenial, terminate } = record;
  const lost = response.decision === "modify" && response.args === null;
  const { args, patch } = now.outcome.response;
  const same = digestOfText(now.judgement.question.argsText) === record.argsDigest;
  if (lost && !same) throw notKept();
  return { response: lost && same ? { ...response, args, patch } : response, mayRun, countsAsDenial, terminate };
}

async function closed(
  deciding: Deciding,
  { question, index, started }: Pick<Way, "question" | "index" | "started">,
  begun: Extract<BeginResult, { kind: "closed" }>,
): Promise<Answer> {
  const response = closedResponse(question, begun.closure, index.revision);
  const outcome = { response, mayRun: false, countsAsDenial: false, terminate: undefined };
  if (!question.dryRun) {
    await deciding.runLog.append(reviewRecord({ outcome, original: question, disclosure: deciding.disclosure }));
  }
  deciding.decided(outcome, question, started);
  return answerOf(response);
}

/**
 * Undoes the reservation of a review that failed. If that fails too, the reservation expires: without an answer it is released.
 * One whose record may have been written stays: the log tells the retry, or the sweep, which it was.
 */
async function takeBack(deciding: Deciding, question: Question, error: unknown): Promise<void> {
  if (question.dryRun || deciding.runLog.mayBeWritten(error)) return;
  try {
    await deciding.ledger.abandon(question.run, question.request.uid);
  } catch (second) {
    deciding.log.error(
      { err: second, after: error, uid: question.request.uid },
      "a reservation could not be taken back; it expires by itself",
    );
  }
}
