import { hash } from "node:crypto";
import { canonicalJson, type ApprovalRequest, type Requirement, type RunIdentity } from "#api";

/** Label: the question a request asks, without the ordinal. Equal for every time the same thing is asked. */
export const QUESTION_LABEL = "runlog.io/question";
/** Annotations: how often the question was asked before, and how many of those times nobody answered. */
export const ORDINAL_ANNOTATION = "runlog.io/ordinal";
export const EXPIRED_ANNOTATION = "runlog.io/expired";

export interface QuestionKey {
  readonly identity: RunIdentity;
  /** Digest of the action with its real arguments. */
  readonly digest: string;
  readonly requirements: readonly Requirement[];
}

/**
 * 40 hex digits over who asks, what, and which rules ask. JSON keeps the parts apart, so no two questions share a spelling;
 * the order in which rules matched does not matter.
 */
export function questionOf({ identity, digest, requirements }: QuestionKey): string {
  const rules = requirements.map(({ policy, rule, ruleHash }) => canonicalJson([policy.uid, rule, ruleHash])).sort();
  const parts = [identity.namespace, identity.serviceAccount, identity.run, digest, rules];
  return hash("sha256", canonicalJson(parts), "hex").slice(0, 40);
}

/** A name Kubernetes accepts (`apr-` and 40 hex digits); anyone who knows the question can compute it. */
export function approvalName(question: string, ordinal: number): string {
  return `apr-${hash("sha256", canonicalJson([question, ordinal]), "hex").slice(0, 40)}`;
}

export function questionLabelOf(request: ApprovalRequest): string {
  return request.metadata.labels?.[QUESTION_LABEL] ?? "";
}

export function ordinalOf(request: ApprovalRequest): number {
  return countOf(request, ORDINAL_ANNOTATION);
}

export function expiredBefore(request: ApprovalRequest): number {
  return countOf(request, EXPIRED_ANNOTATION);
}

/** Unreadable counts as much: a request nobody can place does not let the agent ask for ever. */
function countOf(request: ApprovalRequest, annotation: string): number {
  const text = request.metadata.annotations?.[annotation] ?? "0";
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : 999_999_999;
}
