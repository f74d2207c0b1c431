import type { Requirement } from "#api";

/** A ServiceAccount as an approver entry or a run names it. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** What a vote tells of its voter; `mayApprove` is the RBAC verb `approve`, or in `serve` the possession of an approver token. */
export interface Voter {
  readonly username: string;
  readonly groups: readonly string[];
  readonly mayApprove: boolean;
}

/** Rules of counting that hold for a whole installation. */
export interface Electorate {
  /** `serve` without an approvers file: this user counts as every user and group, and alone makes any quorum. Never set in a cluster. */
  readonly localApprover?: string | undefined;
}

const SERVICE_ACCOUNT_USER = "system:serviceaccount:";
const USER_ENTRY = "user:";
const SERVICE_ACCOUNT_ENTRY = "serviceaccount:";
const SYSTEM = "system:";

/** The ServiceAccount behind a user name as the API server writes it (`system:serviceaccount:NAMESPACE:NAME`). */
export function serviceAccountOf(username: string): ServiceAccountRef | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT_USER)) return undefined;
  const [namespace, serviceAccount, ...rest] = username.slice(SERVICE_ACCOUNT_USER.length).split(":");
  if (!namespace || !serviceAccount || rest.length > 0) return undefined;
  return { namespace, serviceAccount };
}

export function sameServiceAccount(a: ServiceAccountRef, b: ServiceAccountRef): boolean {
  return a.namespace === b.namespace && a.serviceAccount === b.serviceAccount;
}

/** How many different approvers a requirement needs. */
export function quorumOf(requirement: Requirement, electorate: Electorate): number {
  return electorate.localApprover === undefined ? requirement.quorum : 1;
}

/**
 * Whether the voter is an approver of the requirement (api.md §4 "Who may"). A bare entry is a group, `user:` a person, `serviceaccount:NS/NAME` the
 * only way in for a ServiceAccount, which may be neither the agent nor of its namespace. `system:*` never fits; no entries mean: who may approve.
 * The run tree is not known here: vote.ts checks it when the vote is cast.
 */
export function fits(
  requirement: Requirement,
  voter: Voter,
  agent: ServiceAccountRef,
  electorate: Electorate,
): boolean {
  if (voter.username === "") return false;
  if (voter.username === electorate.localApprover) return true;
  if (voter.username.startsWith(SYSTEM)) return fitsAsServiceAccount(requirement, voter.username, agent);
  if (requirement.approvers.length === 0) return voter.mayApprove;
  return requirement.approvers.some((entry) => fitsAsPerson(entry, voter));
}

function fitsAsServiceAccount(requirement: Requirement, username: string, agent: ServiceAccountRef): boolean {
  const account = serviceAccountOf(username);
  if (account === undefined || sameServiceAccount(account, agent)) return false;
  if (account.namespace === agent.namespace && !opensNamespace(requirement)) return false;
  return requirement.approvers.includes(`${SERVICE_ACCOUNT_ENTRY}${account.namespace}/${account.serviceAccount}`);
}

/** Only who governs the cluster may let an agent's neighbours vote; a namespaced policy cannot. */
function opensNamespace(requirement: Requirement): boolean {
  return requirement.policy.kind === "ClusterAgentPolicy" && requirement.allowApproversInNamespace === true;
}

function fitsAsPerson(entry: string, voter: Voter): boolean {
  if (entry.startsWith(SYSTEM) || entry.startsWith(SERVICE_ACCOUNT_ENTRY)) return false;
  if (entry.startsWith(USER_ENTRY)) return entry.slice(USER_ENTRY.length) === voter.username;
  return voter.groups.includes(entry);
}
