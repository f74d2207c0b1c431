import type { Database } from "#storage";
import type { Pruned, RetentionLimits } from "../run-log.ts";
import { chainEnds, firstSeq } from "./record-queries.ts";
import { RECORDS } from "./schema.ts";

/** Records deleted in one transaction: reviews go on between them, also when every record is as large as it may be. */
const CHUNK = 100;
const COMPACT_PAGES = 2_000;

/** Takes the oldest records by age, then by size, and runs whose time is over. Pages go back to the file system. */
export async function prune(database: Database, limits: RetentionLimits, now: number): Promise<Pruned> {
  let records = 0;
  if (limits.maxAgeMs !== undefined) records += await pruneBefore(database, now - limits.maxAgeMs);
  if (limits.maxBytes !== undefined) records += await pruneToSize(database, limits.maxBytes);
  const runs = await pruneRuns(database, now - limits.runRetentionMs);
  if (records + runs > 0) await database.compact(COMPACT_PAGES);
  return { records, runs };
}

async function pruneBefore(database: Database, at: number): Promise<number> {
  const { anchor, head } = await chainEnds(database);
  const keep = (await firstSeq(database, at)) ?? head.seq + 1;
  let pruned = 0;
  for (let seq = anchor.seq; seq < keep - 1;) {
    seq = Math.min(seq + CHUNK, keep - 1);
    pruned += await database.pruneChain(RECORDS, seq);
  }
  return pruned;
}

async function pruneToSize(database: Database, maxBytes: number): Promise<number> {
  let pruned = 0;
  for (;;) {
    const { anchor, head } = await chainEnds(database);
    if (anchor.seq >= head.seq || (await usedBytes(database)) <= maxBytes) return pruned;
    pruned += await database.pruneChain(RECORDS, Math.min(anchor.seq + CHUNK, head.seq));
  }
}

/** What the tables take; free pages of the file are not counted. */
async function usedBytes(database: Database): Promise<number> {
  const { rows } = await database.read<{ bytes: number }>(
    "SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    [],
  );
  return rows[0]?.bytes ?? 0;
}

async function pruneRuns(database: Database, before: number): Promise<number> {
  for (let total = 0; ;) {
    const [changed = 0] = await database.write([
      {
        sql: `DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE last_at < ? LIMIT ${CHUNK})`,
        params: [before],
      },
    ]);
    total += changed;
    if (changed < CHUNK) return total;
  }
}
