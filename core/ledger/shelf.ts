import { isRunlogError, type RunIdentity } from "#api";
import { Draft, type Recent, type ReviewEvent } from "./draft.ts";
import { actionOf, estimateOf, NOTHING } from "./action.ts";
import { type Entry, Run, runKey } from "./run.ts";
import type { EntryTable } from "./entry-table.ts";
import type { RestoreEvent, RunArchive } from "./ledger.ts";
import type { LedgerLimits } from "./limits.ts";
import { Lookups, unknownState } from "./lookups.ts";
import { idleClosure, type RunTable } from "./run-table.ts";
import type { Subjects } from "./subjects.ts";

/** A parent can be put away again while its child is still being read; after so many times memory is simply too small. */
const TRIES = 4;

export interface ShelfOptions {
  readonly archive: RunArchive;
  readonly limits: LedgerLimits;
  readonly runs: RunTable;
  readonly entries: EntryTable;
  readonly subjects: Subjects;
  readonly now: () => number;
}

/** Brings runs and reviews back into memory that were put away, by what the archive tells of them. */
export class Shelf {
  readonly #options: ShelfOptions;
  readonly #lookups: Lookups;
  /** Runs that turned out to be idle when they came back: the next sweep reports them. */
  readonly idle: Run[] = [];

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#lookups = new Lookups(options.limits);
  }

  /** False when there never was such a run. */
  async run(identity: RunIdentity, options: { readonly asParent: boolean } = { asParent: false }): Promise<boolean> {
    const key = runKey(identity);
    return await this.#lookups.once(key, async (signal) => {
      if (this.#options.runs.get(key) !== undefined) return true;
      const draft = this.#draft(identity);
      await this.#options.archive.history(identity, (event) => {
        if (!signal.aborted) draft.feed(event);
      });
      if (draft.startedAt === undefined) return false;
      const parent = draft.parent && (await this.#parent(draft.parent.run));
      signal.throwIfAborted();
      if (this.#options.runs.get(key) === undefined) this.#put(identity, draft, { parent, ...options });
      return true;
    });
  }

  /**
   * Reads a doubtful tree again. If it began before what was restored, all of it leaves memory, to come back whole; else only what the
   * tree counts is replaced. Nothing is counted in the tree meanwhile: whoever wants to waits for this.
   */
  async resolve(root: Run): Promise<void> {
    await this.#lookups.once(`${root.key}\ntree`, async (signal) => {
      const draft = this.#draft(root.identity);
      await this.#options.archive.history(root.identity, (event) => draft.feed(event));
      signal.throwIfAborted();
      if (this.#options.runs.get(root.key) !== root) return true;
      if (root.unsure && !isWhole(root, draft)) this.#options.runs.putAwayTree(root);
      else adoptTree(root, draft);
      return true;
    });
  }

  /** False when the archive knows no review of this uid. */
  async review(run: Run, uid: string): Promise<boolean> {
    return await this.#lookups.once(`${run.key}\n${uid}`, async (signal) => {
      const events = await this.#options.archive.review(run.identity, uid);
      signal.throwIfAborted();
      const recent = recentOf(events);
      if (recent === undefined) return false;
      const present = this.#options.runs.get(run.key);
      if (present === undefined) throw new Error("the run was put away meanwhile");
      const known = present.entries.get(uid);
      if (known === undefined) this.#recall(present, recent);
      else if (known.answered && known.answer === undefined)
        this.#options.entries.speak(known, recent.review.finish.answer);
      return true;
    });
  }

  /** What the archive holds of a review, without bringing it back. */
  async peek(run: Run, uid: string): Promise<ReviewEvent | undefined> {
    let found: ReviewEvent | undefined;
    await this.#lookups.once(`${run.key}\n${uid}\npeek`, async () => {
      found = recentOf(await this.#options.archive.review(run.identity, uid))?.review;
      return found !== undefined;
    });
    return found;
  }

  async #parent(identity: RunIdentity): Promise<Run> {
    const key = runKey(identity);
    for (let i = 0; i < TRIES; i++) {
      const parent = this.#options.runs.get(key);
      if (parent !== undefined) return parent;
      if (!(await this.run(identity, { asParent: true }))) break;
    }
    throw unknownState(new Error(`its parent ${identity.run} is not there`));
  }

  #draft(run: RunIdentity): Draft {
    const { limits, runs, subjects, now } = this.#options;
    return new Draft({ run, limits, now: now(), own: runs.totals(), treeSubject: subjects.create() });
  }

  #put(identity: RunIdentity, draft: Draft, given: { parent: Run | undefined; asParent: boolean }): void {
    const { runs, now } = this.#options;
    const { parent } = given;
    if (parent !== undefined && runs.get(parent.key) !== parent) {
      throw unknownState(new Error("its parent was put away meanwhile"));
    }
    const run = this.#build(identity, draft, parent);
    if (!given.asParent && this.#isIdle(run)) {
      run.closure = idleClosure(now());
      this.idle.push(run);
    }
    runs.put(run);
    for (const recent of draft.recent.values()) this.#recallIfRoom(run, recent);
  }

  #build(identity: RunIdentity, draft: Draft, parent: Run | undefined): Run {
    const { subjects, now } = this.#options;
    const run = new Run({
      identity,
      parent,
      agent: subjects.agent(identity),
      namespace: subjects.namespace(identity.namespace),
      startedAt: draft.startedAt ?? 0,
      totals: draft.own,
      treeSubject: parent?.root.treeSubject ?? draft.treeSubject,
    });
    run.tree = draft.tree ?? draft.own;
    run.lastAt = draft.lastAt;
    run.activeAt = draft.activeAt;
    run.reloadedAt = now();
    run.opened = run.written = true;
    for (const [delegation, child] of draft.claims) run.claim(delegation, child);
    run.closure = parent?.closure?.state === "terminated" ? parent.closure : draft.closure;
    return run;
  }

  #isIdle(run: Run): boolean {
    const { limits, now } = this.#options;
    return run.closure === undefined && run.activeAt + limits.idleTimeoutMs <= now();
  }

  /** Without room the review stays in the archive, and the filter says so: else its repeat would count as new. */
  #recallIfRoom(run: Run, recent: Recent): void {
    try {
      this.#recall(run, recent);
    } catch (error) {
      if (!isRunlogError(error) || error.code !== "RL_SATURATED") throw error;
      this.#options.entries.leaveAway(run, recent.review.request.uid, this.#options.now());
    }
  }

  /** Its money, counts and place in the windows stand in the counters already. */
  #recall(run: Run, recent: Recent): void {
    const { entries, subjects, limits } = this.#options;
    const { request, finish, at } = recent.review;
    const userSubject = request.user === undefined ? undefined : subjects.user(run.agent, request.user);
    const entry = entries.create(
      run,
      { ...request, action: actionOf(request), userSubject, until: at + limits.answerTtlMs },
      { at, now: this.#options.now() },
    );
    entry.pending = 0;
    entry.counted = request.action === "tool_call" && !request.resend;
    entry.denied = finish.countsAsDenial;
    entry.mayRun = finish.mayRun;
    entries.speak(entry, finish.answer);
    if (finish.mayRun) this.#recallMoney(entry, recent);
    else entries.turn(entry, "released");
  }

  #recallMoney(entry: Entry, { review, settle, expired }: Recent): void {
    const { entries, limits, now } = this.#options;
    if (settle !== undefined) {
      const { charge, reportDigest } = settle.request;
      entry.held = charge ?? NOTHING;
      entry.slot = charge !== null;
      entry.reportDigest = reportDigest;
      entries.turn(entry, "settled");
      return;
    }
    entry.held = estimateOf(review.request);
    entry.slot = true;
    const overdue = expired === true || review.at + limits.reservationTtlMs <= now();
    entries.turn(entry, overdue ? "expired" : "kept");
  }
}

/** The last review of the uid with what came after it. */
function recentOf(events: readonly RestoreEvent[]): Recent | undefined {
  let recent: Recent | undefined;
  for (const event of events) {
    if (event.kind === "review") recent = { review: event };
    else if (event.kind === "settle" && recent !== undefined) recent.settle ??= event;
    else if (event.kind === "expired" && recent !== undefined) recent.expired = true;
  }
  return recent;
}

function isWhole(root: Run, draft: Draft): boolean {
  return (
    draft.startedAt === root.startedAt && draft.parent === undefined && draft.closure?.state === root.closure?.state
  );
}

function adoptTree(root: Run, draft: Draft): void {
  root.tree = draft.tree ?? root.own;
  root.treeSubject = draft.treeSubject;
  root.activeAt = Math.max(root.activeAt, draft.activeAt);
  for (const [delegation, child] of draft.claims) root.claim(delegation, child);
  root.stale = root.unsure = false;
}
