import {
  API_VERSION,
  digestOf,
  type ApprovalRequest,
  type ApproverIdentity,
  type JsonObject,
  type Requirement,
  type RunIdentity,
  type Vote,
} from "#api";
import { manualClock, type ManualClock } from "#runtime";
import { Registry } from "prom-client";
import type { ApprovalQuestion } from "./ask.ts";
import { createApprovals, type Approvals, type ApprovalsOptions } from "./desk.ts";
import type { Presentation } from "./execute.ts";
import { memoryApprovalStore } from "./memory-store.ts";
import { admitVote, type VoteContext, type VoteVerdict } from "./vote.ts";

export const START = Date.UTC(2027, 0, 4, 9, 0, 0);
export const MINUTE = 60_000;
export const agent: RunIdentity = { namespace: "agents", serviceAccount: "support-bot", run: "run_1" };

export function person(username: string, ...groups: string[]): ApproverIdentity {
  return { username, groups };
}
export const alice = person("alice", "security-team");
export const bob = person("bob", "security-team");
export const carol = person("carol", "finance");
export const mallory = person("mallory", "interns");

export function requirement(changes: Partial<Requirement> & { readonly uid?: string } = {}): Requirement {
  const { uid = "policy-1", ...rest } = changes;
  return {
    policy: { kind: "AgentPolicy", namespace: "agents", name: "payments", uid },
    rule: "big_refund",
    ruleHash: digestOf("big_refund v1"),
    approvers: ["security-team"],
    quorum: 1,
    message: "Refunds over 500 need a person",
    ...rest,
  };
}

export function actionDigest(args: JsonObject, tool = "stripe.refund"): string {
  return digestOf({ action: "tool_call", tool, args });
}

/** A question about a refund; other arguments make another question. */
export function question(
  changes: Partial<Omit<ApprovalQuestion, "action">> & { readonly args?: JsonObject } = {},
): ApprovalQuestion {
  const { args = { amount: 900 }, ...rest } = changes;
  return {
    identity: agent,
    action: { type: "tool_call", tool: "stripe.refund", digest: actionDigest(args), display: args },
    requirements: [requirement()],
    uses: 1,
    grantForMs: 10 * MINUTE,
    expiresAfterMs: 30 * MINUTE,
    ...rest,
  };
}

export function presentation(
  name: string,
  changes: Partial<Presentation> & { readonly tool?: string } = {},
): Presentation {
  const { tool = "stripe.refund", args = { amount: 900 }, uid = "uid-1", ...rest } = changes;
  return {
    identity: agent,
    name,
    uid,
    args,
    digest: actionDigest(args, tool),
    requestDigest: digestOf({ uid: undefined, args, tool }),
    action: { type: "tool_call", tool },
    matchesGrant: (conditions, real) => Object.entries(conditions).every(([key, value]) => real[key] === value),
    ...rest,
  };
}

/** A request as the desk would have written it, for the pure parts. */
export function request(requirements: Requirement[] = [requirement()], uses = 1): ApprovalRequest {
  const args = { amount: 900 };
  return {
    apiVersion: API_VERSION,
    kind: "ApprovalRequest",
    metadata: { name: "apr-1", namespace: agent.namespace, creationTimestamp: new Date(START).toISOString() },
    spec: {
      run: agent.run,
      agent: { namespace: agent.namespace, serviceAccount: agent.serviceAccount },
      action: { type: "tool_call", tool: "stripe.refund", args, digest: actionDigest(args) },
      requirements,
      uses,
      grantFor: "10m",
      expiresAt: new Date(START + 30 * MINUTE).toISOString(),
    },
    status: { phase: "Pending" },
  };
}

export function cast(
  to: ApprovalRequest,
  by: ApproverIdentity,
  vote: Vote = { decision: "approve" },
  context: Partial<VoteContext> = {},
): VoteVerdict {
  return admitVote(to, by, vote, { now: START + MINUTE, electorate: {}, runTree: [], mayApprove: false, ...context });
}

/** The request with the vote in it; fails when the vote does not count. */
export function withVote(
  to: ApprovalRequest,
  by: ApproverIdentity,
  vote?: Vote,
  context?: Partial<VoteContext>,
): ApprovalRequest {
  const verdict = cast(to, by, vote, context);
  if (verdict.kind !== "counted") throw new Error(`the vote of ${by.username} was ${verdict.kind}`);
  return { ...to, status: verdict.status };
}

export interface TestDesk {
  readonly desk: Approvals;
  readonly clock: ManualClock;
  readonly registry: Registry;
  readonly faults: unknown[];
  readonly approve: (name: string, by?: ApproverIdentity, vote?: Partial<Vote>) => Promise<ApprovalRequest>;
  readonly deny: (name: string, by?: ApproverIdentity) => Promise<ApprovalRequest>;
  /** Asks and gives the open request; fails when asking is denied. */
  readonly ask: (asked?: ApprovalQuestion) => Promise<ApprovalRequest>;
}

export function newDesk(options: Partial<ApprovalsOptions> & { readonly clock?: ManualClock } = {}): TestDesk {
  const clock = options.clock ?? manualClock(START);
  const registry = new Registry();
  const faults: unknown[] = [];
  const desk = createApprovals({
    store: memoryApprovalStore(),
    log: { error: (...parts: unknown[]) => void faults.push(parts) },
    registry,
    ...options,
    clock,
  });
  const target = (name: string) => ({ namespace: agent.namespace, name, mayApprove: false });
  return {
    desk,
    clock,
    registry,
    faults,
    approve: (name, by = alice, vote = {}) => desk.vote(target(name), by, { decision: "approve", ...vote }),
    deny: (name, by = alice) => desk.vote(target(name), by, { decision: "deny" }),
    ask: async (asked = question()) => {
      const answer = await desk.ask(asked);
      if (answer.kind !== "open") throw new Error(`denied: ${answer.reason}`);
      return answer.request;
    },
  };
}
