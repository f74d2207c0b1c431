import type { Decision, RunIdentity, RunState, RunSummary } from "#api";
import type { ChainHead } from "#storage";
import type { ClosureRecord, LogRecord, RecordKind, ReviewRecord } from "./record.ts";

export type AppendResult =
  | { readonly kind: "committed"; readonly seq: number }
  /** The run already has a review with this uid, less than an hour old, or a report since that review (a batch that was overdue was committed after all): read it with `review`. Nothing was written. */
  | { readonly kind: "duplicate" }
  /** durability `buffered`. */
  | { readonly kind: "buffered" }
  /** `required: false` only: not recorded, counted in runlog_log_dropped_total. */
  | { readonly kind: "dropped"; readonly reason: string };

export interface StoredRecord {
  readonly seq: number;
  readonly hash: string;
  /** The text that was hashed. */
  readonly body: string;
  readonly record: LogRecord;
}

export interface Page {
  /** 1 to 500. */
  readonly limit: number;
  /** As given with the page before; RL_INVALID when it is not one of ours. */
  readonly continue?: string | undefined;
}
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly continue: string | null;
}

export interface RunQuery {
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly agent?: string | undefined;
  readonly state?: RunState | undefined;
  /** Runs with at least one such decision. */
  readonly decision?: Decision | undefined;
  /** Runs that were active at or after, and began before: milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface Step {
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  readonly kind: RecordKind;
  readonly [field: string]: unknown;
}

/** What the log knows of a run besides its records. It outlives them: it stays for `runRetentionMs`. */
export interface ArchivedRun {
  readonly summary: RunSummary;
  readonly closure: ClosureRecord | undefined;
  /** False when retention took records of this run: its counters cannot be rebuilt. */
  readonly complete: boolean;
}

export interface RetentionLimits {
  /** Records older than this go. */
  readonly maxAgeMs?: number | undefined;
  /** The oldest records go until the file uses no more than this. */
  readonly maxBytes?: number | undefined;
  /** The row of a run (state, closure, totals) stays so long after its last step, whatever the other limits. */
  readonly runRetentionMs: number;
}
export interface Pruned {
  readonly records: number;
  readonly runs: number;
}

export interface ExportQuery {
  readonly run?: RunIdentity | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** Records as they stand in the log. With both ends given they are an unbroken stretch of the chain. */
export interface LogExport {
  /** What stands before the first record; undefined when the records are picked (`run`). */
  readonly anchor: ChainHead | undefined;
  readonly head: ChainHead | undefined;
  /** Oldest first; can be gone through once. */
  readonly records: AsyncIterable<StoredRecord>;
}

export interface ChainProblem {
  readonly seq: number;
  readonly kind: "altered" | "missing" | "out-of-order" | "truncated" | "columns" | "run";
  readonly message: string;
}
export interface VerifyReport {
  readonly ok: boolean;
  readonly records: number;
  readonly first: number | undefined;
  readonly last: ChainHead | undefined;
  /** At most 100; `problemsTotal` counts all. */
  readonly problems: readonly ChainProblem[];
  readonly problemsTotal: number;
  /** Not faults: a process with durability `buffered` that did not close; up to its flush interval of records may be missing after `seq`. */
  readonly unclean: readonly {
    readonly openedAt: number;
    readonly afterSeq: number;
    readonly flushIntervalMs: number;
  }[];
}

export interface RunLogHealth {
  readonly ok: boolean;
  readonly state: string;
  readonly lastError: string | undefined;
  readonly waiting: { readonly records: number; readonly bytes: number };
  /** The newest record known to be committed: note it elsewhere, and `verify` can prove that nothing after it was cut off. */
  readonly head: ChainHead | undefined;
}

/** The asking half; also of a log that another process writes. Every method may throw RL_DEADLINE, RL_SATURATED or RL_STORE_UNAVAILABLE. */
export interface RunLogReader {
  /** Newest first. */
  runs(query: RunQuery, page: Page): Promise<PageOf<RunSummary>>;
  run(identity: RunIdentity): Promise<ArchivedRun | undefined>;
  /** Every record of the run, oldest first. */
  steps(identity: RunIdentity, page: Page): Promise<PageOf<Step>>;
  /** The last one with this uid: an hour later a uid may be used anew. */
  review(identity: RunIdentity, uid: string): Promise<ReviewRecord | undefined>;
  /** What is recorded of one action: its review, its report, what a sweep did with it, oldest first. Needs an index by (run, uid). */
  ofUid(identity: RunIdentity, uid: string): Promise<readonly LogRecord[]>;
  /**
   * Hands over the run's review, report, run and sweep records (of a root: also those of the runs below it), oldest first, and then says what is known of
   * the run. Undefined: there never was such a run
   * (or its retention is over). When `complete` is false the closure is still certain, the counters are not.
   * A run that ended with its tree has no record of that itself: its `closure` tells.
   */
  history(identity: RunIdentity, onRecord: (record: LogRecord) => void): Promise<ArchivedRun | undefined>;
  /** Hands over every record at or after `sinceMs`, oldest first, in bounded pieces: the rebuild at start. */
  replay(sinceMs: number, onRecord: (record: LogRecord) => void): Promise<void>;
  /** What is in the log now; records that come later are not part of it. */
  export(query: ExportQuery): Promise<LogExport>;
  /**
   * Checks the hash chain, the columns that queries rely on and that closed runs are still marked as closed; with `expected`, a head noted elsewhere,
   * also that nothing up to it was cut off or written anew.
   */
  verify(expected?: ChainHead): Promise<VerifyReport>;
}

/** The durable record of every step and decision. */
export interface RunLog extends RunLogReader {
  /**
   * Resolves when the record is as durable as configured. `body`, if given, is the record's JSON, made elsewhere.
   * Rejects with RL_SATURATED or RL_STORE_UNAVAILABLE when `required`; otherwise resolves to `dropped`.
   */
  append(record: LogRecord, body?: string): Promise<AppendResult>;
  /** False while `append` would reject at once: ask before something is reserved. Always true when not `required`. */
  accepting(): boolean;
  prune(limits: RetentionLimits): Promise<Pruned>;
  health(): RunLogHealth;
  /** Resolves to how many records were left unwritten. */
  close(deadlineMs: number): Promise<{ readonly left: number }>;
}
