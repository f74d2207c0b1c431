import type { ApprovalSpec, Grant, ModifyOperation, RecordedVote, Requirement } from "#api";
import { fits, quorumOf, type Electorate } from "./electorate.ts";
import { ballotRefusal, votedDigestOf } from "./grant.ts";

/** The votes that together approve: equal ones, enough for every requirement. */
export interface Quorum {
  readonly votedDigest: string;
  /** When the last vote it needed was cast, milliseconds since the epoch. */
  readonly at: number;
  readonly edits: readonly ModifyOperation[];
  readonly grant: Grant | undefined;
  readonly approvers: readonly string[];
}

export interface Tally {
  /** One no of any approver is final. */
  readonly denial: RecordedVote | undefined;
  readonly quorum: Quorum | undefined;
  /** Votes of the group of equal ones that is furthest, over all requirements, and how many are needed: `votes: "1/2"`. */
  readonly have: number;
  readonly need: number;
}

/**
 * Counts the votes anew, believing nothing that could have been written otherwise: a voter must fit, counts once and with the first vote only,
 * must have voted before voting ended, for a digest that is computed again here.
 */
export function tally(spec: ApprovalSpec, votes: readonly RecordedVote[], electorate: Electorate): Tally {
  const need = spec.requirements.reduce((sum, requirement) => sum + quorumOf(requirement, electorate), 0);
  const denial = votes.find((vote) => vote.decision === "deny");
  const groups = new Map<string, RecordedVote[]>();
  const voted = new Set<string>();
  let have = 0;
  let quorum: Quorum | undefined;
  for (const vote of votes) {
    if (!countable(spec, vote, electorate) || voted.has(vote.by.username)) continue;
    voted.add(vote.by.username);
    const group = groups.get(vote.votedDigest) ?? [];
    group.push(vote);
    groups.set(vote.votedDigest, group);
    have = Math.max(have, progress(spec, group, electorate));
    if (quorum === undefined && reaches(spec, group, electorate)) quorum = quorumFrom(group);
  }
  return { denial, quorum, have, need };
}

/** Whether the voter is an approver of at least one requirement. */
export function fitsAny(spec: ApprovalSpec, vote: Pick<RecordedVote, "by" | "mayApprove">, electorate: Electorate) {
  return spec.requirements.some((requirement) => fitsOne(requirement, spec, vote, electorate));
}

function fitsOne(
  requirement: Requirement,
  spec: ApprovalSpec,
  vote: Pick<RecordedVote, "by" | "mayApprove">,
  electorate: Electorate,
): boolean {
  return fits(requirement, { ...vote.by, mayApprove: vote.mayApprove === true }, spec.agent, electorate);
}

function countable(spec: ApprovalSpec, vote: RecordedVote, electorate: Electorate): boolean {
  if (vote.decision !== "approve" || !(Date.parse(vote.at) < Date.parse(spec.expiresAt))) return false;
  if (vote.votedDigest !== votedDigestOf(spec.action.digest, vote)) return false;
  return ballotRefusal(spec, vote) === undefined && fitsAny(spec, vote, electorate);
}

function counts(spec: ApprovalSpec, group: readonly RecordedVote[], electorate: Electorate) {
  return spec.requirements.map((requirement) => ({
    have: group.filter((vote) => fitsOne(requirement, spec, vote, electorate)).length,
    need: quorumOf(requirement, electorate),
  }));
}

function progress(spec: ApprovalSpec, group: readonly RecordedVote[], electorate: Electorate): number {
  return counts(spec, group, electorate).reduce((sum, { have, need }) => sum + Math.min(have, need), 0);
}

/** A group holds at least one vote that fits, so a request without requirements is never approved. */
function reaches(spec: ApprovalSpec, group: readonly RecordedVote[], electorate: Electorate): boolean {
  return counts(spec, group, electorate).every(({ have, need }) => have >= need);
}

function quorumFrom(group: readonly RecordedVote[]): Quorum | undefined {
  const last = group.at(-1);
  if (last === undefined) return undefined;
  return {
    votedDigest: last.votedDigest,
    at: Date.parse(last.at),
    edits: last.edits ?? [],
    grant: last.grant,
    approvers: group.map((vote) => vote.by.username),
  };
}
