import {
  isRunlogError,
  type ApprovalRequest,
  type ApprovalStatus,
  type ApproverIdentity,
  type ErrorCode,
  type RecordedVote,
  type Vote,
} from "#api";
import { sameServiceAccount, serviceAccountOf, type Electorate, type ServiceAccountRef } from "./electorate.ts";
import { ballotRefusal, hasEdits, hasGrant, votedDigestOf } from "./grant.ts";
import { isOpen, settledStatus, standingOf, timestamp } from "./machine.ts";
import { fitsAny } from "./tally.ts";

/** Most votes one request keeps; the last place is for a no, so that yeses cannot keep it out. */
const MAX_VOTES = 64;

/** What the verdict needs to know beside the request. Gathered by the caller, so that the verdict itself reads nothing. */
export interface VoteContext {
  readonly now: number;
  readonly electorate: Electorate;
  /** Every ServiceAccount of the run's tree; the agent itself need not be among them. */
  readonly runTree: readonly ServiceAccountRef[];
  /** The RBAC verb `approve`; in `serve`, holding an approver token. */
  readonly mayApprove: boolean;
  /** Says what is wrong with a ballot's meaning (a path, an operator), if anything. */
  readonly ballotError?: ((vote: Vote) => string | undefined) | undefined;
}

export type VoteVerdict =
  /** The vote counts: write this status. */
  | { readonly kind: "counted"; readonly entry: RecordedVote; readonly status: ApprovalStatus }
  /** The same vote of the same user again: it counted already, nothing is written. */
  | { readonly kind: "repeated"; readonly entry: RecordedVote }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly why: string };

/** Whether a vote counts (api.md §4 "A vote", "Who may"). Pure: admission may ask it any number of times. */
export function admitVote(
  request: ApprovalRequest,
  by: ApproverIdentity,
  vote: Vote,
  context: VoteContext,
): VoteVerdict {
  const digest = digestOfVote(request, vote);
  if (typeof digest !== "string") return digest;
  const why =
    refusedVoter(request, by, context) ?? refusedDigest(request, vote, digest) ?? refusedBallot(request, vote, context);
  if (why !== undefined) return refused(why);
  const before = request.status?.decisions?.find((entry) => entry.by.username === by.username);
  if (before !== undefined) return again(before, vote, digest);
  const { phase } = standingOf(request, context.now, context.electorate);
  if (phase !== "Pending") {
    return { kind: "refused", code: "RL_NOT_PENDING", why: `${request.metadata.name} is ${phase}: voting is over` };
  }
  return append(request, entryOf(by, vote, digest, context), context);
}

function refused(why: string): VoteVerdict {
  return { kind: "refused", code: "RL_VOTE_REFUSED", why };
}

function digestOfVote(request: ApprovalRequest, vote: Vote): string | VoteVerdict {
  try {
    return votedDigestOf(request.spec.action.digest, vote);
  } catch (error) {
    if (isRunlogError(error) || error instanceof TypeError)
      return refused(`the vote has no JSON form: ${error.message}`);
    throw error;
  }
}

function refusedVoter({ spec }: ApprovalRequest, by: ApproverIdentity, context: VoteContext): string | undefined {
  const account = serviceAccountOf(by.username);
  if (account !== undefined && [spec.agent, ...context.runTree].some((one) => sameServiceAccount(one, account))) {
    return `${by.username} is an agent of this run: nobody approves its own action`;
  }
  if (fitsAny(spec, { by, mayApprove: context.mayApprove }, context.electorate)) return undefined;
  const wanted = spec.requirements.map(({ approvers }) =>
    approvers.length === 0 ? "anyone who may approve" : approvers.join(", "),
  );
  return `${by.username || "an unnamed user"} is no approver; needed: ${wanted.join("; ").slice(0, 512)}`;
}

/** The digest a client showed is that of the whole vote; without edits or grant the action's own is the same thing. */
function refusedDigest({ spec }: ApprovalRequest, vote: Vote, digest: string): string | undefined {
  if (vote.voteFor === undefined || vote.voteFor === digest) return undefined;
  if (!hasEdits(vote) && !hasGrant(vote) && vote.voteFor === spec.action.digest) return undefined;
  return `voteFor names ${vote.voteFor}, but this vote is for ${digest}: look at the request again`;
}

function refusedBallot({ spec }: ApprovalRequest, vote: Vote, context: VoteContext): string | undefined {
  if (vote.decision === "deny") {
    return hasEdits(vote) || hasGrant(vote) ? "a deny takes neither edits nor a grant" : undefined;
  }
  return ballotRefusal(spec, vote) ?? context.ballotError?.(vote);
}

function again(before: RecordedVote, vote: Vote, digest: string): VoteVerdict {
  if (before.decision === vote.decision && before.votedDigest === digest) return { kind: "repeated", entry: before };
  return refused(`${before.by.username} has voted already: ${before.decision}; a vote cannot be changed`);
}

function entryOf(by: ApproverIdentity, vote: Vote, votedDigest: string, context: VoteContext): RecordedVote {
  return {
    by: { username: by.username, groups: [...by.groups], ...(by.uid === undefined ? {} : { uid: by.uid }) },
    decision: vote.decision,
    ...(vote.comment === undefined ? {} : { comment: vote.comment }),
    ...(hasEdits(vote) && vote.edits !== undefined ? { edits: vote.edits } : {}),
    ...(hasGrant(vote) && vote.grant !== undefined ? { grant: vote.grant } : {}),
    votedDigest,
    ...(context.mayApprove ? { mayApprove: true } : {}),
    at: timestamp(context.now),
  };
}

function append(request: ApprovalRequest, entry: RecordedVote, context: VoteContext): VoteVerdict {
  const before = request.status?.decisions ?? [];
  const places = entry.decision === "deny" ? MAX_VOTES : MAX_VOTES - 1;
  if (before.length >= places)
    return refused(`${request.metadata.name} has ${before.length} votes, which is the limit`);
  const voted = { ...request, status: { ...emptied(request.status), decisions: [...before, entry] } };
  const status = settledStatus(voted, context.now, context.electorate);
  const reason = isOpen(status.phase ?? "Pending") ? undefined : `denied by ${entry.by.username}`;
  return { kind: "counted", entry, status: reason === undefined ? status : { ...status, reason } };
}

/** What a person wrote is taken out again: it stands in `decisions` now. */
function emptied(status: ApprovalStatus = {}): ApprovalStatus {
  const { decision: _d, comment: _c, edits: _e, grant: _g, voteFor: _v, ...rest } = status;
  return rest;
}
