import { RunlogError, type ApprovalPhase, type ApprovalRequest, type ApprovalStatus } from "#api";
import type { Clock, KeyedTurns } from "#runtime";
import type { Electorate } from "./electorate.ts";
import { settledStatus, standingOf } from "./machine.ts";
import type { ApprovalStore, ApprovalWrite, StoredApproval } from "./store.ts";
import type { ApprovalTransition, TransitionFeed } from "./transitions.ts";

/** What every duty of the desk works with. */
export interface DeskParts {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly electorate: Electorate;
  readonly feed: TransitionFeed;
  readonly turns: KeyedTurns;
}

/** What to do with a request as it was read: write a status, or stop with a result. */
export type Change<T> =
  | { readonly status: ApprovalStatus; readonly result: T; readonly told: Told }
  | { readonly stop: T };

/** What listeners hear beside request, phases and time. */
export type Told = Pick<ApprovalTransition, "event" | "vote" | "uid">;

/** With a turn per request only other replicas can come between; so many times in a row means something is wrong. */
const ATTEMPTS = 16;

export interface Target {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Read → decide → compare-and-set, again when the request changed meanwhile. `decide` is pure and may be called several times;
 * what it says is told to listeners only once written. Throws RL_NOT_FOUND, RL_CONFLICT, and what `decide` throws.
 */
export function change<T>(
  parts: DeskParts,
  target: Target,
  decide: (request: ApprovalRequest, now: number) => Change<T>,
): Promise<T> {
  return parts.turns.run(`request/${target.namespace}/${target.name}`, async () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const read = await readStored(parts, target);
      const now = parts.clock.now();
      const decided = decide(read.request, now);
      if ("stop" in decided) return decided.stop;
      const written = await write(parts, read, decided.status, now);
      if (written === undefined) continue;
      parts.feed.tell({
        ...decided.told,
        from: standingBefore(read.request, now, parts),
        to: written.request.status?.phase ?? "Pending",
        at: now,
        request: written.request,
      });
      return decided.result;
    }
    throw new RunlogError("RL_CONFLICT", `${target.name} keeps changing; try again`);
  });
}

export async function readStored({ store }: DeskParts, { namespace, name }: Target): Promise<StoredApproval> {
  const read = await store.get(namespace, name);
  if (read === undefined) throw notFound({ namespace, name });
  return read;
}

export function notFound({ namespace, name }: Target): RunlogError {
  return new RunlogError("RL_NOT_FOUND", `there is no approval request ${name} in ${namespace} that you may see`);
}

/** A request as it really is now: phase and votes counted again. */
export function settled(request: ApprovalRequest, { clock, electorate }: DeskParts): ApprovalRequest {
  return { ...request, status: settledStatus(request, clock.now(), electorate) };
}

export function writeOf(request: ApprovalRequest, now: number, electorate: Electorate): ApprovalWrite {
  return { request, closesAt: standingOf(request, now, electorate).closesAt, changedAt: now };
}

function write(
  { store, electorate }: DeskParts,
  read: StoredApproval,
  status: ApprovalStatus,
  now: number,
): Promise<StoredApproval | undefined> {
  return store.replace(read, writeOf({ ...read.request, status }, now, electorate));
}

/** An expiry that is only written down now came from the phase that was written before. */
function standingBefore(request: ApprovalRequest, now: number, { electorate }: DeskParts): ApprovalPhase {
  const { phase } = standingOf(request, now, electorate);
  return phase === "Expired" ? (request.status?.phase ?? "Pending") : phase;
}
