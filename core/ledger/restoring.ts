import { isRunlogError } from "#api";
import type { RunIdentity } from "#api";
import { actionOf, NOTHING } from "./action.ts";
import { Entry, type Run, runKey } from "./run.ts";
import type { Replaced, RestoreEvent, Sweep } from "./ledger.ts";
import type { Parts } from "./parts.ts";
import { SeenFilter } from "./seen-filter.ts";
import { settle } from "./settling.ts";

const MAX_UNSWEPT = 10_000;

type ReviewEvent = Extract<RestoreEvent, { kind: "review" }>;
type SettleEvent = Extract<RestoreEvent, { kind: "settle" }>;

/**
 * Rebuilds the ledger from the run log, event by event. Budgets get everything; runs are kept as far as memory reaches: of a run that
 * was put away on the way only the budgets are counted, and the run itself comes back whole when it is asked for.
 */
export class Restoring {
  readonly #parts: Parts;
  readonly #incomplete = new SeenFilter(Number.POSITIVE_INFINITY);
  readonly #unswept = new Map<string, Sweep["charged"][number]>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  apply(event: RestoreEvent): void {
    this.#settleOld(event.at);
    switch (event.kind) {
      case "review":
        this.#review(event);
        return;
      case "settle":
        this.#settle(event);
        return;
      case "expired": {
        const entry = this.#run(event.run)?.entries.get(event.uid);
        this.#swept(event.run, event.uid);
        if (entry?.state === "kept") this.#parts.entries.turn(entry, "expired");
        return;
      }
      case "closed": {
        const run = this.#run(event.run);
        if (run !== undefined) this.#parts.runs.closeTree(event.tree ? run.root : run, event.closure);
      }
    }
  }

  /** The run left memory before the log was read to its end. */
  left(run: Run): void {
    this.#incomplete.add(run.key, 0);
    if (run.parent !== undefined) run.root.stale = true;
  }

  /** What expired without a record of a sweep, because nobody was there to sweep: the next sweep tells. */
  takeUnswept(): Sweep["charged"][number][] {
    const rows = [...this.#unswept.values()];
    this.#unswept.clear();
    return rows;
  }

  settled(run: RunIdentity, uid: string): void {
    if (this.#unswept.size > 0) this.#unswept.delete(uidKey(run, uid));
  }

  #swept(run: RunIdentity, uid: string): void {
    this.settled(run, uid);
    this.#parts.entries.forgetEarly(runKey(run), uid);
  }

  #review(event: ReviewEvent): void {
    const { request, finish, at } = event;
    const { postings } = this.#parts;
    const run = this.#runOf(event);
    if (run?.closure !== undefined && !finish.mayRun) return;
    const entry = run === undefined ? this.#aside(request.run, event) : this.#entry(run, event);
    postings.count(entry);
    postings.deny(entry, finish.countsAsDenial);
    entry.mayRun = finish.mayRun;
    if (finish.mayRun) postings.hold(entry, at);
    if (run !== undefined) this.#finish(run, entry, event);
  }

  #finish(run: Run, entry: Entry, { finish, at }: ReviewEvent): void {
    const { entries, runs, clock, limits } = this.#parts;
    entry.pending = 0;
    if (at + limits.answerTtlMs > clock.now()) entries.speak(entry, finish.answer);
    entry.answered = true;
    entries.turn(entry, finish.mayRun ? "kept" : "released");
    run.touch(at);
    if (finish.terminate === undefined) return;
    const { closure, tree } = finish.terminate;
    runs.closeTree(tree ? run.root : run, closure);
  }

  #settle({ request, replaces, at }: SettleEvent): void {
    const run = this.#run(request.run);
    const entry = run?.entries.get(request.uid);
    this.#swept(request.run, request.uid);
    if (entry !== undefined) {
      settle(entry, request, { ...this.#parts, clock: { now: () => at } });
      return;
    }
    if (replaces === undefined) return;
    const past = this.#past(run ?? this.#detached(request.run, at), request.uid, replaces);
    settle(past, request, { ...this.#parts, clock: { now: () => at } });
  }

  #run(identity: RunIdentity): Run | undefined {
    return this.#parts.runs.get(runKey(identity));
  }

  /** The run in memory, opened now if this is its first review; undefined when memory does not hold all of it. */
  #runOf(event: ReviewEvent): Run | undefined {
    const known = this.#run(event.request.run);
    if (known !== undefined) return known;
    const key = runKey(event.request.run);
    if (this.#incomplete.has(key, 0)) return undefined;
    const opened = this.#opened(event);
    if (opened === undefined) this.#incomplete.add(key, 0);
    return opened;
  }

  #opened(event: ReviewEvent): Run | undefined {
    const claim = event.request.parent;
    const parent = claim && this.#run(claim.run);
    if (claim !== undefined && parent === undefined) return undefined;
    const run = this.#parts.runs.make(event.request.run, parent, event.at);
    if (!this.#put(run)) {
      if (parent !== undefined) parent.root.stale = true;
      return undefined;
    }
    this.#begin(run, event);
    return run;
  }

  #begin(run: Run, { request, opens }: ReviewEvent): void {
    run.opened = run.written = true;
    if (opens !== true && this.#parts.shelf !== undefined) run.root.unsure = true;
    const delegation = request.parent?.delegation;
    if (delegation !== undefined) run.parent?.claim(delegation, run.key);
  }

  #put(run: Run): boolean {
    try {
      this.#parts.runs.put(run);
      return true;
    } catch (error) {
      if (isRunlogError(error) && error.code === "RL_SATURATED" && this.#parts.shelf !== undefined) return false;
      throw error;
    }
  }

  #entry(run: Run, { request, at }: ReviewEvent): Entry {
    const { entries, subjects, limits } = this.#parts;
    const before = run.entries.get(request.uid);
    if (before !== undefined) entries.drop(before);
    const userSubject = request.user === undefined ? undefined : subjects.user(run.agent, request.user);
    const until = at + limits.answerTtlMs;
    return entries.create(
      run,
      { ...request, action: actionOf(request), userSubject, until },
      { at, now: this.#parts.clock.now() },
    );
  }

  /** Counts for the budgets only: its run is not in memory as a whole. */
  #aside(identity: RunIdentity, { request, at }: ReviewEvent): Entry {
    const run = this.#detached(identity, at);
    const userSubject = request.user === undefined ? undefined : this.#parts.subjects.user(run.agent, request.user);
    return new Entry(run, { ...request, action: actionOf(request), userSubject, until: 0 }, at);
  }

  #past(run: Run, uid: string, { at, tool, user, charged }: Replaced): Entry {
    const userSubject = user === undefined ? undefined : this.#parts.subjects.user(run.agent, user);
    const action = actionOf({ action: "tool_call", tool, cost: charged.cost, tokens: charged.tokens, resend: true });
    const given = { uid, requestDigest: "", model: undefined, user, userSubject, until: 0, action };
    const entry = new Entry(run, given, at);
    entry.held = charged;
    entry.slot = entry.answered = entry.mayRun = true;
    entry.state = "expired";
    return entry;
  }

  #detached(identity: RunIdentity, at: number): Run {
    return this.#parts.runs.make(identity, undefined, at);
  }

  /** Reservations whose sweep would long stand in the log, and answers nobody can repeat, leave on the way; a few each time. */
  #settleOld(now: number): void {
    const { entries, limits } = this.#parts;
    for (const entry of entries.overdue(now - limits.answerTtlMs, 4)) {
      entries.turn(entry, "expired");
      const { run, uid, held = NOTHING } = entry;
      if (this.#unswept.size < MAX_UNSWEPT)
        this.#unswept.set(uidKey(run.identity, uid), { run: run.identity, uid, ...held });
    }
    entries.forget(now, 4);
  }
}

function uidKey(run: RunIdentity, uid: string): string {
  return `${runKey(run)}\n${uid}`;
}
