import type { ChainHead, Reader, SqlValue } from "#storage";
import { ChainVerifier } from "../chain.ts";
import { readRecord } from "../parse-record.ts";
import type { LogRecord } from "../record.ts";
import type { VerifyReport } from "../run-log.ts";
import { chainEnds, type RecordRow, upTo, walk } from "./record-queries.ts";
import { recordColumns } from "./row.ts";
import { RECORD_COLUMNS } from "./schema.ts";

type FullRow = RecordRow & { readonly [column in (typeof RECORD_COLUMNS)[number]]: SqlValue };

/** Retention may move the anchor while the log is read; then it is read again. */
const ATTEMPTS = 3;

export async function verifyRecords(reader: Reader, expected: ChainHead | undefined): Promise<VerifyReport> {
  for (let attempt = 1; ; attempt++) {
    const ends = await chainEnds(reader);
    const verifier = new ChainVerifier({ ...ends, expected });
    const closed: Closing[] = [];
    for await (const rows of walk(reader, upTo(ends.head.seq))) {
      for (const row of rows as readonly FullRow[]) closed.push(...check(verifier, row));
      await checkRuns(reader, verifier, closed.splice(0));
    }
    const report = verifier.finish(await uncleanSessions(reader));
    const after = await chainEnds(reader);
    if (report.ok || after.anchor.seq === ends.anchor.seq || attempt === ATTEMPTS) return report;
  }
}

interface Closing {
  readonly seq: number;
  readonly ns: string;
  readonly sa: string;
  readonly run: string;
}

function check(verifier: ChainVerifier, row: FullRow): readonly Closing[] {
  verifier.add(row);
  let record: LogRecord;
  try {
    record = readRecord(row.seq, row.body);
  } catch {
    // The hash has told already that the text was changed.
    return [];
  }
  const columns = recordColumns(record);
  const wrong = RECORD_COLUMNS.filter((column, index) => row[column] !== columns[index]);
  if (wrong.length > 0) verifier.report(row.seq, "columns", `says otherwise in ${wrong.join(", ")} than in its text`);
  return closes(record) ? [{ seq: row.seq, ns: record.namespace, sa: record.serviceAccount, run: record.run }] : [];
}

function closes(record: LogRecord): record is Extract<LogRecord, { kind: "review" | "run" }> {
  return (
    (record.kind === "review" && record.terminate !== undefined) ||
    (record.kind === "run" && record.closure !== undefined)
  );
}

/** A run that a record closed must not be marked as active: that would let it act again. */
async function checkRuns(reader: Reader, verifier: ChainVerifier, closings: readonly Closing[]): Promise<void> {
  if (closings.length === 0) return;
  const { rows } = await reader.read<{ seq: number }>(
    `SELECT value ->> 'seq' AS seq FROM json_each(?) JOIN runs
     ON ns = value ->> 'ns' AND sa = value ->> 'sa' AND run = value ->> 'run' WHERE state = 'active'`,
    [JSON.stringify(closings)],
  );
  for (const { seq } of rows) verifier.report(seq, "run", "closes its run, but the run is marked as active");
}

/** Processes that answered before their records were written and did not close. The newest one may still be running. */
async function uncleanSessions(reader: Reader): Promise<VerifyReport["unclean"]> {
  const { rows } = await reader.read<{ opened_at: number; flush_interval_ms: number; after: number | null }>(
    `SELECT opened_at, flush_interval_ms, coalesce(
       (SELECT next.heads ->> 'records' FROM storage_sessions next WHERE next.id > s.id ORDER BY next.id LIMIT 1),
       (SELECT head_seq FROM storage_chains WHERE name = 'records')) AS after
     FROM storage_sessions s WHERE durability = 'buffered' AND closed_at IS NULL ORDER BY id`,
    [],
  );
  return rows.map((row) => ({
    openedAt: row.opened_at,
    afterSeq: row.after ?? 0,
    flushIntervalMs: row.flush_interval_ms,
  }));
}
