import {
  RunlogError,
  type ApprovalPhase,
  type ApprovalRequest,
  type JsonObject,
  type ModifyOperation,
  type Requirement,
  type RunIdentity,
} from "#api";
import { change, readStored, settled, type DeskParts } from "./change.ts";
import { coversAction, type PresentedAction } from "./grant.ts";
import { closedBecause, consume, standingOf, usedBy } from "./machine.ts";

/** An approved action sent again, with the name of its approval. */
export interface Presentation extends PresentedAction {
  readonly identity: RunIdentity;
  readonly name: string;
  readonly uid: string;
  readonly requestDigest: string;
  readonly args: JsonObject;
}

export interface Presented {
  readonly kind: "valid";
  readonly request: ApprovalRequest;
  /** What the approvers changed; applied after modify rules and evaluated as well. */
  readonly edits: readonly ModifyOperation[];
  /** True when this very review has used it already (the retry after a lost answer). */
  readonly used: boolean;
  /**
   * Whether a rule that asks now is one of those that were approved. False: it was not among them and asks anew.
   * Throws RL_GRANT_MISMATCH when it was, but reads differently today (ruleHash).
   */
  readonly covers: (
    rule: Pick<Requirement, "rule" | "ruleHash"> & { readonly policy: { readonly uid: string } },
  ) => boolean;
}

/** Checks everything about an approval but the rules in force; uses nothing. Throws RL_NOT_FOUND or RL_GRANT_MISMATCH. */
export async function present(parts: DeskParts, presentation: Presentation): Promise<Presented> {
  const { identity, name } = presentation;
  const { request } = await readStored(parts, { namespace: identity.namespace, name });
  const { spec } = request;
  if (spec.agent.namespace !== identity.namespace || spec.agent.serviceAccount !== identity.serviceAccount) {
    throw mismatch(`${name} was asked for by another agent`);
  }
  if (spec.run !== identity.run) throw mismatch(`${name} was asked for in another run`);
  const standing = standingOf(request, parts.clock.now(), parts.electorate);
  if (!coversAction(spec, standing.approval?.grant, presentation)) {
    throw mismatch(`${name} is for another action: send the same one, unchanged`);
  }
  const used = usedBy(request, presentation);
  if (!used) await refuseUnusable(parts, presentation, standing.phase);
  return {
    kind: "valid",
    request: settled(request, parts),
    edits: standing.approval?.edits ?? [],
    used,
    covers: (rule) => coversRule(request, rule),
  };
}

/** A no to this very action stands, also against a wider yes that somebody gave before or after. */
async function refuseUnusable(
  { store }: DeskParts,
  { identity, name, digest }: Presentation,
  phase: ApprovalPhase,
): Promise<void> {
  if (phase !== "Approved") throw mismatch(`${name} cannot be used: ${closedBecause(phase)}`);
  const no = await store.denied(identity, digest);
  if (no !== undefined) throw mismatch(`this action was denied in this run (${no.request.metadata.name})`);
}

function coversRule({ metadata, spec }: ApprovalRequest, asking: Parameters<Presented["covers"]>[0]): boolean {
  const same = spec.requirements.filter(({ policy, rule }) => policy.uid === asking.policy.uid && rule === asking.rule);
  if (same.length === 0) return false;
  if (same.some(({ ruleHash }) => ruleHash === asking.ruleHash)) return true;
  throw mismatch(`the rule ${asking.rule} has changed since ${metadata.name} was asked for: ask again`);
}

export interface Consumption {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly requestDigest: string;
}

/**
 * Takes one use. `repeat`: this review took it before. `exhausted`: there is none to take, for whatever reason; nothing was taken.
 * Exactly one of those who race for the last use gets it.
 */
export function consumeOne(parts: DeskParts, use: Consumption): Promise<"consumed" | "repeat" | "exhausted"> {
  return change<"consumed" | "repeat" | "exhausted">(parts, use, (request, now) => {
    const next = consume(request, use, { now, electorate: parts.electorate });
    if (next.kind === "unchanged") return { stop: "repeat" };
    if (next.kind === "refused") return { stop: "exhausted" };
    return { status: next.status, result: "consumed", told: { event: "used", uid: use.uid } };
  });
}

function mismatch(message: string): RunlogError {
  return new RunlogError("RL_GRANT_MISMATCH", message, { path: "/request/approval" });
}
