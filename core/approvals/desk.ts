import { RunlogError, type ApprovalRequest, type ApproverIdentity, type RunIdentity, type Vote } from "#api";
import { KeyedTurns, type Clock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import { ask, type ApprovalQuestion, type AskAnswer, type AskLimits } from "./ask.ts";
import { change, notFound, readStored, settled, type Change, type DeskParts } from "./change.ts";
import type { Electorate, ServiceAccountRef } from "./electorate.ts";
import { consumeOne, present, type Consumption, type Presentation, type Presented } from "./execute.ts";
import { denyByDeletion, expire, standingOf, withdraw, type Transition } from "./machine.ts";
import { declareMetrics } from "./metrics.ts";
import type { ApprovalFilter, ApprovalStore, Page } from "./store.ts";
import { TransitionFeed, type ApprovalTransition, type TransitionListener } from "./transitions.ts";
import { admitVote } from "./vote.ts";
import { Waiters, type WaitLimits } from "./waiters.ts";

/** The desk where agents ask and people answer (api.md §4). Every method may also throw what the store throws. */
export interface Approvals {
  ask(question: ApprovalQuestion): Promise<AskAnswer>;
  /** Uses nothing. Throws RL_NOT_FOUND or RL_GRANT_MISMATCH. */
  present(presentation: Presentation): Promise<Presented>;
  /** Throws RL_NOT_FOUND. */
  consume(use: Consumption): Promise<"consumed" | "repeat" | "exhausted">;
  /** Counts the vote, or finds that it counted before. Throws RL_NOT_FOUND, RL_VOTE_REFUSED or RL_NOT_PENDING. */
  vote(target: VoteTarget, by: ApproverIdentity, vote: Vote): Promise<ApprovalRequest>;
  /** Throws RL_NOT_FOUND. */
  get(namespace: string, name: string): Promise<ApprovalRequest>;
  list(
    filter: ApprovalFilter,
    page: Page,
  ): Promise<{ readonly items: ApprovalRequest[]; readonly continue: string | null }>;
  /**
   * The request once it is no longer Pending, or as it is after `timeoutMs` (at most 60 000) or when the signal aborts.
   * Throws RL_NOT_FOUND to anyone but the agent that asked, and RL_SATURATED.
   */
  wait(agent: ServiceAccountRef, name: string, options: WaitOptions): Promise<ApprovalRequest>;
  /** Closes every open request of a run. Returns how many. */
  withdrawRun(run: RunIdentity, reason: string): Promise<number>;
  /** An open request becomes Denied. Throws RL_NOT_FOUND, or RL_NOT_PENDING for a closed one, which stays with its run. */
  delete(namespace: string, name: string, by: string): Promise<ApprovalRequest>;
  /** Drops what is kept of a run that the run log has forgotten; its denied questions are forgotten with it. */
  forgetRun(run: RunIdentity): Promise<void>;
  /** Writes expiries down and deletes what is past retention. To be called about every second. */
  sweep(): Promise<{ readonly expired: number; readonly pruned: number }>;
  /** Returns how to stop listening. */
  onTransition(listener: TransitionListener): () => void;
  /** Ends every wait, now and later. */
  close(): void;
}

export interface VoteTarget {
  readonly namespace: string;
  readonly name: string;
  /** The RBAC verb `approve`; in `serve`, holding an approver token. Counts for rules that name no approvers. */
  readonly mayApprove: boolean;
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ApprovalsOptions {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly log: Pick<Logger, "error">;
  readonly registry: MetricsRegistry;
  /** `Approvers.electorate` in `serve`. Without it everyone counts as what they are. */
  readonly electorate?: Electorate | undefined;
  readonly limits?: Partial<AskLimits> | undefined;
  readonly waits?: WaitLimits | undefined;
  /** Milliseconds that closed requests are kept; 30 d. Denied ones stay until forgetRun. */
  readonly retentionMs?: number | undefined;
  /** ServiceAccounts of the run's tree, none of which may vote. Asked only when a ServiceAccount votes; if it throws, the vote fails. */
  readonly runTree?: ((run: RunIdentity) => Promise<readonly ServiceAccountRef[]>) | undefined;
  /** Says what is wrong with the meaning of edits or grant (a path, an operator), if anything. */
  readonly ballotError?: ((vote: Vote) => string | undefined) | undefined;
}

export const defaultAskLimits: AskLimits = { openPerAgent: 20, openPerNamespace: 1000, expiredPerQuestion: 3 };
const DEFAULT_RETENTION_MS = 30 * 86_400_000;
const MAX_WAIT_MS = 60_000;
const BATCH = 100;
const MAX_BATCHES = 20;

export function createApprovals(options: ApprovalsOptions): Approvals {
  return new Desk(options);
}

class Desk implements Approvals {
  readonly #options: ApprovalsOptions;
  readonly #parts: DeskParts;
  readonly #limits: AskLimits;
  readonly #waiters: Waiters;

  constructor(options: ApprovalsOptions) {
    const { store, clock, electorate = {}, log, registry } = options;
    this.#options = options;
    this.#parts = { store, clock, electorate, feed: new TransitionFeed(log), turns: new KeyedTurns() };
    this.#limits = { ...defaultAskLimits, ...options.limits };
    this.#waiters = new Waiters(options.waits);
    store.watch((namespace, name) => this.#waiters.wake(`${namespace}/${name}`));
    this.#parts.feed.listen(declareMetrics({ registry, store, clock, log }));
  }

  ask(question: ApprovalQuestion): Promise<AskAnswer> {
    return ask(this.#parts, this.#limits, question);
  }

  present(presentation: Presentation): Promise<Presented> {
    return present(this.#parts, presentation);
  }

  consume(use: Consumption): Promise<"consumed" | "repeat" | "exhausted"> {
    return consumeOne(this.#parts, use);
  }

  async vote(target: VoteTarget, by: ApproverIdentity, vote: Vote): Promise<ApprovalRequest> {
    const runTree = await this.#runTreeFor(target, by);
    const { electorate } = this.#parts;
    const { mayApprove } = target;
    const { ballotError } = this.#options;
    await change<void>(this.#parts, target, (request, now) => {
      const verdict = admitVote(request, by, vote, { now, electorate, runTree, mayApprove, ballotError });
      if (verdict.kind === "refused") throw new RunlogError(verdict.code, verdict.why);
      if (verdict.kind === "repeated") return { stop: undefined };
      return { status: verdict.status, result: undefined, told: { event: "voted", vote: verdict.entry } };
    });
    return this.get(target.namespace, target.name);
  }

  async get(namespace: string, name: string): Promise<ApprovalRequest> {
    return settled((await readStored(this.#parts, { namespace, name })).request, this.#parts);
  }

  async list(
    filter: ApprovalFilter,
    page: Page,
  ): Promise<{ readonly items: ApprovalRequest[]; readonly continue: string | null }> {
    const listed = await this.#parts.store.list(filter, page, this.#parts.clock.now());
    return { items: listed.items.map(({ request }) => settled(request, this.#parts)), continue: listed.continue };
  }

  async wait(agent: ServiceAccountRef, name: string, { timeoutMs, signal }: WaitOptions): Promise<ApprovalRequest> {
    const ends = performance.now() + Math.min(Math.max(timeoutMs, 0), MAX_WAIT_MS);
    for (;;) {
      const waiter = this.#waiters.enter(`${agent.namespace}/${name}`);
      try {
        const request = await this.#ownRequest(agent, name);
        const now = this.#parts.clock.now();
        const { phase, closesAt } = standingOf(request, now, this.#parts.electorate);
        const left = Math.ceil(ends - performance.now());
        if (phase !== "Pending" || left <= 0 || signal?.aborted === true || this.#waiters.closed) {
          return settled(request, this.#parts);
        }
        await waiter.woken(Math.max(1, Math.min(left, closesAt - now)), signal);
      } finally {
        waiter.leave();
      }
    }
  }

  async withdrawRun(run: RunIdentity, reason: string): Promise<number> {
    return this.#inBatches(
      () => this.#parts.store.openOf(run, BATCH),
      (request, now) => withdraw(request, reason, now, this.#parts.electorate),
      "withdrawn",
    );
  }

  async delete(namespace: string, name: string, by: string): Promise<ApprovalRequest> {
    await change<void>(this.#parts, { namespace, name }, (request, now) => {
      const next = denyByDeletion(request, by, now, this.#parts.electorate);
      if (next.kind !== "changed") {
        throw new RunlogError("RL_NOT_PENDING", `${name} is closed and stays with its run`);
      }
      return { status: next.status, result: undefined, told: { event: "deleted" } };
    });
    return this.get(namespace, name);
  }

  forgetRun(run: RunIdentity): Promise<void> {
    return this.#parts.store.forgetRun(run);
  }

  async sweep(): Promise<{ readonly expired: number; readonly pruned: number }> {
    const { store, clock, electorate } = this.#parts;
    const expired = await this.#inBatches(
      () => store.overdue(clock.now(), BATCH),
      (request, now) => expire(request, now, electorate),
      "expired",
    );
    const pruned = await store.prune(clock.now() - (this.#options.retentionMs ?? DEFAULT_RETENTION_MS));
    return { expired, pruned };
  }

  onTransition(listener: TransitionListener): () => void {
    return this.#parts.feed.listen(listener);
  }

  close(): void {
    this.#waiters.close();
  }

  /** Finds and changes until nothing is found, or nothing found can be changed. */
  async #inBatches(
    find: () => ReturnType<ApprovalStore["overdue"]>,
    decide: (request: ApprovalRequest, now: number) => Transition,
    event: ApprovalTransition["event"],
  ): Promise<number> {
    let total = 0;
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      let changed = 0;
      for (const { request } of await find()) {
        const { namespace = request.spec.agent.namespace, name } = request.metadata;
        changed += await this.#changeIfThere({ namespace, name }, (current, now): Change<number> => {
          const next = decide(current, now);
          return next.kind === "changed" ? { status: next.status, result: 1, told: { event } } : { stop: 0 };
        });
      }
      if (changed === 0) break;
      total += changed;
    }
    return total;
  }

  async #changeIfThere(
    target: { readonly namespace: string; readonly name: string },
    decide: (request: ApprovalRequest, now: number) => Change<number>,
  ): Promise<number> {
    try {
      return await change(this.#parts, target, decide);
    } catch (error) {
      if (error instanceof RunlogError && error.code === "RL_NOT_FOUND") return 0;
      throw error;
    }
  }

  async #ownRequest({ namespace, serviceAccount }: ServiceAccountRef, name: string): Promise<ApprovalRequest> {
    const { request } = await readStored(this.#parts, { namespace, name });
    const { agent } = request.spec;
    if (agent.namespace !== namespace || agent.serviceAccount !== serviceAccount) throw notFound({ namespace, name });
    return request;
  }

  async #runTreeFor(target: VoteTarget, by: ApproverIdentity): Promise<readonly ServiceAccountRef[]> {
    const { runTree } = this.#options;
    if (runTree === undefined || !by.username.startsWith("system:serviceaccount:")) return [];
    const { spec } = (await readStored(this.#parts, target)).request;
    return runTree({ ...spec.agent, run: spec.run });
  }
}
