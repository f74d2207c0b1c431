import { randomUUID } from "node:crypto";
import {
  API_VERSION,
  RunlogError,
  formatDuration,
  type ActionType,
  type ApprovalRequest,
  type JsonObject,
  type Requirement,
  type RunIdentity,
} from "#api";
import { settled, writeOf, type DeskParts } from "./change.ts";
import { clipDisplay } from "./display.ts";
import { isOpen, standingOf, timestamp } from "./machine.ts";
import {
  EXPIRED_ANNOTATION,
  ORDINAL_ANNOTATION,
  QUESTION_LABEL,
  approvalName,
  expiredBefore,
  ordinalOf,
  questionOf,
} from "./name.ts";

export interface AskLimits {
  /** Open requests of one agent (namespace and ServiceAccount); 20. */
  readonly openPerAgent: number;
  /** Open requests of a namespace; 1 000. */
  readonly openPerNamespace: number;
  /** How often one question may expire before it is answered with a deny; 3. */
  readonly expiredPerQuestion: number;
}

/** An action that rules want people to approve. */
export interface ApprovalQuestion {
  readonly identity: RunIdentity;
  readonly pod?: string | undefined;
  readonly agentName?: string | undefined;
  readonly action: {
    readonly type: ActionType;
    readonly tool?: string | undefined;
    readonly model?: string | undefined;
    /** Over the real arguments. */
    readonly digest: string;
    /** Masked arguments for people; cut to size here. A function is called only when a request is created. */
    readonly display: JsonObject | (() => JsonObject);
  };
  /** One of every matched asking rule; 1 to 64. */
  readonly requirements: readonly Requirement[];
  readonly uses: number;
  readonly grantForMs: number;
  readonly expiresAfterMs: number;
}

export type AskAnswer =
  | { readonly kind: "open"; readonly request: ApprovalRequest }
  | { readonly kind: "denied"; readonly reason: AskDenial; readonly message: string };
export type AskDenial =
  | "approval_denied"
  | "too_many_open_approvals"
  | "too_many_expired_approvals"
  | "too_many_requirements";

const ATTEMPTS = 8;
const MAX_REQUIREMENTS = 64;

/** The open request of the same question, a new one, or a deny when asking is over. One question of a namespace at a time, so that limits hold exactly. */
export function ask(parts: DeskParts, limits: AskLimits, question: ApprovalQuestion): Promise<AskAnswer> {
  if (question.requirements.length === 0) throw new TypeError("no rule asks");
  return parts.turns.run(`ask/${question.identity.namespace}`, async () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await askOnce(parts, limits, question);
      if (answer !== undefined) return answer;
    }
    throw new RunlogError("RL_CONFLICT", "the same question is being asked elsewhere; try again");
  });
}

/** Undefined when another replica took the name meanwhile: look again. */
async function askOnce(
  parts: DeskParts,
  limits: AskLimits,
  question: ApprovalQuestion,
): Promise<AskAnswer | undefined> {
  const { store, clock } = parts;
  const { identity, action } = question;
  const no = await store.denied(identity, action.digest);
  if (no !== undefined) return denied("approval_denied", deniedMessage(no.request));
  const key = questionOf({ identity, digest: action.digest, requirements: question.requirements });
  const newest = await store.newest(identity.namespace, key);
  const place = newest === undefined ? { ordinal: 0, expired: 0 } : nextPlace(parts, newest.request);
  if ("kind" in place) return place;
  const over = await beyondLimits(parts, limits, question, place.expired);
  if (over !== undefined) return over;
  const now = clock.now();
  const request = requestOf(question, { key, ...place }, now);
  const created = await store.create(writeOf(request, now, parts.electorate));
  if (created === undefined) return undefined;
  parts.feed.tell({ event: "asked", from: undefined, to: "Pending", at: now, request: created.request });
  return { kind: "open", request: created.request };
}

function denied(reason: AskDenial, message: string): AskAnswer {
  return { kind: "denied", reason, message };
}

function deniedMessage({ metadata, status }: ApprovalRequest): string {
  const comment = status?.decisions?.find((vote) => vote.decision === "deny")?.comment;
  return `${metadata.name} was denied${comment ? `: ${comment}` : ""}; do not ask again in this run`;
}

/** Where the question stands after the last time it was asked. */
function nextPlace(parts: DeskParts, request: ApprovalRequest): AskAnswer | { ordinal: number; expired: number } {
  const { phase } = standingOf(request, parts.clock.now(), parts.electorate);
  if (isOpen(phase)) return { kind: "open", request: settled(request, parts) };
  if (phase === "Denied") return denied("approval_denied", deniedMessage(request));
  const unanswered = phase === "Expired" && (request.status?.uses?.length ?? 0) === 0;
  return { ordinal: ordinalOf(request) + 1, expired: expiredBefore(request) + (unanswered ? 1 : 0) };
}

async function beyondLimits(
  { store, clock }: DeskParts,
  limits: AskLimits,
  { identity, requirements }: ApprovalQuestion,
  expired: number,
): Promise<AskAnswer | undefined> {
  if (requirements.length > MAX_REQUIREMENTS) {
    return denied("too_many_requirements", `${requirements.length} rules ask; ${MAX_REQUIREMENTS} fit into a request`);
  }
  if (expired >= limits.expiredPerQuestion) {
    return denied("too_many_expired_approvals", `this was asked ${expired} times and nobody answered in time`);
  }
  const open = await store.openCounts(identity.namespace, identity.serviceAccount, clock.now());
  if (open.agent >= limits.openPerAgent) {
    return denied("too_many_open_approvals", `this agent has ${open.agent} open approval requests; wait for answers`);
  }
  if (open.namespace >= limits.openPerNamespace) {
    return denied("too_many_open_approvals", `the namespace has ${open.namespace} open approval requests`);
  }
  return undefined;
}

interface Place {
  readonly key: string;
  readonly ordinal: number;
  readonly expired: number;
}

function requestOf(question: ApprovalQuestion, { key, ordinal, expired }: Place, now: number): ApprovalRequest {
  const { identity, action, requirements } = question;
  const need = requirements.reduce((sum, { quorum }) => sum + quorum, 0);
  return {
    apiVersion: API_VERSION,
    kind: "ApprovalRequest",
    metadata: {
      name: approvalName(key, ordinal),
      namespace: identity.namespace,
      uid: randomUUID(),
      creationTimestamp: timestamp(now),
      labels: { [QUESTION_LABEL]: key },
      annotations: { [ORDINAL_ANNOTATION]: `${ordinal}`, [EXPIRED_ANNOTATION]: `${expired}` },
    },
    spec: {
      run: identity.run,
      agent: {
        namespace: identity.namespace,
        serviceAccount: identity.serviceAccount,
        ...(question.pod === undefined ? {} : { pod: question.pod }),
        ...(question.agentName === undefined ? {} : { name: question.agentName }),
      },
      action: {
        type: action.type,
        ...(action.tool === undefined ? {} : { tool: action.tool }),
        ...(action.model === undefined ? {} : { model: action.model }),
        args: clipDisplay(typeof action.display === "function" ? action.display() : action.display),
        digest: action.digest,
      },
      requirements: [...requirements],
      uses: question.uses,
      grantFor: formatDuration(question.grantForMs),
      expiresAt: timestamp(now + question.expiresAfterMs),
    },
    status: { phase: "Pending", votes: `0/${need}` },
  };
}
