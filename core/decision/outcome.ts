import type { ApprovalRequest, Decision, JsonObject, MatchedRule, PolicyReference, ReviewResponse } from "#api";
import { diffArgs, type Match, type Verdict } from "#engine";
import type { Closure } from "#ledger";
import type { Question } from "./facts.ts";
import type { Judgement, Refusal } from "./passes.ts";

/** What the line decided, before it is written down: the response and what ledger and record need beside it. */
export interface Outcome {
  readonly response: ReviewResponse;
  readonly mayRun: boolean;
  /** A deny by policy counts to denials_in_run, one by a runtime error does not. */
  readonly countsAsDenial: boolean;
  readonly terminate: { readonly closure: Closure; readonly tree: boolean } | undefined;
}

const LISTED = 64;

export interface OutcomeInput {
  readonly judgement: Judgement;
  readonly original: JsonObject;
  readonly reservation: string | null;
}

/** The answer to an action that runs, as it is or modified. */
export function permitted(input: OutcomeInput, approval: ApprovalRequest | undefined): Outcome {
  const { judgement } = input;
  const decision = judgement.modified ? "modify" : "allow";
  const lead = judgement.verdict.modifications[0]?.match ?? judgement.verdict.winner;
  const reason = approval === undefined ? "policy" : "approved";
  const message = approval === undefined ? (lead?.rule.message ?? "") : `approved by ${approval.metadata.name}`;
  const response = respond(input, {
    decision,
    reason: judgement.verdict.matchedTotal === 0 && approval === undefined ? "no_match" : reason,
    message,
    match: lead,
  });
  return { response, mayRun: true, countsAsDenial: false, terminate: undefined };
}

/** The answer to an action that the rules, or something beyond them, refuse. */
export function refused(input: OutcomeInput, refusal: Refusal): Outcome {
  const response = respond(input, refusal);
  return { response, mayRun: false, countsAsDenial: !refusal.reason.startsWith("runtime_error"), terminate: undefined };
}

/** deny or terminate by the strongest rule. */
export function decided(input: OutcomeInput): Outcome {
  const { verdict, question } = input.judgement;
  const { winner, decision } = verdict;
  const reason = winner?.reason ?? "policy";
  const response = respond(input, { decision, reason, message: messageOf(winner), match: winner });
  const terminate =
    decision === "terminate" ? { closure: closureOf(response, question.now), tree: verdict.terminatesTree } : undefined;
  return { response, mayRun: false, countsAsDenial: decision === "deny" && reason === "policy", terminate };
}

/** The answer while people are asked. */
export function asked(input: OutcomeInput, request: ApprovalRequest): Outcome {
  const winner = input.judgement.verdict.asking[0];
  const { name, namespace = "" } = request.metadata;
  const response: ReviewResponse = {
    ...respond(input, {
      decision: "require_approval",
      reason: winner?.reason ?? "policy",
      message: messageOf(winner),
      match: winner,
    }),
    approval: {
      namespace,
      name,
      expiresAt: request.spec.expiresAt,
      wait: `/v1/approvals/${namespace}/${name}?wait=30s`,
    },
  };
  return { response, mayRun: false, countsAsDenial: false, terminate: undefined };
}

/** The answer of a run that is over: terminate for ever, or deny `run_ended`. */
export function closedResponse(question: Question, closure: Closure, revision: string): ReviewResponse {
  const terminated = closure.state === "terminated";
  return {
    uid: question.request.uid,
    decision: terminated ? "terminate" : "deny",
    allowed: false,
    reason: terminated ? closure.reason : "run_ended",
    message: terminated ? closure.message : "the run has ended; start a new one",
    policy: terminated ? closure.policy : null,
    matched: [],
    matchedTotal: 0,
    audit: [],
    auditTotal: 0,
    findings: [],
    policiesEvaluated: 0,
    revision,
    args: null,
    patch: null,
    approval: null,
    reservation: null,
  };
}

function closureOf(response: ReviewResponse, at: number): Closure {
  return { state: "terminated", reason: response.reason, message: response.message, policy: response.policy, at };
}

function messageOf(match: Match | undefined): string {
  if (match === undefined) return "";
  const { rule, policy, reason } = match;
  if (!reason.startsWith("runtime_error:")) return rule.message || `rule ${rule.id} of ${policy.name}`;
  const why = reason.slice("runtime_error:".length);
  return `rule ${rule.id} of ${policy.name} could not be evaluated and counts as matched: ${WHY[why] ?? why}`;
}

/** What an agent's developer has to mend; the rule's own message would tell them something that did not happen. */
const WHY: Readonly<Record<string, string>> = {
  not_a_number: "a value it compares is no number",
  not_a_duration: "a value it compares is no duration",
  not_a_timestamp: "a value it compares is no timestamp",
  not_an_address: "a value it looks at is no URL or address",
  wrong_type: "a value it looks at has another type",
  too_large: "a value it looks at is too large",
  scan_limit: "a text it looks at is too large to be scanned whole",
  cel_error: "its CEL expression has no value for this action",
  counter_unreadable: "a counter it needs cannot be read; for one of money, send cost.usd or give the model a price",
  cost_unknown: "the cost is not known: send cost.usd, or give the model a price",
  no_user: "it counts by user, and the action names none",
  labels_unreadable: "the labels of the agent's pod cannot be read",
};

interface Lead {
  readonly decision: Decision;
  readonly reason: string;
  readonly message: string;
  readonly match: Match | undefined;
}

function respond(input: OutcomeInput, lead: Lead): ReviewResponse {
  const { question, verdict } = input.judgement;
  const runs = lead.decision === "allow" || lead.decision === "modify";
  const changed = lead.decision === "modify";
  return {
    uid: question.request.uid,
    decision: lead.decision,
    allowed: runs,
    reason: lead.reason,
    message: lead.message,
    policy: lead.match === undefined ? null : referenceOf(lead.match),
    ...lists(verdict),
    findings: [...input.judgement.findings],
    policiesEvaluated: verdict.policiesEvaluated,
    revision: verdict.revision,
    args: changed ? question.args : null,
    patch: changed ? [...diffArgs(input.original, question.args)] : null,
    approval: null,
    reservation: runs ? input.reservation : null,
  };
}

function lists(verdict: Verdict): Pick<ReviewResponse, "matched" | "matchedTotal" | "audit" | "auditTotal"> {
  return {
    matched: verdict.matched.slice(0, LISTED).map(matchedRuleOf),
    matchedTotal: verdict.matchedTotal,
    audit: verdict.audit.slice(0, LISTED).map(matchedRuleOf),
    auditTotal: verdict.auditTotal,
  };
}

function referenceOf(match: Match): PolicyReference {
  const { kind, namespace, name, generation } = match.policy;
  return { kind, ...(namespace === undefined ? {} : { namespace }), name, rule: match.rule.id, generation };
}

function matchedRuleOf(match: Match): MatchedRule {
  const { message } = match.rule;
  return {
    ...referenceOf(match),
    decision: match.decision,
    mode: match.mode,
    reason: match.reason,
    ...(message === "" ? {} : { message }),
  };
}
