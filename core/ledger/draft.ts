import type { RunIdentity } from "#api";
import { estimateOf } from "./action.ts";
import type { Amount, Closure, ParentClaim, RestoreEvent } from "./ledger.ts";
import type { LedgerLimits } from "./limits.ts";
import { runKey } from "./run.ts";
import type { Subject } from "./subjects.ts";
import type { Totals } from "./totals.ts";

export type ReviewEvent = Extract<RestoreEvent, { kind: "review" }>;
type SettleEvent = Extract<RestoreEvent, { kind: "settle" }>;

/** A review of the run that must be known by its uid again: its answer is still remembered. */
export interface Recent {
  readonly review: ReviewEvent;
  settle?: SettleEvent;
  expired?: boolean;
}

/** What a review left in the counters. */
interface Standing {
  readonly at: number;
  readonly tool: string | undefined;
  readonly charged: Amount;
}

const MAX_STANDING = 50_000;

export interface DraftOptions {
  readonly run: RunIdentity;
  readonly limits: LedgerLimits;
  readonly now: number;
  readonly own: Totals;
  readonly treeSubject: Subject;
}

/**
 * A run read back from its history: what the run itself counts, and for a root what its whole tree counts. The budgets of agent, user,
 * namespace and cluster never left memory, so nothing is added to them.
 */
export class Draft {
  readonly own: Totals;
  tree: Totals | undefined;
  readonly treeSubject: Subject;
  readonly recent = new Map<string, Recent>();
  readonly claims = new Map<string, string>();
  parent: ParentClaim | undefined;
  closure: Closure | undefined;
  startedAt: number | undefined;
  lastAt = 0;
  activeAt = 0;
  readonly #key: string;
  readonly #options: DraftOptions;
  readonly #standing = new Map<string, Standing>();
  readonly #over = new Set<string>();

  constructor(options: DraftOptions) {
    this.#options = options;
    this.#key = runKey(options.run);
    this.own = options.own;
    this.treeSubject = options.treeSubject;
  }

  feed(event: RestoreEvent): void {
    const key = runKey(event.kind === "review" || event.kind === "settle" ? event.request.run : event.run);
    this.activeAt = Math.max(this.activeAt, event.at);
    if (key === this.#key) this.lastAt = Math.max(this.lastAt, event.at);
    if (event.kind === "review") this.#review(key, event);
    else if (event.kind === "settle") this.#settle(key, event);
    else if (event.kind === "closed") this.#close(key, event.closure, event.tree);
    else this.#expire(key, event.uid);
  }

  #review(key: string, event: ReviewEvent): void {
    const { request, finish, at } = event;
    const mine = key === this.#key;
    if (mine) this.#begin(event);
    if (this.#isOver(key) && !finish.mayRun) return;
    if (!mine) this.#claim(key, request.parent);
    this.#count(mine, event);
    if (finish.mayRun) this.#stand(key, request.uid, { at, tool: request.tool, charged: estimateOf(request) });
    if (mine) this.#remember(event);
    if (finish.terminate !== undefined) this.#close(key, finish.terminate.closure, finish.terminate.tree);
  }

  #begin({ request, at }: ReviewEvent): void {
    if (this.startedAt !== undefined) return;
    this.startedAt = at;
    this.parent = request.parent;
  }

  #remember(review: ReviewEvent): void {
    const { now, limits } = this.#options;
    if (review.at > now - limits.answerTtlMs) this.recent.set(review.request.uid, { review });
  }

  #isOver(key: string): boolean {
    return key === this.#key ? this.closure !== undefined : this.#over.has(key);
  }

  #claim(key: string, parent: ParentClaim | undefined): void {
    this.tree ??= this.own.clone();
    if (parent?.delegation !== undefined && runKey(parent.run) === this.#key) this.claims.set(parent.delegation, key);
  }

  #count(mine: boolean, { request, finish }: ReviewEvent): void {
    const counts = request.action === "tool_call" && !request.resend;
    for (const totals of this.#totals(mine)) {
      if (counts) totals.call(request.tool, request.callDigest, 1);
      if (finish.countsAsDenial) totals.denials++;
    }
  }

  #stand(key: string, uid: string, standing: Standing): void {
    this.#post(key, standing, standing.charged);
    this.treeSubject.windows.add(standing.tool, standing.at, this.#options.now);
    if (this.#standing.size >= MAX_STANDING) {
      for (const oldest of this.#standing.keys()) {
        this.#standing.delete(oldest);
        break;
      }
    }
    this.#standing.set(`${key}\n${uid}`, standing);
  }

  #settle(key: string, event: SettleEvent): void {
    const { uid, charge } = event.request;
    const recent = key === this.#key ? this.recent.get(uid) : undefined;
    if (recent !== undefined) recent.settle ??= event;
    const { replaces } = event;
    const standing = this.#standing.get(`${key}\n${uid}`) ?? (replaces && { ...replaces, tool: replaces.tool });
    this.#standing.delete(`${key}\n${uid}`);
    if (standing === undefined) return;
    const { charged } = standing;
    const now = charge ?? { cost: 0, tokens: 0 };
    this.#post(key, standing, { cost: now.cost - charged.cost, tokens: now.tokens - charged.tokens });
    if (charge === null) this.treeSubject.windows.remove(standing.tool, standing.at, this.#options.now);
  }

  #post(key: string, standing: Standing, amount: Amount): void {
    for (const totals of this.#totals(key === this.#key)) {
      totals.cost += amount.cost;
      totals.tokens += amount.tokens;
    }
    this.treeSubject.spending.add(standing.at, amount, this.#options.now);
  }

  #close(key: string, closure: Closure, tree: boolean): void {
    this.#over.add(key);
    if (key === this.#key) this.startedAt ??= closure.at;
    if ((key !== this.#key && !tree) || this.closure?.state === "terminated") return;
    if (this.closure === undefined || closure.state === "terminated") this.closure = closure;
  }

  #expire(key: string, uid: string): void {
    const recent = key === this.#key ? this.recent.get(uid) : undefined;
    if (recent !== undefined) recent.expired = true;
  }

  #totals(mine: boolean): Totals[] {
    if (mine) return this.tree === undefined ? [this.own] : [this.own, this.tree];
    return [(this.tree ??= this.own.clone())];
  }
}
