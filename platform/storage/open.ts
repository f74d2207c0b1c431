import { closeSync, existsSync, openSync } from "node:fs";
import { RunlogError, messageOf } from "#api";
import type { Clock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import type { Database, DatabaseLimits, Durability, LostListener, Reader, SchemaPart } from "./database.ts";
import { acquireLock } from "./file-lock.ts";
import { storageMetrics } from "./metrics.ts";
import { ReaderClient } from "./reader-client.ts";
import { SqliteDatabase } from "./sqlite-database.ts";
import { WriterClient } from "./writer-client.ts";

export interface OpenOptions {
  /** Path of the SQLite file; its folder must exist. `<file>.lock` beside it keeps a second process out. */
  readonly file: string;
  readonly schema: readonly SchemaPart[];
  readonly durability: Durability;
  /** Milliseconds between batches in `buffered`; 50. */
  readonly flushIntervalMs?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** One database per registry. */
  readonly metrics: MetricsRegistry;
  readonly limits?: DatabaseLimits | undefined;
}

const DEFAULT_LIMITS = {
  waitingRecords: 4_096,
  waitingBytes: 8 * 1024 * 1024,
  batchRecords: 256,
  batchBytes: 1024 * 1024,
  acknowledgeMs: 2_000,
  waitingReads: 256,
};
type Limits = typeof DEFAULT_LIMITS;

function limitsOf(given: DatabaseLimits = {}): Limits {
  const limits: Limits = { ...DEFAULT_LIMITS };
  for (const key of Object.keys(limits) as (keyof Limits)[]) limits[key] = given[key] ?? limits[key];
  return limits;
}

/** The file holds what agents said, so it is its owner's only; SQLite gives its WAL the same mode. */
function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new RunlogError("RL_STORE_UNAVAILABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Opens for writing, bringing the tables up to date. Throws RL_STORE_LOCKED, RL_STORE_NEWER or RL_STORE_UNAVAILABLE. */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  return (await openParts(options)).database;
}

/** The same with the writer at hand, for tests of its death. */
export async function openParts(options: OpenOptions): Promise<{ database: Database; writer: WriterClient }> {
  const { file, schema, durability, clock } = options;
  const limits = limitsOf(options.limits);
  const lock = acquireLock(file);
  const metrics = storageMetrics(options.metrics);
  const lost: LostListener[] = [];
  const writer = new WriterClient({
    settings: { file, schema, durability, flushIntervalMs: options.flushIntervalMs ?? 50, openedAt: clock.now() },
    limits,
    logger: options.logger,
    metrics,
    onLost: (count, reason) => {
      for (const listener of lost) listener(count, reason);
    },
  });
  const reader = new ReaderClient({
    settings: { file, schema },
    waitingReads: limits.waitingReads,
    restarted: () => metrics.restarted("reader"),
  });
  try {
    createPrivate(file);
    await writer.start();
    await reader.start();
  } catch (error) {
    await writer.close(clock.now(), 1_000);
    await reader.close(1_000);
    lock.release();
    throw error;
  }
  return { database: new SqliteDatabase({ writer, reader, lock, lost, durability, clock }), writer };
}

export interface OpenReaderOptions {
  readonly file: string;
  readonly schema: readonly SchemaPart[];
}
export interface ClosableReader extends Reader {
  close(): Promise<void>;
}

/** Opens for reading only, without the lock: another process may be writing. Throws RL_FILE_UNREADABLE, RL_STORE_NEWER or RL_STORE_UNAVAILABLE. */
export async function openReader(options: OpenReaderOptions): Promise<ClosableReader> {
  if (!existsSync(options.file)) throw new RunlogError("RL_FILE_UNREADABLE", `${options.file} does not exist`);
  const client = new ReaderClient({
    settings: { file: options.file, schema: options.schema },
    waitingReads: DEFAULT_LIMITS.waitingReads,
    restarted: () => undefined,
  });
  await client.start();
  return {
    read: (sql, params, readOptions) => client.read(sql, params, readOptions),
    close: () => client.close(1_000),
  };
}
