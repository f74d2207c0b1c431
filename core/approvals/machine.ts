import { parseDuration, type ApprovalPhase, type ApprovalRequest, type ApprovalStatus } from "#api";
import type { Electorate } from "./electorate.ts";
import { tally, type Quorum } from "./tally.ts";

/** What a request really is at a time, whatever its `phase` says. */
export interface Standing {
  readonly phase: ApprovalPhase;
  /** Set in every phase that an approval led to. */
  readonly approval: Approval | undefined;
  readonly usesLeft: number;
  /** `1/2` */
  readonly votes: string;
  /** When voting, or the time to use the approval, ends by itself; milliseconds since the epoch, 0 once it is closed. */
  readonly closesAt: number;
}

export interface Approval extends Quorum {
  /** The approval may be used before this time. */
  readonly until: number;
  /** How often, the grant's limit included. */
  readonly uses: number;
}

const terminal = new Set<ApprovalPhase>(["Denied", "Expired", "Consumed", "Withdrawn"]);

export function isOpen(phase: ApprovalPhase): boolean {
  return !terminal.has(phase);
}

/**
 * The effective phase (api.md §4 "Phases"). A closed phase that was written stays closed; `Pending` and `Approved` are never believed:
 * votes are counted again and the times compared. A time that cannot be read has passed.
 */
export function standingOf(request: ApprovalRequest, now: number, electorate: Electorate): Standing {
  const status = request.status ?? {};
  const counted = tally(request.spec, status.decisions ?? [], electorate);
  const approval = counted.quorum === undefined ? undefined : approvalOf(request, counted.quorum);
  const used = status.uses?.length ?? 0;
  const usesLeft = approval === undefined ? 0 : Math.max(0, approval.uses - used);
  const voteEnds = timeOf(request.spec.expiresAt);
  const closes = approval === undefined ? voteEnds : approval.until;
  const phase = phaseOf(status, { denied: counted.denial !== undefined, approval, usesLeft, over: !(now < closes) });
  return {
    phase,
    approval,
    usesLeft,
    votes: `${counted.have}/${counted.need}`,
    closesAt: isOpen(phase) ? closes : 0,
  };
}

interface Counted {
  readonly denied: boolean;
  readonly approval: Approval | undefined;
  readonly usesLeft: number;
  readonly over: boolean;
}

function phaseOf(status: ApprovalStatus, { denied, approval, usesLeft, over }: Counted): ApprovalPhase {
  if (status.phase !== undefined && terminal.has(status.phase)) return status.phase;
  if (denied) return "Denied";
  if (approval !== undefined && usesLeft === 0) return "Consumed";
  if (over) return "Expired";
  return approval === undefined ? "Pending" : "Approved";
}

function approvalOf({ spec, status }: ApprovalRequest, quorum: Quorum): Approval {
  const written = status?.approvedAt === undefined ? quorum.at : timeOf(status.approvedAt);
  const at = Math.min(quorum.at, written);
  const longest = parseDuration(spec.grantFor) ?? 0;
  const granted = quorum.grant?.for === undefined ? longest : (parseDuration(quorum.grant.for) ?? 0);
  const uses = Math.min(spec.uses, quorum.grant?.uses ?? spec.uses);
  return { ...quorum, at, until: at + Math.min(longest, granted), uses };
}

/** An unreadable time is long past. */
function timeOf(text: string): number {
  const time = Date.parse(text);
  return Number.isFinite(time) ? time : 0;
}

export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** The status with phase and votes as they really are, for readers that look at `phase`. */
export function settledStatus(request: ApprovalRequest, now: number, electorate: Electorate): ApprovalStatus {
  const { phase, votes, approval } = standingOf(request, now, electorate);
  const status = request.status ?? {};
  return {
    ...status,
    phase,
    votes,
    ...(approval === undefined ? {} : { approvedAt: timestamp(approval.at) }),
    ...(phase === "Expired" && status.reason === undefined
      ? { reason: approval === undefined ? "nobody decided in time" : "the approval was not used in time" }
      : {}),
  };
}

export interface Use {
  readonly uid: string;
  readonly requestDigest: string;
}

/** A transition: the status to write, or why there is none. */
export type Transition =
  | { readonly kind: "changed"; readonly status: ApprovalStatus }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly why: string };

/** The use this review has taken already: the same uid with the same request. It stands unless the request was taken back since. */
export function usedBy(request: ApprovalRequest, use: Use): boolean {
  const { phase, uses } = request.status ?? {};
  if (phase === "Withdrawn" || phase === "Denied") return false;
  return uses?.some(({ uid, requestDigest }) => uid === use.uid && requestDigest === use.requestDigest) === true;
}

/** Approved → (one use less) → Consumed. The same uid and digest once more is the retry: unchanged. */
export function consume(
  request: ApprovalRequest,
  use: Use,
  { now, electorate }: { readonly now: number; readonly electorate: Electorate },
): Transition {
  if (usedBy(request, use)) return { kind: "unchanged" };
  const standing = standingOf(request, now, electorate);
  if (standing.phase !== "Approved") return { kind: "refused", why: closedBecause(standing.phase) };
  if (request.status?.uses?.some(({ uid }) => uid === use.uid) === true)
    return { kind: "refused", why: "this uid used it for another request" };
  const status = settledStatus(request, now, electorate);
  const uses = [
    ...(request.status?.uses ?? []),
    { uid: use.uid, requestDigest: use.requestDigest, at: timestamp(now) },
  ];
  return {
    kind: "changed",
    status: { ...status, uses, phase: standing.usesLeft === 1 ? "Consumed" : "Approved" },
  };
}

/** Why a request in this phase cannot be used, for the agent. */
export function closedBecause(phase: ApprovalPhase): string {
  const why: Record<ApprovalPhase, string> = {
    Pending: "it is not approved yet",
    Approved: "it is approved",
    Denied: "it was denied",
    Expired: "its time is over",
    Consumed: "every use of it is spent",
    Withdrawn: "it was withdrawn",
  };
  return why[phase];
}

/** Pending | Approved → Withdrawn: the run is over, or its policy is gone. */
export function withdraw(request: ApprovalRequest, reason: string, now: number, electorate: Electorate): Transition {
  return close(request, { phase: "Withdrawn", reason }, now, electorate);
}

/** Pending | Approved → Denied: deleting an open request is a no. */
export function denyByDeletion(request: ApprovalRequest, by: string, now: number, electorate: Electorate): Transition {
  return close(request, { phase: "Denied", reason: `deleted by ${by}` }, now, electorate);
}

/** Writes down what time has done: Pending | Approved → Expired. */
export function expire(request: ApprovalRequest, now: number, electorate: Electorate): Transition {
  const { phase } = standingOf(request, now, electorate);
  if (phase === (request.status?.phase ?? "Pending")) return { kind: "unchanged" };
  return { kind: "changed", status: settledStatus(request, now, electorate) };
}

function close(
  request: ApprovalRequest,
  end: { readonly phase: "Withdrawn" | "Denied"; readonly reason: string },
  now: number,
  electorate: Electorate,
): Transition {
  const { phase } = standingOf(request, now, electorate);
  if (!isOpen(phase)) return { kind: "refused", why: closedBecause(phase) };
  const status = settledStatus(request, now, electorate);
  return { kind: "changed", status: { ...status, phase: end.phase, reason: end.reason.slice(0, 1024) } };
}
