import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { manualClock } from "#runtime";
import { type Database, openDatabase, openReader } from "#storage";
import { createLogger, createRegistry, type MetricsRegistry } from "#telemetry";
import { afterEach, describe, expect, it } from "vitest";
import type { RunLog, VerifyReport } from "../run-log.ts";
import { runLogContract } from "../runlog.contract.ts";
import { closureOf, review, runOf } from "../runlog.fixture.ts";
import { runLogSchema, sqliteRunLog, sqliteRunLogReader } from "./index.ts";

const logger = createLogger({ level: "silent" });
/** Far longer than anything takes, for busy machines. */
const WAIT = { timeout: 10_000 };

interface Opened {
  readonly database: Database;
  readonly log: RunLog;
  readonly metrics: MetricsRegistry;
}
async function openLog(
  file: string,
  more: Partial<Parameters<typeof openDatabase>[0]> & { required?: boolean } = {},
): Promise<Opened> {
  const { required = true, ...options } = more;
  const clock = options.clock ?? manualClock(1_000);
  const metrics = createRegistry();
  const schema = [runLogSchema];
  const database = await openDatabase({ file, schema, durability: "committed", logger, metrics, ...options, clock });
  return { database, metrics, log: sqliteRunLog({ database, required, clock, logger, metrics }) };
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "runlog-log-"));
}

runLogContract("sqlite", async () => {
  const folder = newFolder();
  const clock = manualClock(1_000);
  const file = join(folder, "state.db");
  let current = await openLog(file, { clock });
  return {
    log: current.log,
    async reopen() {
      await current.log.close(2_000);
      current = await openLog(file, { clock });
      return current.log;
    },
    setNow: (now) => clock.set(now),
    async dispose() {
      await current.log.close(2_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

describe("the run log in SQLite", () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });
  const newFile = (): string => {
    const folder = newFolder();
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    return join(folder, "state.db");
  };
  const open = async (file: string, more: Parameters<typeof openLog>[1] = {}): Promise<Opened> => {
    const opened = await openLog(file, more);
    undo.push(() => opened.log.close(2_000));
    return opened;
  };

  describe("not required", () => {
    it("drops and counts what cannot be written, and says so", async () => {
      const { log, database, metrics } = await open(newFile(), { required: false, limits: { waitingRecords: 1 } });
      const results = await Promise.all([1, 2, 3].map((i) => log.append(review({ uid: `u${i}` }))));
      expect(results).toEqual([
        { kind: "committed", seq: 1 },
        { kind: "dropped", reason: "saturated" },
        { kind: "dropped", reason: "saturated" },
      ]);
      await database.close(2_000);
      expect(await log.append(review({ uid: "u4" }))).toEqual({ kind: "dropped", reason: "unavailable" });
      expect(log.accepting()).toBe(true);
      const counted = await metrics.metrics();
      expect(counted).toContain('runlog_log_dropped_total{sink="store",reason="saturated"} 2');
      expect(counted).toContain('runlog_log_dropped_total{sink="store",reason="unavailable"} 1');
      expect(counted).toContain("runlog_log_records_total 1");
    });
  });

  it("tells what a buffered log may have lost, and only that", async () => {
    const file = newFile();
    const first = await openLog(file, { durability: "buffered", clock: manualClock(5_000) });
    expect(await first.log.append(review())).toEqual({ kind: "buffered" });
    await first.log.close(2_000);
    const crashed = await openLog(file, { durability: "buffered", clock: manualClock(6_000) });
    await crashed.log.append(review({ uid: "u2" }));
    await expect.poll(() => crashed.log.health().head?.seq, WAIT).toBe(2);
    await crashed.log.close(2_000);
    const asIfKilled = new DatabaseSync(file);
    asIfKilled.exec("UPDATE storage_sessions SET closed_at = NULL WHERE opened_at = 6000");
    asIfKilled.close();
    const { log } = await open(file);
    await log.append(review({ uid: "u3" }));
    expect(await log.verify()).toMatchObject({
      ok: true,
      unclean: [{ openedAt: 6_000, afterSeq: 2, flushIntervalMs: 50 }],
    });
  });

  it("can be read beside the process that writes it", async () => {
    const file = newFile();
    const { log } = await open(file);
    await log.append(review());
    const reader = await openReader({ file, schema: [runLogSchema] });
    undo.push(() => reader.close());
    const beside = sqliteRunLogReader(reader);
    expect(await beside.verify()).toMatchObject({ ok: true, records: 1 });
    expect((await beside.runs({}, { limit: 5 })).items).toHaveLength(1);
  });

  it("reads by index: a listing, a run, a tree and a uid never go through the whole table", async () => {
    const { database } = await open(newFile());
    const plans = [
      "SELECT seq FROM records WHERE ns = ? AND sa = ? AND run = ? AND seq > ? ORDER BY seq",
      "SELECT seq FROM records WHERE ns = ? AND sa = ? AND run = ? AND uid = ? AND kind = 'review' ORDER BY seq DESC",
      "SELECT seq FROM records INDEXED BY records_by_run WHERE seq > ? AND (ns, sa, run) IN (SELECT ns, sa, run FROM runs WHERE root_ns = ? AND root_sa = ? AND root_run = ?) ORDER BY seq",
      "SELECT min(seq) FROM records WHERE at >= ?",
      "SELECT id FROM runs WHERE last_at < ? LIMIT 500",
    ];
    for (const sql of plans) {
      const params = sql
        .split("?")
        .slice(1)
        .map(() => 1);
      const { rows } = await database.read<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
      const details = rows.map((row) => row.detail);
      expect(details.filter((detail) => detail.startsWith("SCAN"))).toEqual([]);
      expect(details.some((detail) => detail.startsWith("SEARCH"))).toBe(true);
    }
  });

  describe("verify finds", () => {
    const written = async (): Promise<string> => {
      const file = newFile();
      const { log } = await openLog(file);
      for (let i = 1; i <= 9; i++) await log.append(review({ uid: `u${i}`, args: { marker: `text-${i}-here` } }));
      const terminate = { closure: closureOf("terminated"), tree: false };
      await log.append(review({ uid: "u10", run: "stopped", decision: "terminate", terminate }));
      await log.close(2_000);
      return file;
    };
    const verify = async (file: string, expected?: { seq: number; hash: string }): Promise<VerifyReport> => {
      const reader = await openReader({ file, schema: [runLogSchema] });
      try {
        return await sqliteRunLogReader(reader).verify(expected);
      } finally {
        await reader.close();
      }
    };
    const tampered = async (...sql: string[]): Promise<VerifyReport> => {
      const file = await written();
      const db = new DatabaseSync(file);
      for (const statement of sql) db.exec(statement);
      db.close();
      return verify(file);
    };

    it("nothing wrong where nothing is", async () => {
      expect(await verify(await written())).toMatchObject({ ok: true, records: 10 });
    });

    it("a flipped byte in the file", async () => {
      const file = await written();
      const bytes = readFileSync(file);
      const place = bytes.indexOf("text-5-here");
      bytes[place] = (bytes[place] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      expect(await verify(file)).toMatchObject({ ok: false, problems: [{ seq: 5, kind: "altered" }] });
    });

    it.each([
      [
        "an altered hash",
        ["UPDATE records SET hash = replace(hash, substr(hash, 1, 1), 'g') WHERE seq = 5"],
        ["altered", "altered"],
      ],
      ["a dropped record", ["DELETE FROM records WHERE seq = 5"], ["missing"]],
      ["a dropped first record", ["DELETE FROM records WHERE seq = 1"], ["missing"]],
      ["a cut tail", ["DELETE FROM records WHERE seq > 7"], ["truncated"]],
      [
        "a cut tail whose head was rewritten in the same way, but not in its hash",
        ["DELETE FROM records WHERE seq > 7", "UPDATE storage_chains SET head_seq = 7"],
        ["altered"],
      ],
      [
        "two swapped records",
        [
          "UPDATE records SET seq = 100 WHERE seq = 4",
          "UPDATE records SET seq = 4 WHERE seq = 6",
          "UPDATE records SET seq = 6 WHERE seq = 100",
        ],
        ["altered", "altered", "altered", "altered"],
      ],
      [
        "a record copied over another",
        ["UPDATE records SET (body, uid, hash) = (SELECT body, uid, hash FROM records WHERE seq = 3) WHERE seq = 4"],
        ["altered", "altered"],
      ],
      [
        "a column that says otherwise than the text",
        ["UPDATE records SET decision = 'allow' WHERE seq = 10"],
        ["columns"],
      ],
      ["a terminated run that was made active again", ["UPDATE runs SET state = 'active'"], ["run"]],
    ])("%s", async (_name, sql, kinds) => {
      const result = await tampered(...sql);
      expect(result.ok).toBe(false);
      expect(result.problems.map((problem) => problem.kind)).toEqual(kinds);
    });

    it("a tail that was cut off and the chain closed up neatly, by a head noted elsewhere", async () => {
      const file = await written();
      const noted = (await verify(file)).last;
      const db = new DatabaseSync(file);
      db.exec("DELETE FROM records WHERE seq > 7");
      db.exec("UPDATE storage_chains SET (head_seq, head_hash) = (SELECT seq, hash FROM records WHERE seq = 7)");
      db.close();
      expect(await verify(file)).toMatchObject({ ok: true });
      expect(await verify(file, noted)).toMatchObject({ ok: false, problems: [{ seq: 10, kind: "truncated" }] });
    });

    it("text that is no record any more, without stopping there", async () => {
      expect(await tampered("UPDATE records SET body = 'garbage' WHERE seq IN (3, 6)")).toMatchObject({
        ok: false,
        records: 10,
        problems: [
          { seq: 3, kind: "altered" },
          { seq: 6, kind: "altered" },
        ],
      });
    });
  });

  it("says which record is damaged instead of a wrong history", async () => {
    const file = newFile();
    const first = await openLog(file);
    await first.log.append(review());
    await first.log.close(2_000);
    const db = new DatabaseSync(file);
    db.exec("UPDATE records SET body = substr(body, 1, 50)");
    db.close();
    const { log } = await open(file);
    await expect(log.history(runOf("run_1"), () => undefined)).rejects.toMatchObject({
      code: "RL_STORE_UNAVAILABLE",
      message: expect.stringContaining("record 1"),
    });
  });
});
