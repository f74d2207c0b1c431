import { RunlogError, type RunIdentity } from "#api";
import type { Closure } from "./ledger.ts";
import type { LedgerLimits } from "./limits.ts";
import { List, type Node } from "./list.ts";
import { isDoubtful, Run } from "./run.ts";
import type { Subjects } from "./subjects.ts";
import { type CallBudget, Totals } from "./totals.ts";

/** How many runs one search for room looks at. */
const TRIES = 64;

/** `undone`: its first review failed, so it never was. */
export type Leaving = "put away" | "past retention" | "undone";

export interface RunTableOptions {
  readonly limits: LedgerLimits;
  readonly subjects: Subjects;
  /** Without an archive nothing may be put away: it would be lost. */
  readonly archived: boolean;
  /** Told when a run leaves memory, so that its answers leave too. */
  readonly onLeave: (run: Run, why: Leaving) => void;
}

/** The runs in memory, and how they leave it: least recently used first, closed ones before active ones, never one that money waits for. */
export class RunTable {
  readonly #options: RunTableOptions;
  readonly #runs = new Map<string, Run>();
  readonly #active = new List<Run>();
  readonly #closed = new List<Run>();
  readonly #calls: CallBudget;

  constructor(options: RunTableOptions) {
    this.#options = options;
    this.#calls = { used: 0, max: options.limits.maxCallsInMemory };
  }

  get size(): number {
    return this.#runs.size;
  }

  get(key: string): Run | undefined {
    return this.#runs.get(key);
  }

  totals(): Totals {
    return new Totals({ limits: this.#options.limits, budget: this.#calls });
  }

  /** A run that is not in the table: for a dryRun, or to be filled before it is put in. */
  make(identity: RunIdentity, parent: Run | undefined, startedAt: number): Run {
    const { subjects } = this.#options;
    return new Run({
      identity,
      parent,
      startedAt,
      agent: subjects.agent(identity),
      namespace: subjects.namespace(identity.namespace),
      totals: this.totals(),
      treeSubject: parent?.root.treeSubject ?? subjects.create(),
    });
  }

  #makeRoom(): void {
    const { limits, archived } = this.#options;
    const full = this.#runs.size >= limits.maxRunsInMemory;
    if (!full && (!archived || this.#calls.used < this.#calls.max)) return;
    const run = archived ? (this.#leastUsed(this.#closed) ?? this.#leastUsed(this.#active)) : undefined;
    if (run !== undefined) this.#leave(run, "put away");
    else if (full) {
      throw new RunlogError("RL_SATURATED", `the ledger holds ${limits.maxRunsInMemory} runs and can put none away`, {
        retryAfter: 60,
      });
    }
  }

  /** Makes room first; RL_SATURATED when there is none. */
  put(run: Run): void {
    this.#makeRoomBeside(run.parent);
    this.#runs.set(run.key, run);
    run.agent.runs++;
    if (run.parent !== undefined) {
      (run.parent.children ??= new Set()).add(run);
      run.root.splitTree();
    }
    if (run.closure === undefined) run.agent.active++;
    run.place = (run.closure === undefined ? this.#active : this.#closed).append(run);
  }

  /** Sets the closure of one run. A terminated run stays as it is; an ended one can only be terminated. */
  close(run: Run, closure: Closure): void {
    if (run.closure?.state === "terminated" || (run.closure !== undefined && closure.state === "ended")) return;
    const wasActive = run.closure === undefined;
    run.closure = closure;
    if (!wasActive || run.place === undefined) return;
    this.#active.remove(run.place);
    run.agent.active--;
    run.place = this.#closed.append(run);
  }

  /** Closes the run; a termination also everything below it. A sub-run that is not in memory finds it in its parent when it comes back. */
  closeTree(run: Run, closure: Closure): void {
    if (closure.state === "ended") {
      this.close(run, closure);
      return;
    }
    const pending = [run];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      this.close(next, closure);
      pending.push(...(next.children ?? []));
    }
  }

  /** A run whose first review failed never was, unless something else happened in it. */
  undo(run: Run): void {
    run.opened = false;
    if (run.entries.size > 0 || run.place === undefined || !mayLeave(run)) return;
    run.parent?.disclaim(run.key);
    this.#leave(run, "undone");
  }

  /** The whole tree leaves memory, whatever waits in it: the archive knows it better. */
  putAwayTree(run: Run): void {
    for (const child of run.children ?? []) this.putAwayTree(child);
    this.#leave(run, "put away");
  }

  /** Ends runs that nothing happened in for the idle timeout; at most `max` of them. */
  endIdle(now: number, max: number): Run[] {
    const ended: Run[] = [];
    while (ended.length < max) {
      const run = this.#active.first?.item;
      if (run === undefined || run.activeAt + this.#options.limits.idleTimeoutMs > now) return ended;
      if (isDoubtful(run)) {
        this.putAwayTree(run.root);
        continue;
      }
      this.close(run, idleClosure(now));
      ended.push(run);
    }
    return ended;
  }

  /** Forgets closed runs past retention. A termination is for ever: without an archive it stays in memory. */
  forget(now: number, max: number): void {
    const before = now - this.#options.limits.runRetentionMs;
    let node = this.#closed.first;
    for (let i = 0; i < max && node !== undefined; i++) {
      const { item, after }: Node<Run> = node;
      node = after;
      if (item.lastAt > before) continue;
      const forEver = item.closure?.state === "terminated" && !this.#options.archived;
      if (mayLeave(item) && !forEver) this.#leave(item, "past retention");
      else if (item.place !== undefined) this.#closed.moveToEnd(item.place);
    }
  }

  /** The parent has no child in memory yet, so it could be the one that is put away. */
  #makeRoomBeside(parent: Run | undefined): void {
    if (parent !== undefined) parent.pins++;
    try {
      this.#makeRoom();
    } finally {
      if (parent !== undefined) parent.pins--;
    }
  }

  #leastUsed(list: List<Run>): Run | undefined {
    let node = list.first;
    for (let i = 0; i < TRIES && node !== undefined; i++) {
      const { item, after }: Node<Run> = node;
      if (mayLeave(item)) return item;
      if (list === this.#closed) list.moveToEnd(node);
      node = after;
    }
    return undefined;
  }

  #leave(run: Run, why: Leaving): void {
    this.#runs.delete(run.key);
    if (run.place !== undefined) run.place.list?.remove(run.place);
    run.place = undefined;
    run.parent?.children?.delete(run);
    run.agent.runs--;
    if (run.closure === undefined) run.agent.active--;
    run.own.release();
    if (run.tree !== run.own) run.tree.release();
    this.#options.onLeave(run, why);
  }
}

/** A run stays while money waits in it, and while runs below it are in memory: they look up to it. */
function mayLeave(run: Run): boolean {
  return run.pins === 0 && (run.children?.size ?? 0) === 0;
}

export function idleClosure(at: number): Closure {
  return { state: "ended", reason: "run_idle", message: "nothing happened in the run for too long", policy: null, at };
}
