import { RunlogError, type ApprovalPhase, type ApprovalRequest, type RunIdentity } from "#api";
import { isOpen } from "./machine.ts";

/** What stores look requests up by. */
export function runOf({ spec }: ApprovalRequest): RunIdentity {
  return { namespace: spec.agent.namespace, serviceAccount: spec.agent.serviceAccount, run: spec.run };
}

export function phaseOf(request: ApprovalRequest): ApprovalPhase {
  return request.status?.phase ?? "Pending";
}

/** The phase to show at a time for a request that is written with this one. */
export function phaseAt(written: ApprovalPhase, closesAt: number, now: number): ApprovalPhase {
  return isOpen(written) && closesAt <= now ? "Expired" : written;
}

/** A `continue` token is the sequence number of the last request shown. */
export function cursorOf(token: string | undefined): number {
  if (token === undefined) return Number.MAX_SAFE_INTEGER;
  if (!/^[0-9]{1,15}$/.test(token)) {
    throw new RunlogError("RL_INVALID", "continue: not a token of this list", { path: "continue" });
  }
  return Number(token);
}
