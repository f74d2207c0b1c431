import type { ApprovalPhase, ApprovalRequest, RunIdentity } from "#api";

/** A request as it is kept. `version` changes with every write and means nothing else. */
export interface StoredApproval {
  readonly request: ApprovalRequest;
  readonly version: string;
}

/** What is written, with what cannot be read off the request without counting votes. */
export interface ApprovalWrite {
  readonly request: ApprovalRequest;
  /** When it closes by itself (Standing.closesAt); 0 when it is closed. */
  readonly closesAt: number;
  readonly changedAt: number;
}

export interface ApprovalFilter {
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly run?: string | undefined;
  readonly phase?: ApprovalPhase | undefined;
}

export interface Page {
  /** 1 to 500. */
  readonly limit: number;
  readonly continue?: string | undefined;
}

export interface ApprovalPage {
  readonly items: readonly StoredApproval[];
  readonly continue: string | null;
}

export interface OpenCounts {
  readonly agent: number;
  readonly namespace: number;
}

/**
 * Where requests are kept: embedded or in the cluster. A resolved write is durable and every later read sees it.
 * Methods may throw RL_STORE_UNAVAILABLE, RL_SATURATED or RL_DEADLINE; a write that threw may still have happened.
 * Phases in filters and counts are effective at `now`: a request past `closesAt` is Expired.
 */
export interface ApprovalStore {
  /** Undefined when the name is taken. */
  create(write: ApprovalWrite): Promise<StoredApproval | undefined>;
  get(namespace: string, name: string): Promise<StoredApproval | undefined>;
  /** Compare-and-set of the status: undefined when the request changed since it was read, or is gone. */
  replace(read: StoredApproval, write: ApprovalWrite): Promise<StoredApproval | undefined>;
  /** The one of the highest ordinal with this question label. */
  newest(namespace: string, question: string): Promise<StoredApproval | undefined>;
  /** A denied request of this run for this action, whatever rules asked then. */
  denied(run: RunIdentity, digest: string): Promise<StoredApproval | undefined>;
  openCounts(namespace: string, serviceAccount: string, now: number): Promise<OpenCounts>;
  /** At most `limit` requests of the run that are written as open. */
  openOf(run: RunIdentity, limit: number): Promise<readonly StoredApproval[]>;
  /** At most `limit` requests that are written as open but past `closesAt`. */
  overdue(now: number, limit: number): Promise<readonly StoredApproval[]>;
  /** Newest first. Throws RL_INVALID for a `continue` it did not give. */
  list(filter: ApprovalFilter, page: Page, now: number): Promise<ApprovalPage>;
  countByPhase(now: number): Promise<ReadonlyMap<ApprovalPhase, number>>;
  /** Deletes closed requests last changed before a time, denied ones excepted: a no stays with its run. Returns how many. */
  prune(changedBefore: number): Promise<number>;
  /** Deletes everything of a run that is itself forgotten. */
  forgetRun(run: RunIdentity): Promise<void>;
  /** Tells of every write, after it. Returns how to stop. Listeners must not throw. */
  watch(listener: (namespace: string, name: string) => void): () => void;
}
