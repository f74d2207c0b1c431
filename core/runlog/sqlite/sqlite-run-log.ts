import type { Database, Reader, SchemaPart } from "#storage";
import type { Clock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import type { RunLog, RunLogReader } from "../run-log.ts";

/** Give it to `openDatabase`. */
export const runLogSchema: SchemaPart = { name: "runlog", migrations: [] };

export interface SqliteRunLogOptions {
  readonly database: Database;
  /** False: a record that cannot be written is dropped and counted instead of refusing the decision. */
  readonly required: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

/** Closing the run log closes the database. */
export function sqliteRunLog(_options: SqliteRunLogOptions): RunLog {
  throw new Error("not built yet");
}

/** For `runs list|show|verify|export` on a file. */
export function sqliteRunLogReader(_reader: Reader): RunLogReader {
  throw new Error("not built yet");
}
