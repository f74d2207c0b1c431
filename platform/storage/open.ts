import type { Clock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import type { Database, DatabaseLimits, Durability, Reader, SchemaPart } from "./database.ts";

export interface OpenOptions {
  /** Path of the SQLite file; its folder must exist. `<file>.lock` beside it keeps a second process out. */
  readonly file: string;
  readonly schema: readonly SchemaPart[];
  readonly durability: Durability;
  /** Milliseconds between batches in `buffered`; 50. */
  readonly flushIntervalMs?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  readonly limits?: DatabaseLimits | undefined;
}

/** Opens for writing. Throws RL_STORE_LOCKED, RL_STORE_NEWER or RL_STORE_UNAVAILABLE. */
export function openDatabase(_options: OpenOptions): Promise<Database> {
  throw new Error("not built yet");
}

export interface OpenReaderOptions {
  readonly file: string;
  readonly schema: readonly SchemaPart[];
}
export interface ClosableReader extends Reader {
  close(): Promise<void>;
}

/** Opens for reading only, without the lock: another process may be writing. Throws RL_FILE_UNREADABLE, RL_STORE_NEWER or RL_STORE_UNAVAILABLE. */
export function openReader(_options: OpenReaderOptions): Promise<ClosableReader> {
  throw new Error("not built yet");
}
