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
  /** delegation only: whom it names (`args.to`). A child of another ServiceAccount is bound only if this names it; see `delegationNames`. */
  readonly delegate?: string | undefined;
  /** The estimate in whole micro-dollars, or why there is none (then every cost counter is unreadable, and nothing is reserved). */
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
  /** uid of the parent's allowed delegation that names this run; needed when the ServiceAccount differs. It admits one child. */
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
      /**
       * By CounterRef.key; the would-be value with this action, whether or not it was added. A counter that could not be read says why.
       * `run` in span or `per`: span `run` is this run alone, with `per: run` the whole tree. `denials` are those so far.
       */
      readonly readings: ReadonlyMap<string, CounterReading>;
      /** True when the estimate was added; false when a limit stood in the way or `reserve` was false. */
      readonly reserved: boolean;
      /** Names the reservation to people; the same for every repeat. Empty for a dryRun. */
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
  | "delegate"
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

export interface FinishResult {
  /** False when the uid was answered meanwhile (the same question asked twice at once): nothing was changed, and `answer` is the one that stands. */
  readonly first: boolean;
  readonly answer: string;
}

/** What a review may cost and what became of it. */
export interface Reservation {
  readonly run: RunIdentity;
  readonly uid: string;
  readonly action: ActionType;
  readonly tool?: string | undefined;
  readonly model?: string | undefined;
  readonly user?: string | undefined;
  /** The estimate. */
  readonly cost: CounterReading;
  readonly tokens: CounterReading;
  /** When the action was decided. */
  readonly at: number;
  /**
   * `open`: not answered yet. `kept`: it may run, waiting for a report. `settled`: reported, also as skipped (then 0 is charged).
   * `expired`: nobody reported, charged at its estimate; a report still replaces that. `released`: it may not run.
   */
  readonly state: "open" | "kept" | "settled" | "expired" | "released";
  readonly reportDigest?: string | undefined;
  /** What stands in the counters now; absent while `open` and when `released`. */
  readonly charged?: Amount | undefined;
}

export interface Amount {
  readonly cost: Micros;
  readonly tokens: number;
}

export interface SettleRequest {
  readonly run: RunIdentity;
  readonly uid: string;
  readonly reportDigest: string;
  /** What is charged instead of the estimate, in the day of the decision. `null` releases (skipped). */
  readonly charge: Amount | null;
}
/** `repeat`: the same report again, nothing changed. `conflict`: another report came first. `unknown`: nothing that may run has this uid. */
export type SettleResult = { readonly kind: "settled" | "repeat" | "conflict" | "unknown" };

export interface RunView {
  readonly identity: RunIdentity;
  readonly state: RunState;
  readonly closure: Closure | undefined;
  readonly parent: RunIdentity | undefined;
  readonly root: RunIdentity;
  /** 1 for a root, at most 16. */
  readonly depth: number;
  readonly startedAt: number;
  /** The last review or report of the run itself. */
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
  readonly today: Amount;
  readonly month: Amount;
}

/**
 * Something that happened before, told by the run log so that budgets are right from the first review.
 * Events come in the order of the log. A record of a review whose run was closed already counts nothing.
 */
export type RestoreEvent =
  | {
      readonly kind: "review";
      readonly at: number;
      /** The action as it was decided: of a modified one the second pass. */
      readonly request: Omit<BeginRequest, "counters" | "limits" | "reserve" | "dryRun">;
      readonly finish: Omit<FinishRequest, "run" | "uid" | "requestDigest">;
      /**
       * True for the first review of its run (BeginResult.newRun). A run whose first restored review is not that began before what is
       * restored, so its beginning, perhaps its end, is in the archive only: it is read there before it is used.
       */
      readonly opens?: boolean | undefined;
    }
  | {
      readonly kind: "settle";
      readonly at: number;
      readonly request: SettleRequest;
      /** What the report replaced; without it a report that came more than an hour after its review is not restored. */
      readonly replaces?: Replaced | undefined;
    }
  /** What a sweep did with a reservation nobody settled. */
  | { readonly kind: "expired"; readonly at: number; readonly run: RunIdentity; readonly uid: string }
  | {
      readonly kind: "closed";
      readonly at: number;
      readonly run: RunIdentity;
      readonly closure: Closure;
      readonly tree: boolean;
    };

/** The parts of a Reservation that a report needs to be restored without its review. */
export interface Replaced extends Pick<Reservation, "at" | "tool" | "user"> {
  readonly charged: Amount;
}

/** Where a run or an answer that is no longer in memory is looked up. Both throw when they cannot tell. */
export interface RunArchive {
  /**
   * Tells everything that happened in the run, oldest first; nothing when there never was such a run.
   * Of a root: also everything that happened in the runs below it (for `per: run`), in one order.
   */
  history(run: RunIdentity, onEvent: (event: RestoreEvent) => void): Promise<void>;
  /** The last review of this uid, and what was reported or swept after it; empty when there is none. */
  review(run: RunIdentity, uid: string): Promise<readonly RestoreEvent[]>;
}

/**
 * Counters, budgets, run states and answers: reserve -> settle -> release (api.md "What counts", "Runs", "Money").
 * The same uid never adds twice; budgets are exact over settled + reserved.
 * Every method may throw RL_RUN_UNKNOWN_STATE (neither ledger nor archive can tell), RL_SATURATED (a bound is reached
 * and nothing can be put away without loss) or RL_DEADLINE.
 */
export interface Ledger {
  begin(request: BeginRequest): Promise<BeginResult>;
  /** Of a review that is open, or of a dryRun. */
  amend(request: AmendRequest): Promise<AmendResult>;
  /** Keeps the answer. RL_DEADLINE: the review took so long that its reservation was released; nothing may run on it. */
  finish(request: FinishRequest): Promise<FinishResult>;
  /**
   * Undoes begin: the record was refused, so nothing happened. Also undoes finish, but never a termination, and nothing that was reported.
   * When the same uid was begun twice at once, the last one to give up undoes it.
   */
  abandon(run: RunIdentity, uid: string): Promise<void>;
  reservation(run: RunIdentity, uid: string): Promise<Reservation | undefined>;
  settle(request: SettleRequest): Promise<SettleResult>;
  run(run: RunIdentity): Promise<RunView | undefined>;
  /**
   * Ends an active run, or terminates it and its subtree (with `tree`: the whole tree). Ending touches only the run itself.
   * A terminated run stays as it is; an ended one can still be terminated, because runs below it may be active.
   * Returns the closure in force, undefined when there is no such run.
   */
  close(run: RunIdentity, closure: Closure, options: { readonly tree: boolean }): Promise<Closure | undefined>;
  usage(query: UsageQuery): Promise<Usage>;
  /** Charges or releases overdue reservations, ends idle runs, forgets what is past retention. Returns what it closed and charged, for the record. */
  sweep(): Promise<Sweep>;
  /** Adds what happened before; call it for each record, before the first review is taken. Budgets are not checked. */
  restore(event: RestoreEvent): void;
}

export interface Sweep {
  readonly idle: readonly { readonly run: RunIdentity; readonly closure: Closure }[];
  readonly charged: readonly ({ readonly run: RunIdentity; readonly uid: string } & Amount)[];
  readonly released: readonly { readonly run: RunIdentity; readonly uid: string }[];
}
