import { isRunlogError } from "#api";
import type { Clock } from "#runtime";
import type { Appended, Database, Reader } from "#storage";
import type { Logger, MetricsRegistry } from "#telemetry";
import { type RunLogMetrics, runLogMetrics } from "../metrics.ts";
import type { LogRecord } from "../record.ts";
import type { AppendResult, RetentionLimits, RunLog, RunLogHealth, RunLogReader } from "../run-log.ts";
import { exportRecords, findReview, listSteps, readHistory, recordsOfUid, replayRecords } from "./record-queries.ts";
import { prune } from "./retention.ts";
import { rowOf } from "./row.ts";
import { findRun, listRuns } from "./run-queries.ts";
import { RECORDS } from "./schema.ts";
import { verifyRecords } from "./verify.ts";

export interface SqliteRunLogOptions {
  /** Opened with `runLogSchema`. */
  readonly database: Database;
  /** False: a record that cannot be written is dropped and counted instead of refusing the decision. */
  readonly required: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

/** For `runs list|show|verify|export` on a file. */
export function sqliteRunLogReader(reader: Reader): RunLogReader {
  return {
    runs: (query, page) => listRuns(reader, query, page),
    run: (identity) => findRun(reader, identity),
    steps: (identity, page) => listSteps(reader, identity, page),
    review: (identity, uid) => findReview(reader, identity, uid),
    ofUid: (identity, uid) => recordsOfUid(reader, identity, uid),
    history: (identity, onRecord) => readHistory(reader, identity, onRecord),
    replay: (sinceMs, onRecord) => replayRecords(reader, sinceMs, onRecord),
    export: (query) => exportRecords(reader, query),
    verify: (expected) => verifyRecords(reader, expected),
  };
}

/** Closing the run log closes the database. */
export function sqliteRunLog(options: SqliteRunLogOptions): RunLog {
  const { database, required, clock, logger } = options;
  const metrics = runLogMetrics(options.metrics);
  database.onLost((count, reason) => {
    metrics.dropped("lost", count);
    logger.error({ count, reason }, "records that were answered already could not be written");
  });
  const write = async (record: LogRecord, body: string): Promise<Appended> => {
    const appended = await database.append(rowOf(record, body));
    if (appended.kind !== "duplicate") metrics.recorded();
    return appended;
  };
  return {
    ...sqliteRunLogReader(database),
    append(record, body = JSON.stringify(record)): Promise<AppendResult> {
      const written = write(record, body);
      return required ? written : written.catch((error: unknown) => drop(metrics, error));
    },
    accepting: () => !required || database.accepting,
    prune: (limits: RetentionLimits) => prune(database, limits, clock.now()),
    health: () => healthOf(database),
    close: (deadlineMs) => database.close(deadlineMs),
  };
}

const REASONS: Readonly<Record<string, string>> = {
  RL_SATURATED: "saturated",
  RL_STORE_UNAVAILABLE: "unavailable",
  RL_BODY_TOO_LARGE: "too_large",
};

/** The store has logged why; here it is counted. */
function drop(metrics: RunLogMetrics, error: unknown): AppendResult {
  const reason = (isRunlogError(error) ? REASONS[error.code] : undefined) ?? "error";
  metrics.dropped(reason, 1);
  return { kind: "dropped", reason };
}

function healthOf(database: Database): RunLogHealth {
  const { state, lastError, waiting, heads } = database.health();
  return { ok: state === "ok", state, lastError, waiting, head: heads.get(RECORDS) };
}
