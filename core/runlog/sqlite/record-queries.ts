import type { RunIdentity } from "#api";
import { type ChainHead, GENESIS, type Reader, type SqlValue } from "#storage";
import { pageToken, parsePageToken } from "../page-token.ts";
import { readRecord } from "../parse-record.ts";
import type { LogRecord, ReviewRecord } from "../record.ts";
import { findRun } from "./run-queries.ts";
import type { ArchivedRun, ExportQuery, LogExport, Page, PageOf, Step, StoredRecord } from "../run-log.ts";

export interface RecordRow {
  readonly seq: number;
  readonly hash: string;
  readonly body: string;
}

/** Rows and characters of one read: a long walk never holds more than this in memory, nor the reader for long. */
const CHUNK_ROWS = 500;
const CHUNK_CHARS = 1024 * 1024;
const CHUNK_DEADLINE_MS = 10_000;

export async function listSteps(reader: Reader, run: RunIdentity, page: Page): Promise<PageOf<Step>> {
  const after = page.continue === undefined ? 0 : parsePageToken("steps", page.continue);
  const { rows, truncated } = await reader.read<RecordRow>(
    "SELECT seq, body FROM records WHERE ns = ? AND sa = ? AND run = ? AND seq > ? ORDER BY seq LIMIT ?",
    [run.namespace, run.serviceAccount, run.run, after, page.limit + 1],
  );
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(stepOf),
    continue: (truncated || rows.length > shown.length) && last !== undefined ? pageToken("steps", last.seq) : null,
  };
}

function stepOf(row: RecordRow): Step {
  const record = readRecord(row.seq, row.body);
  return { ...record, seq: row.seq, at: new Date(record.at).toISOString() };
}

/** The last review of this uid: later than an hour a uid may be used anew. */
export async function findReview(reader: Reader, run: RunIdentity, uid: string): Promise<ReviewRecord | undefined> {
  const { rows } = await reader.read<RecordRow>(
    "SELECT seq, body FROM records WHERE ns = ? AND sa = ? AND run = ? AND uid = ? AND kind = 'review' ORDER BY seq DESC LIMIT 1",
    [run.namespace, run.serviceAccount, run.run, uid],
  );
  const row = rows[0];
  return row === undefined ? undefined : (readRecord(row.seq, row.body) as ReviewRecord);
}

/** More records than one action can have in good faith; the newest are given. */
const MAX_OF_UID = 64;

export async function recordsOfUid(reader: Reader, run: RunIdentity, uid: string): Promise<readonly LogRecord[]> {
  const { rows } = await reader.read<RecordRow>(
    `SELECT seq, body FROM records WHERE ns = ? AND sa = ? AND run = ? AND uid = ? ORDER BY seq DESC LIMIT ${MAX_OF_UID}`,
    [run.namespace, run.serviceAccount, run.run, uid],
  );
  return rows.toReversed().map((row) => readRecord(row.seq, row.body));
}

/** Which records, beside the seq a walk goes on from. */
export interface Filter {
  readonly sql: string;
  readonly params: readonly SqlValue[];
  /** Reads by run instead of by seq. */
  readonly byRun?: boolean | undefined;
}

/** Goes through records in bounded pieces, oldest first. */
export async function* walk(reader: Reader, filter: Filter, after = 0): AsyncGenerator<readonly RecordRow[]> {
  // Left alone, SQLite reads a tree of runs by going through the whole table.
  const table = filter.byRun === true ? "records INDEXED BY records_by_run" : "records";
  const sql = `SELECT seq, hash, body, at, kind, ns, sa, run, uid, step, decision FROM ${table}
    WHERE seq > ? AND ${filter.sql} ORDER BY seq LIMIT ${CHUNK_ROWS}`;
  for (let last = after; ;) {
    const { rows } = await reader.read<RecordRow>(sql, [last, ...filter.params], {
      maxChars: CHUNK_CHARS,
      deadlineMs: CHUNK_DEADLINE_MS,
    });
    const end = rows.at(-1);
    if (end === undefined) return;
    yield rows;
    last = end.seq;
  }
}

export function upTo(seq: number): Filter {
  return { sql: "seq <= ?", params: [seq] };
}

const HISTORY_KINDS = "kind IN ('review', 'report', 'run', 'sweep')";

/** The run itself; of a root also the runs below it. */
function historyOf(run: RunIdentity, isRoot: boolean): Filter {
  const whose = isRoot
    ? "(ns, sa, run) IN (SELECT ns, sa, run FROM runs WHERE root_ns = ? AND root_sa = ? AND root_run = ?)"
    : "ns = ? AND sa = ? AND run = ?";
  return {
    sql: `${whose} AND ${HISTORY_KINDS}`,
    params: [run.namespace, run.serviceAccount, run.run],
    byRun: true,
  };
}

export async function readHistory(
  reader: Reader,
  run: RunIdentity,
  onRecord: (record: LogRecord) => void,
): Promise<ArchivedRun | undefined> {
  const found = await findRun(reader, run);
  if (found === undefined) return undefined;
  const isRoot = found.summary.parent === null;
  for await (const rows of walk(reader, historyOf(run, isRoot))) {
    for (const row of rows) onRecord(readRecord(row.seq, row.body));
  }
  // Asked again: what came meanwhile is among the records, so its closure must be known too.
  return findRun(reader, run);
}
export async function replayRecords(
  reader: Reader,
  sinceMs: number,
  onRecord: (record: LogRecord) => void,
): Promise<void> {
  const first = await firstSeq(reader, sinceMs);
  if (first === undefined) return;
  for await (const rows of walk(reader, { sql: "TRUE", params: [] }, first - 1)) {
    for (const row of rows) {
      const record = readRecord(row.seq, row.body);
      // Clocks step back: between the first and the last there may be older ones.
      if (record.at >= sinceMs) onRecord(record);
    }
  }
}

/** seq of the first record at or after a time; undefined when there is none. */
export async function firstSeq(reader: Reader, at: number): Promise<number | undefined> {
  const { rows } = await reader.read<{ seq: number | null }>(
    "SELECT min(seq) AS seq FROM records WHERE at >= ?",
    [at],
    {
      deadlineMs: CHUNK_DEADLINE_MS,
    },
  );
  return rows[0]?.seq ?? undefined;
}

export interface ChainEnds {
  readonly anchor: ChainHead;
  readonly head: ChainHead;
}

export async function chainEnds(reader: Reader): Promise<ChainEnds> {
  const { rows } = await reader.read<{ head_seq: number; head_hash: string; anchor_seq: number; anchor_hash: string }>(
    "SELECT head_seq, head_hash, anchor_seq, anchor_hash FROM storage_chains WHERE name = 'records'",
    [],
  );
  const row = rows[0];
  if (row === undefined) return { anchor: GENESIS, head: GENESIS };
  return {
    anchor: { seq: row.anchor_seq, hash: row.anchor_hash },
    head: { seq: row.head_seq, hash: row.head_hash },
  };
}

export async function exportRecords(reader: Reader, query: ExportQuery): Promise<LogExport> {
  const ends = await chainEnds(reader);
  const from = query.since === undefined ? ends.anchor.seq + 1 : await firstSeq(reader, query.since);
  const until = query.until === undefined ? undefined : await firstSeq(reader, query.until);
  const anchor = await headAt(reader, (from ?? ends.head.seq + 1) - 1, ends);
  const head = until === undefined ? ends.head : await headAt(reader, Math.max(until - 1, anchor.seq), ends);
  if (query.run === undefined) return { anchor, head, records: stored(walk(reader, upTo(head.seq), anchor.seq)) };
  const { namespace, serviceAccount, run } = query.run;
  const filter: Filter = {
    sql: "ns = ? AND sa = ? AND run = ? AND seq <= ?",
    params: [namespace, serviceAccount, run, head.seq],
    byRun: true,
  };
  return { anchor: undefined, head: undefined, records: stored(walk(reader, filter, anchor.seq)) };
}

async function headAt(reader: Reader, seq: number, { anchor, head }: ChainEnds): Promise<ChainHead> {
  if (seq <= anchor.seq) return anchor;
  const { rows } = await reader.read<ChainHead>("SELECT seq, hash FROM records WHERE seq = ?", [seq]);
  return rows[0] ?? head;
}

async function* stored(chunks: AsyncIterable<readonly RecordRow[]>): AsyncGenerator<StoredRecord> {
  for await (const rows of chunks) {
    for (const { seq, hash, body } of rows) yield { seq, hash, body, record: readRecord(seq, body) };
  }
}
