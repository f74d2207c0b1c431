import {
  canonicalJson,
  digestOf,
  parseDuration,
  type ActionType,
  type ApprovalSpec,
  type Grant,
  type JsonObject,
  type ModifyOperation,
} from "#api";

/** Bytes of JSON that edits may take, and a grant. */
export const MAX_BALLOT_BYTES = 8 * 1024;

/** What a vote changes beside its yes or no. Empty edits and an empty grant are none. */
export interface Ballot {
  readonly edits?: readonly ModifyOperation[] | undefined;
  readonly grant?: Grant | undefined;
}

export function hasEdits(ballot: Ballot): boolean {
  return ballot.edits !== undefined && ballot.edits.length > 0;
}

export function hasGrant({ grant }: Ballot): boolean {
  return grant !== undefined && (grant.args !== undefined || grant.uses !== undefined || grant.for !== undefined);
}

/**
 * What a vote is for: `sha256:` over RFC 8785 of `{ action, edits?, grant? }`. Only equal ones count together, so an edit approved by one and
 * the original by another make no quorum. Throws like canonicalJson for what has no JSON form.
 */
export function votedDigestOf(actionDigest: string, ballot: Ballot): string {
  return digestOf({
    action: actionDigest,
    ...(hasEdits(ballot) ? { edits: ballot.edits } : {}),
    ...(hasGrant(ballot) ? { grant: ballot.grant } : {}),
  });
}

/** Why the edits or the grant cannot be voted for, if so: too large, not permitted by every rule that asks, or wider than the policy permits. */
export function ballotRefusal(spec: ApprovalSpec, ballot: Ballot): string | undefined {
  if (hasEdits(ballot) && byteLength(ballot.edits) > MAX_BALLOT_BYTES) return "the edits are larger than 8 KiB";
  if (!hasGrant(ballot) || ballot.grant === undefined) return undefined;
  if (byteLength(ballot.grant) > MAX_BALLOT_BYTES) return "the grant is larger than 8 KiB";
  if (!spec.requirements.every(({ allowScopedGrants }) => allowScopedGrants === true)) {
    return "not every rule that asks allows scoped grants (allowScopedGrants)";
  }
  return grantRefusal(spec, ballot.grant);
}

function grantRefusal(spec: ApprovalSpec, grant: Grant): string | undefined {
  if (grant.uses !== undefined && !(grant.uses >= 1 && grant.uses <= spec.uses)) {
    return `the grant's uses must be between 1 and the ${spec.uses} that the policy permits`;
  }
  if (!isWithin(grant.for ?? spec.grantFor, spec.grantFor)) {
    return `the grant's time must be more than 0s and at most the ${spec.grantFor} that the policy permits`;
  }
  if (grant.args !== undefined && Object.keys(grant.args).length === 0) {
    return "the grant's args must name at least one condition: an empty pattern would cover every argument";
  }
  return undefined;
}

function isWithin(wanted: string, longest: string): boolean {
  const ms = parseDuration(wanted);
  return ms !== undefined && ms > 0 && ms <= (parseDuration(longest) ?? 0);
}

function byteLength(value: unknown): number {
  return Buffer.byteLength(canonicalJson(value));
}

/** The action an agent is about to execute, and how to ask whether arguments fit a pattern. */
export interface PresentedAction {
  readonly digest: string;
  readonly action: {
    readonly type: ActionType;
    readonly tool?: string | undefined;
    readonly model?: string | undefined;
  };
  readonly args: JsonObject;
  /** Whether the conditions (the language of `when`, over args) certainly hold; unevaluable is no. */
  matchesGrant(conditions: JsonObject, args: JsonObject): boolean;
}

/** An approval covers the very action it was asked for; with a pattern in its grant also other arguments of the same tool. */
export function coversAction(spec: ApprovalSpec, grant: Grant | undefined, presented: PresentedAction): boolean {
  if (presented.digest === spec.action.digest) return true;
  if (grant?.args === undefined || Object.keys(grant.args).length === 0) return false;
  const { type, tool, model } = spec.action;
  const { action } = presented;
  if (action.type !== type || action.tool !== tool || action.model !== model) return false;
  return presented.matchesGrant(grant.args as JsonObject, presented.args);
}
