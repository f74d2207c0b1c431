import type {
  ActionType,
  CounterReading,
  CounterRef,
  Decision,
  Micros,
  PolicyReference,
  RunIdentity,
  RunState,
} from "#api";

/** What the ledger must know of a review to check its uid and run, count it and reserve for it, in one call. */
export interface BeginRequest {
  readonly run: RunIdentity;
  readonly uid: string;
  /** Digest over every field of the request but `uid`. */
  readonly requestDigest: string;
  readonly parent?: ParentClaim | undefined;
  readonly agent?: string | undefined;
  readonly user?: string | undefined;
  readonly action: ActionType;
  readonly tool?: string | undefined;
  readonly model?: string | undefined;
  /** Digest of tool and arguments, for identical_calls; tool_call only. */
  readonly callDigest?: string | undefined;
  /** The estimate in micro-dollars, or why there is none (then every cost counter is unreadable). */
  readonly cost: CounterReading;
  readonly tokens: CounterReading;
  readonly counters: readonly CounterRef[];
  /** Highest permitted value per counter, this action included. One over: nothing is reserved. */
  readonly limits: readonly { readonly counter: CounterRef; readonly limit: number }[];
  /** False when the action is refused already: it is counted, but no money, tokens or window slot is reserved. */
  readonly reserve: boolean;
  /** Reads and checks like any review; adds nothing, binds no run, keeps no answer. */
  readonly dryRun: boolean;
  /** The re-send of an approved action: call counters do not rise again. */
  readonly resend: boolean;
}

export interface ParentClaim {
  readonly run: RunIdentity;
  /** uid of the parent's allowed delegation that names this run; needed when the ServiceAccount differs. */
  readonly delegation?: string | undefined;
}

export interface Closure {
  readonly state: Exclude<RunState, "active">;
  readonly reason: string;
  readonly message: string;
  readonly policy: PolicyReference | null;
  /** When, milliseconds since the epoch. */
  readonly at: number;
}

export type BeginResult =
  /** The uid was answered before: the same answer, nothing counted. */
  | { readonly kind: "answered"; readonly answer: string }
  /** The uid was used for another request. */
  | { readonly kind: "uid_reused" }
  /** The run, or a run above it, is terminated or it has ended. */
  | { readonly kind: "closed"; readonly closure: Closure }
  | { readonly kind: "parent_refused"; readonly why: string }
  | { readonly kind: "too_many_runs"; readonly limit: number }
  | {
      readonly kind: "open";
      /** By CounterRef.key. A counter that could not be read says why. */
      readonly readings: ReadonlyMap<string, CounterReading>;
      /** True when the estimate was added; false when a limit stood in the way or `reserve` was false. */
      readonly reserved: boolean;
      readonly reservation: string;
      readonly root: RunIdentity;
      /** True for the first review of a run: a `run` record is due. */
      readonly newRun: boolean;
    };

/** A modified action: its new digest and estimate replace the first ones before the second pass. */
export interface AmendRequest extends Pick<
  BeginRequest,
  | "run"
  | "uid"
  | "action"
  | "tool"
  | "callDigest"
  | "cost"
  | "tokens"
  | "counters"
  | "limits"
  | "reserve"
  | "dryRun"
  | "resend"
> {
  readonly user?: string | undefined;
}
export interface AmendResult {
  readonly readings: ReadonlyMap<string, CounterReading>;
  readonly reserved: boolean;
}

/** How the review ended. Also what makes a repeat of the uid give the same answer. */
export interface FinishRequest {
  readonly run: RunIdentity;
  readonly uid: string;
  readonly requestDigest: string;
  /** JSON of the response. */
  readonly answer: string;
  readonly decision: Decision;
  /** True when the action may run: its reservation is kept, or added now if a limit had kept it out. False takes it back. */
  readonly mayRun: boolean;
  /** Counts to denials_in_run: a deny by policy, not one by runtime error. */
  readonly countsAsDenial: boolean;
  readonly terminate?: { readonly closure: Closure; readonly tree: boolean } | undefined;
}

export interface Reservation {
  readonly run: RunIdentity;
  readonly uid: string;
  readonly action: ActionType;
  readonly model?: string | undefined;
  readonly cost: CounterReading;
  readonly tokens: CounterReading;
  /** When the action was decided. */
  readonly at: number;
  readonly state: "open" | "kept" | "settled" | "expired" | "released";
  readonly reportDigest?: string | undefined;
  readonly charged?: { readonly cost: Micros; readonly tokens: number } | undefined;
}

export interface SettleRequest {
  readonly run: RunIdentity;
  readonly uid: string;
  readonly reportDigest: string;
  /** What is charged instead of the estimate, in the day of the decision. `null` releases (skipped). */
  readonly charge: { readonly cost: Micros; readonly tokens: number } | null;
}
export type SettleResult = { readonly kind: "settled" | "repeat" | "conflict" | "unknown" };

export interface RunView {
  readonly identity: RunIdentity;
  readonly state: RunState;
  readonly closure: Closure | undefined;
  readonly parent: RunIdentity | undefined;
  readonly root: RunIdentity;
  readonly depth: number;
  readonly startedAt: number;
  readonly lastAt: number;
}

export interface UsageQuery {
  readonly per: "agent" | "user" | "namespace" | "cluster";
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly user?: string | undefined;
  readonly zone: string;
}
export interface Usage {
  readonly today: { readonly cost: Micros; readonly tokens: number };
  readonly month: { readonly cost: Micros; readonly tokens: number };
}

/** Something that happened before this process started, told by the run log so that budgets are right from the first review. */
export type RestoreEvent =
  | {
      readonly kind: "review";
      readonly at: number;
      readonly request: Omit<BeginRequest, "counters" | "limits" | "reserve" | "dryRun">;
      readonly finish: Omit<FinishRequest, "run" | "uid" | "requestDigest">;
    }
  | { readonly kind: "settle"; readonly at: number; readonly request: SettleRequest }
  | {
      readonly kind: "closed";
      readonly at: number;
      readonly run: RunIdentity;
      readonly closure: Closure;
      readonly tree: boolean;
    };

/** Where a run that is no longer in memory is looked up. Throws when it cannot tell. */
export interface RunArchive {
  /** Everything that happened in the run, oldest first; empty when there never was such a run. */
  history(run: RunIdentity): Promise<readonly RestoreEvent[]>;
}

/**
 * Counters, budgets, run states and answers: reserve -> settle -> release (api.md "What counts", "Runs", "Money").
 * The same uid never adds twice; budgets are exact over settled + reserved.
 * Every method may throw RL_RUN_UNKNOWN_STATE (neither ledger nor archive can tell) or RL_DEADLINE.
 */
export interface Ledger {
  begin(request: BeginRequest): Promise<BeginResult>;
  amend(request: AmendRequest): Promise<AmendResult>;
  finish(request: FinishRequest): Promise<void>;
  /** Undoes begin: the record was refused, so nothing happened. */
  abandon(run: RunIdentity, uid: string): Promise<void>;
  reservation(run: RunIdentity, uid: string): Promise<Reservation | undefined>;
  settle(request: SettleRequest): Promise<SettleResult>;
  run(run: RunIdentity): Promise<RunView | undefined>;
  /** Ends an active run, or terminates it (with its subtree, or the whole tree). A closed run stays as it is; returns the closure in force. */
  close(run: RunIdentity, closure: Closure, options: { readonly tree: boolean }): Promise<Closure | undefined>;
  usage(query: UsageQuery): Promise<Usage>;
  /** Charges or releases overdue reservations, ends idle runs, forgets what is past retention. Returns what it closed and charged, for the record. */
  sweep(): Promise<Sweep>;
  restore(event: RestoreEvent): void;
}

export interface Sweep {
  readonly idle: readonly RunIdentity[];
  readonly charged: readonly {
    readonly run: RunIdentity;
    readonly uid: string;
    readonly cost: Micros;
    readonly tokens: number;
  }[];
  readonly released: readonly { readonly run: RunIdentity; readonly uid: string }[];
}
