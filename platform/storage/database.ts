/** What SQLite takes and gives here; text columns hold JSON, integers are safe integers. */
export type SqlValue = string | number | null;

export interface Statement {
  /** SQL, or `@name` of one that a schema part declares: a long text then does not cross to the writer each time. */
  readonly sql: string;
  readonly params: readonly SqlValue[];
  /** How many rows it must change; another number undoes its group, which fails with RL_CONFLICT (compare-and-set). */
  readonly expectChanges?: number | undefined;
}

/**
 * A hash-chained table. It has the columns `seq INTEGER PRIMARY KEY`, `body TEXT`, `hash TEXT` and the listed ones.
 * `hash` = SHA-256, in hex, over the UTF-8 of `<hash of the row before>\n<seq>\n<body>`; before the first row stand 64 zeros.
 */
export interface Chain {
  readonly table: string;
  readonly columns: readonly string[];
  /**
   * SQL over `old` (a row that is there) and `new` (the one to be written), such as `old.uid = new.uid AND old.at > new.at - 60000`; needs an index.
   * Where it holds, the row is not written and reported as a duplicate.
   */
  readonly duplicate?: string | undefined;
}

export interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

/** What one room keeps in the file: its tables, in numbered steps, and which of them are chained. */
export interface SchemaPart {
  readonly name: string;
  /** Versions 1, 2, 3, … without a gap. */
  readonly migrations: readonly Migration[];
  readonly chains?: readonly Chain[] | undefined;
  /** Statements by name, for `@name`; names are unique in the file. */
  readonly statements?: Readonly<Record<string, string>> | undefined;
}

export interface ChainedRow {
  readonly table: string;
  /** In the order of `Chain.columns`. */
  readonly columns: readonly SqlValue[];
  readonly body: string;
  /** Done in the same transaction; in the first one `last_insert_rowid()` is the row's seq. Not done for a duplicate. */
  readonly also?: readonly Statement[] | undefined;
}

export type Appended =
  | { readonly kind: "committed"; readonly seq: number }
  /** `Chain.duplicate` holds for a row that is there; nothing was written. */
  | { readonly kind: "duplicate" }
  /** durability `buffered`: taken over, not yet written. */
  | { readonly kind: "buffered" };

export interface ReadOptions {
  /** Milliseconds after which the caller gets RL_DEADLINE; 2 000 by default. */
  readonly deadlineMs?: number | undefined;
  /** Rows stop once their text exceeds this many characters (at least one row is given); 4 Mi by default. */
  readonly maxChars?: number | undefined;
}
export interface ReadResult<T> {
  readonly rows: readonly T[];
  /** True when rows were left out for `maxChars`. */
  readonly truncated: boolean;
}

/** The reading half; also of a file that another process writes. */
export interface Reader {
  /** Runs one SELECT in a short transaction on the reader thread. Throws RL_DEADLINE, RL_SATURATED or RL_STORE_UNAVAILABLE. */
  read<T>(sql: string, params: readonly SqlValue[], options?: ReadOptions): Promise<ReadResult<T>>;
}

export type Durability = "buffered" | "committed" | "synced";

/** Where a chain stands: the last row written, or the last one pruned. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** Told how many appends that were answered before their commit (`buffered`) are lost, and why. */
export type LostListener = (count: number, reason: string) => void;

export interface DatabaseHealth {
  /** `stalled`: a batch is overdue; `failing`: the last batch was refused; `down`: the writer is being restarted. */
  readonly state: "ok" | "failing" | "stalled" | "down" | "closed";
  readonly lastError: string | undefined;
  readonly waiting: { readonly records: number; readonly bytes: number };
  /** By table. */
  readonly heads: ReadonlyMap<string, ChainHead>;
}

/**
 * One SQLite file with one writer thread and one reader thread. Writes are committed in groups: one batch is in flight, what arrives meanwhile
 * is the next. What a promise resolved to is durable as `durability` says.
 *
 * `write` and `append` reject with RL_SATURATED (too much is waiting; nothing was taken), RL_STORE_UNAVAILABLE (full, broken, overdue or
 * restarting; an overdue write may still be committed later), RL_CONFLICT (`expectChanges`), RL_BODY_TOO_LARGE or RL_INTERNAL (a statement
 * that SQLite refuses: it alone fails).
 */
export interface Database extends Reader {
  /** All statements or none. Resolves, once committed, to the number of rows each one changed; also in `buffered`. */
  write(statements: readonly Statement[]): Promise<readonly number[]>;
  append(row: ChainedRow): Promise<Appended>;
  /** Deletes rows of a chain up to and including `seq`; the rest can still be verified, from an anchor that stays. */
  pruneChain(table: string, seq: number): Promise<number>;
  /** Gives free pages back to the file system, at most so many. */
  compact(pages: number): Promise<void>;
  /** False while a write would be refused at once: ask before something is reserved. */
  readonly accepting: boolean;
  readonly durability: Durability;
  onLost(listener: LostListener): void;
  health(): DatabaseHealth;
  /** Takes nothing more, writes what waits, checkpoints, closes. Resolves to how many writes were left undone at the deadline. Repeatable. */
  close(deadlineMs: number): Promise<{ readonly left: number }>;
}

export interface DatabaseLimits {
  /** Writes that may wait, in flight included; 4 096. */
  readonly waitingRecords?: number | undefined;
  /** Bytes that may wait; 8 MiB. */
  readonly waitingBytes?: number | undefined;
  /** Writes in one batch; 256. */
  readonly batchRecords?: number | undefined;
  /** Bytes in one batch, unless a single write is larger; 1 MiB. */
  readonly batchBytes?: number | undefined;
  /** Milliseconds after which a batch without acknowledgement fails its waiters; 2 000. */
  readonly acknowledgeMs?: number | undefined;
  /** Reads that may wait; 256. */
  readonly waitingReads?: number | undefined;
}
