import { RunlogError } from "#api";
import type { RunIdentity } from "#api";
import type { Clock } from "#runtime";
import type { MetricsRegistry } from "#telemetry";
import { Known } from "./binding.ts";
import { type Entry, isDoubtful, type Run, runKey } from "./run.ts";
import { EntryTable } from "./entry-table.ts";
import type * as Contract from "./ledger.ts";
import { defaultLedgerLimits, type LedgerLimits } from "./limits.ts";
import { unknownState } from "./lookups.ts";
import { LedgerMetrics } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { Postings } from "./postings.ts";
import { Restoring } from "./restoring.ts";
import { Reviews } from "./reviews.ts";
import { RunTable } from "./run-table.ts";
import { settle } from "./settling.ts";
import { Shelf } from "./shelf.ts";
import { Subjects } from "./subjects.ts";
import { sweep } from "./sweeping.ts";
import { Zones } from "./zones.ts";

/** How often one request may have to look something up: run, its parents, uid, delegation; more means that memory is too small. */
const MAX_LOOKUPS = 32;

export interface MemoryLedgerOptions {
  readonly clock: Clock;
  /** Without one, nothing that is still needed ever leaves memory, and a full ledger refuses. */
  readonly archive?: Contract.RunArchive | undefined;
  readonly limits?: Partial<LedgerLimits> | undefined;
  readonly metrics?: MetricsRegistry | undefined;
}

/** The ledger of a single process. Checking and adding is one synchronous step; only what left memory makes it wait. */
export function createMemoryLedger(options: MemoryLedgerOptions): Contract.Ledger {
  return new MemoryLedger(options);
}

class MemoryLedger implements Contract.Ledger {
  readonly #parts: Parts;
  readonly #reviews: Reviews;
  readonly #restoring: Restoring;
  #restored = false;

  constructor({ clock, archive, limits: given, metrics }: MemoryLedgerOptions) {
    const limits = { ...defaultLedgerLimits, ...given };
    const archived = archive !== undefined;
    const subjects = new Subjects(limits);
    const entries = new EntryTable(limits, archived);
    const measured = metrics && new LedgerMetrics(metrics, { entries, runs: () => runs.size });
    const runs = new RunTable({
      limits,
      subjects,
      archived,
      onLeave: (run, why) => {
        entries.dropRun(run);
        if (why === "put away" && !this.#restored) this.#restoring.left(run);
        measured?.left(why);
      },
    });
    const shelf = archive && new Shelf({ archive, limits, runs, entries, subjects, now: () => clock.now() });
    const postings = new Postings(subjects);
    this.#parts = { clock, limits, subjects, zones: new Zones(), runs, entries, postings, shelf };
    this.#reviews = new Reviews(this.#parts);
    this.#restoring = new Restoring(this.#parts);
  }

  async begin(request: Contract.BeginRequest): Promise<Contract.BeginResult> {
    this.#restored = true;
    const known = new Known();
    for (let i = 0; i < MAX_LOOKUPS; i++) {
      const result = this.#reviews.begin(request, known);
      if (result.kind !== "need") return result;
      await result.look();
    }
    throw unknownState(new Error("it was put away as often as it was looked up"));
  }

  async amend(request: Contract.AmendRequest): Promise<Contract.AmendResult> {
    if (request.dryRun) await this.#find(request.run);
    return this.#reviews.amend(request);
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here is a rejection to the caller
  async finish(request: Contract.FinishRequest): Promise<Contract.FinishResult> {
    return this.#reviews.finish(request);
  }

  // oxlint-disable-next-line typescript/require-await
  async abandon(run: RunIdentity, uid: string): Promise<void> {
    this.#reviews.abandon(run, uid);
  }

  async reservation(run: RunIdentity, uid: string): Promise<Contract.Reservation | undefined> {
    return (await this.#entry(run, uid))?.reservation();
  }

  async settle(request: Contract.SettleRequest): Promise<Contract.SettleResult> {
    const entry = await this.#entry(request.run, request.uid);
    const kind = entry === undefined ? "unknown" : settle(entry, request, this.#parts);
    if (kind === "settled") this.#restoring.settled(request.run, request.uid);
    return { kind };
  }

  async run(identity: RunIdentity): Promise<Contract.RunView | undefined> {
    return (await this.#find(identity))?.view();
  }

  async close(
    identity: RunIdentity,
    closure: Contract.Closure,
    { tree }: { readonly tree: boolean },
  ): Promise<Contract.Closure | undefined> {
    const run = await this.#find(identity);
    if (run === undefined) return undefined;
    this.#parts.runs.closeTree(tree ? run.root : run, closure);
    return run.closure;
  }

  // oxlint-disable-next-line typescript/require-await
  async usage(query: Contract.UsageQuery): Promise<Contract.Usage> {
    const now = this.#parts.clock.now();
    const zone = this.#parts.zones.get(query.zone, now);
    if ("unreadable" in zone) throw new RunlogError("RL_INVALID", `zone: ${zone.unreadable}`, { path: "zone" });
    const spending = this.#parts.subjects.find(scope(query))?.spending;
    const none = { cost: 0, tokens: 0 };
    return { today: spending?.day(zone, now) ?? none, month: spending?.month(zone, now) ?? none };
  }

  async sweep(): Promise<Contract.Sweep> {
    const unswept = this.#restoring.takeUnswept().concat(this.#parts.entries.takeEarly());
    const swept = await sweep(this.#parts);
    return { ...swept, charged: unswept.concat(swept.charged) };
  }

  restore(event: Contract.RestoreEvent): void {
    this.#restoring.apply(event);
  }

  async #find(identity: RunIdentity): Promise<Run | undefined> {
    const { runs, shelf } = this.#parts;
    const key = runKey(identity);
    for (let i = 0; i < MAX_LOOKUPS; i++) {
      const run = runs.get(key);
      if (shelf === undefined || (run !== undefined && !isDoubtful(run))) return run;
      if (run !== undefined) await shelf.resolve(run.root);
      else if (!(await shelf.run(identity))) return undefined;
    }
    throw unknownState(new Error("it was put away as often as it was looked up"));
  }

  async #entry(identity: RunIdentity, uid: string): Promise<Entry | undefined> {
    for (let i = 0; i < MAX_LOOKUPS; i++) {
      const run = await this.#find(identity);
      const entry = run?.entries.get(uid);
      const { shelf } = this.#parts;
      if (run === undefined || entry !== undefined || shelf === undefined) return entry;
      if (!(await shelf.review(run, uid))) return undefined;
    }
    throw unknownState(new Error("it was put away as often as it was looked up"));
  }
}

/** Whose budget: each `per` needs the names down to its own level. */
function scope({ per, namespace, serviceAccount, user }: Contract.UsageQuery): Parameters<Subjects["find"]>[0] {
  const given = { namespace, serviceAccount, user };
  const needed = {
    cluster: [],
    namespace: ["namespace"],
    agent: ["namespace", "serviceAccount"],
    user: ["namespace", "serviceAccount", "user"],
  } as const;
  const missing = needed[per].find((name) => given[name] === undefined);
  if (missing !== undefined)
    throw new RunlogError("RL_INVALID", `usage per ${per} needs ${missing}`, { path: missing });
  return Object.fromEntries(needed[per].map((name) => [name, given[name]]));
}
