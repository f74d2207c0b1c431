import { DatabaseSync } from "node:sqlite";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chainHash, GENESIS } from "./chain.ts";
import type { Database } from "./database.ts";
import { openDatabase, openParts, openReader, type OpenOptions } from "./open.ts";
import { newFolder, note, notesSchema, options, recordingLogger } from "./storage.fixture.ts";

/** Far longer than anything takes, for busy machines. */
const WAIT = { timeout: 10_000 };

let folder: ReturnType<typeof newFolder>;
const opened: { close(deadlineMs: number): Promise<unknown> }[] = [];

beforeEach(() => {
  folder = newFolder();
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close(2_000);
  folder.remove();
});

async function open(more: Partial<OpenOptions> = {}): Promise<Database> {
  const database = await openDatabase(options(folder.file, more));
  opened.push(database);
  return database;
}

interface NoteRow {
  seq: number;
  body: string;
  hash: string;
}
async function notes(database: Database): Promise<readonly NoteRow[]> {
  return (await database.read<NoteRow>("SELECT seq, body, hash FROM notes ORDER BY seq", [])).rows;
}

function expectChained(rows: readonly NoteRow[]): void {
  let previous = GENESIS.hash;
  for (const [index, row] of rows.entries()) {
    expect(row.seq).toBe(index + 1);
    expect(row.hash).toBe(chainHash(previous, row.seq, row.body));
    previous = row.hash;
  }
}

describe("appending", () => {
  it("numbers rows in the order they were given and chains each to the one before", async () => {
    const database = await open();
    const results = await Promise.all(Array.from({ length: 600 }, (_, i) => database.append(note(`body ${i}`))));
    expect(results).toEqual(results.map((_, i) => ({ kind: "committed", seq: i + 1 })));
    const rows = await notes(database);
    expect(rows.map((row) => row.body)).toEqual(results.map((_, i) => `body ${i}`));
    expectChained(rows);
  });

  it("commits what arrives while a batch is in flight as one batch", async () => {
    const metrics = new Registry();
    const database = await open({ metrics });
    await Promise.all(Array.from({ length: 257 }, (_, i) => database.append(note(`${i}`))));
    expect(await metrics.getSingleMetricAsString("runlog_storage_commit_seconds")).toContain(
      "runlog_storage_commit_seconds_count 2",
    );
  });

  it("splits batches by bytes", async () => {
    const metrics = new Registry();
    const database = await open({ metrics, limits: { batchBytes: 1_000 } });
    await Promise.all(Array.from({ length: 4 }, () => database.append(note("x".repeat(600)))));
    expect(await metrics.getSingleMetricAsString("runlog_storage_commit_seconds")).toContain(
      "runlog_storage_commit_seconds_count 4",
    );
  });

  it("does the statements beside it in the same transaction, with the row's seq at hand", async () => {
    const database = await open();
    await Promise.all([database.append(note("a")), database.append(note("b")), database.append(note("c", null, "u"))]);
    const { rows } = await database.read("SELECT topic, n, last FROM totals ORDER BY topic", []);
    expect(rows).toEqual([
      { topic: "t", n: 2, last: 2 },
      { topic: "u", n: 1, last: 3 },
    ]);
  });

  it("writes a duplicate row once and leaves its statements undone", async () => {
    const database = await open();
    const results = await Promise.all([database.append(note("first", "uid")), database.append(note("second", "uid"))]);
    expect(results).toEqual([{ kind: "committed", seq: 1 }, { kind: "duplicate" }]);
    expect((await notes(database)).map((row) => row.body)).toEqual(["first"]);
    expect((await database.read("SELECT n FROM totals", [])).rows).toEqual([{ n: 1 }]);
  });

  it("lets one bad record fail alone, and the chain has no gap", async () => {
    const database = await open();
    const bad = { ...note("bad"), also: [{ sql: "INSERT INTO totals VALUES ('bad', 1000000, 0)", params: [] }] };
    const results = await Promise.allSettled([
      database.append(note("a")),
      database.append(note("b")),
      database.append(bad),
      database.append(note("c")),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(results[2]).toMatchObject({ reason: { code: "RL_INTERNAL" } });
    const rows = await notes(database);
    expect(rows.map((row) => row.body)).toEqual(["a", "b", "c"]);
    expectChained(rows);
  });

  it("keeps any text as it is", async () => {
    const database = await open();
    const texts = ['{"a":"\\u0000"}', "käse 🧀", "\ud83e", " ", "'; DROP TABLE notes; --"];
    for (const text of texts) await database.append(note(text));
    const rows = await notes(database);
    expect(rows.map((row) => row.body)).toEqual(texts.map((text) => text.toWellFormed()));
    expectChained(rows);
  });

  it("goes on from the head of the file after it was closed", async () => {
    const first = await open();
    await first.append(note("a"));
    expect(await first.close(2_000)).toEqual({ left: 0 });
    const second = await open();
    expect(await second.append(note("b"))).toEqual({ kind: "committed", seq: 2 });
    expectChained(await notes(second));
  });
});

describe("writing", () => {
  it("does all statements or none", async () => {
    const database = await open();
    const insert = (topic: string, n: number) => ({ sql: "INSERT INTO totals VALUES (?, ?, 0)", params: [topic, n] });
    const results = await Promise.allSettled([
      database.write([insert("a", 1), insert("b", 1)]),
      database.write([insert("c", 1), insert("a", 1)]),
      database.write([insert("d", 1)]),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const { rows } = await database.read<{ topic: string }>("SELECT topic FROM totals ORDER BY topic", []);
    expect(rows.map((row) => row.topic)).toEqual(["a", "b", "d"]);
  });

  it("is a compare-and-set with expectChanges: of two, one wins and the other changes nothing", async () => {
    const database = await open();
    await database.write([{ sql: "INSERT INTO totals VALUES ('use', 1, 0)", params: [] }]);
    const take = (who: string) => [
      { sql: "INSERT INTO totals VALUES (?, 0, 0)", params: [who] },
      { sql: "UPDATE totals SET n = n - 1 WHERE topic = 'use' AND n > 0", params: [], expectChanges: 1 },
    ];
    const results = await Promise.allSettled([
      database.append(note("before")),
      database.write(take("alice")),
      database.write(take("bob")),
      database.append(note("after")),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(results[2]).toMatchObject({ reason: { code: "RL_CONFLICT" } });
    const { rows } = await database.read("SELECT topic FROM totals WHERE topic IN ('alice', 'bob')", []);
    expect(rows).toEqual([{ topic: "alice" }]);
    expectChained(await notes(database));
  });

  it("undoes an append whose expectation fails, and the chain goes on without it", async () => {
    const database = await open();
    const guarded = { ...note("no"), also: [{ sql: "DELETE FROM totals", params: [], expectChanges: 5 }] };
    const results = await Promise.allSettled([
      database.append(note("a")),
      database.append(guarded),
      database.append(note("b")),
    ]);
    expect(results[1]).toMatchObject({ status: "rejected", reason: { code: "RL_CONFLICT" } });
    const rows = await notes(database);
    expect(rows.map((row) => row.body)).toEqual(["a", "b"]);
    expectChained(rows);
  });
});

describe("named statements", () => {
  it("are those the schema declares; another name fails alone", async () => {
    const schema = [{ ...notesSchema, statements: { "notes.bump": "UPDATE totals SET n = n + ? WHERE topic = ?" } }];
    const database = await open({ schema });
    await database.append(note("a"));
    expect(await database.write([{ sql: "@notes.bump", params: [5, "t"] }])).toEqual([1]);
    await expect(database.write([{ sql: "@notes.other", params: [] }])).rejects.toMatchObject({ code: "RL_INTERNAL" });
    expect((await database.read("SELECT n FROM totals", [])).rows).toEqual([{ n: 6 }]);
  });
});

describe("limits", () => {
  it("refuses before anything is taken once too many records wait", async () => {
    const database = await open({ limits: { waitingRecords: 10 } });
    const writes = Array.from({ length: 10 }, (_, i) => database.append(note(`${i}`)));
    expect(database.accepting).toBe(false);
    await expect(database.append(note("over"))).rejects.toMatchObject({ code: "RL_SATURATED", retryAfter: 1 });
    await Promise.all(writes);
    expect(database.accepting).toBe(true);
    expect((await notes(database)).map((row) => row.body)).not.toContain("over");
  });

  it("refuses once too many bytes wait, counted in UTF-8", async () => {
    const database = await open({ limits: { waitingBytes: 3_000 } });
    const first = database.append(note("ä".repeat(1_400)));
    await expect(Promise.all([database.append(note("x")), database.append(note("x"))])).rejects.toMatchObject({
      code: "RL_SATURATED",
    });
    await first;
    expect(database.accepting).toBe(true);
  });

  it("refuses a record that can never fit", async () => {
    const database = await open({ limits: { waitingBytes: 1_000 } });
    await expect(database.append(note("x".repeat(1_001)))).rejects.toMatchObject({ code: "RL_BODY_TOO_LARGE" });
  });
});

describe("buffered", () => {
  it("answers at once and writes within the flush interval", async () => {
    const database = await open({ durability: "buffered", flushIntervalMs: 5 });
    expect(await database.append(note("a"))).toEqual({ kind: "buffered" });
    await expect.poll(() => notes(database), WAIT).toHaveLength(1);
  });

  it("commits a write (a vote, a use) before it is answered, whatever waits", async () => {
    const database = await open({ durability: "buffered", flushIntervalMs: 60_000 });
    await database.append(note("a"));
    await database.write([{ sql: "UPDATE totals SET n = n + 10", params: [], expectChanges: 1 }]);
    expect((await database.read("SELECT n FROM totals", [])).rows).toEqual([{ n: 11 }]);
  });

  it("loses nothing when it is closed", async () => {
    const first = await open({ durability: "buffered", flushIntervalMs: 60_000 });
    await Promise.all(Array.from({ length: 30 }, (_, i) => first.append(note(`${i}`))));
    expect(await first.close(2_000)).toEqual({ left: 0 });
    expect(await notes(await open())).toHaveLength(30);
  });

  it("tells when an answered record could not be written", async () => {
    const database = await open({ durability: "buffered", flushIntervalMs: 1 });
    const lost: number[] = [];
    database.onLost((count) => lost.push(count));
    await database.append({ ...note("bad"), also: [{ sql: "INSERT INTO nowhere VALUES (1)", params: [] }] });
    await expect.poll(() => lost, WAIT).toEqual([1]);
  });
});

describe("opening", () => {
  it("keeps a second one out, and lets it in once the first is closed", async () => {
    const first = await open();
    await expect(openDatabase(options(folder.file))).rejects.toMatchObject({
      code: "RL_STORE_LOCKED",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await first.append(note("still works"));
    await first.close(2_000);
    await open();
  });

  it("refuses a file of a newer version and leaves it as it is", async () => {
    await (await open()).close(2_000);
    const newer = {
      ...notesSchema,
      migrations: [...notesSchema.migrations, { version: 2, statements: ["ALTER TABLE totals ADD COLUMN extra TEXT"] }],
    };
    await (await open({ schema: [newer] })).close(2_000);
    await expect(openDatabase(options(folder.file))).rejects.toMatchObject({ code: "RL_STORE_NEWER" });
    await expect(openReader({ file: folder.file, schema: [notesSchema] })).rejects.toMatchObject({
      code: "RL_STORE_NEWER",
    });
    const again = await open({ schema: [newer] });
    expect((await again.read("SELECT extra FROM totals", [])).rows).toEqual([]);
  });

  it("undoes a migration that fails half-way", async () => {
    const broken = {
      name: "b",
      migrations: [{ version: 1, statements: ["CREATE TABLE b (x)", "CREATE TABEL c (x)"] }],
    };
    await expect(openDatabase(options(folder.file, { schema: [broken] }))).rejects.toMatchObject({
      code: "RL_STORE_UNAVAILABLE",
    });
    const database = await open();
    expect((await database.read("SELECT name FROM sqlite_schema WHERE name = 'b'", [])).rows).toEqual([]);
  });

  it("refuses a file that is no database and does not touch it", async () => {
    writeFileSync(folder.file, "this is somebody's letter, not a database, and it is longer than a header".repeat(9));
    const before = statSync(folder.file);
    await expect(openDatabase(options(folder.file))).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    expect(statSync(folder.file).size).toBe(before.size);
  });

  it("refuses a damaged database and leaves it as it is, for whoever can save it", async () => {
    const first = await open();
    for (let i = 0; i < 50; i++) await first.append(note("x".repeat(1_000)));
    await first.close(2_000);
    const bytes = readFileSync(folder.file);
    bytes.fill(0xff, 4_096);
    writeFileSync(folder.file, bytes);
    await expect(openDatabase(options(folder.file))).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    await expect(openReader({ file: folder.file, schema: [] })).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    expect(readFileSync(folder.file).equals(bytes)).toBe(true);
  });

  it("refuses rows that were added by another hand", async () => {
    const first = await open();
    await first.append(note("a"));
    await first.close(2_000);
    const foreign = new DatabaseSync(folder.file);
    foreign.exec("INSERT INTO notes (topic, body, hash) VALUES ('t', 'forged', 'x')");
    foreign.close();
    await expect(openDatabase(options(folder.file))).rejects.toMatchObject({
      code: "RL_STORE_UNAVAILABLE",
      message: expect.stringContaining("another hand"),
    });
  });

  it("is readable by its owner only", async () => {
    await open();
    for (const file of [folder.file, `${folder.file}-wal`]) expect(statSync(file).mode & 0o077).toBe(0);
  });

  it("says that the folder does not exist", async () => {
    await expect(openDatabase(options("/nonexistent/folder/state.db"))).rejects.toMatchObject({
      code: "RL_STORE_UNAVAILABLE",
    });
  });
});

describe("reading", () => {
  it("stops at the size limit and says so", async () => {
    const database = await open();
    for (let i = 0; i < 5; i++) await database.append(note("x".repeat(1_000)));
    const result = await database.read("SELECT body FROM notes", [], { maxChars: 2_500 });
    expect(result).toMatchObject({ truncated: true, rows: { length: 2 } });
    expect(await database.read("SELECT body FROM notes", [], { maxChars: 1 })).toMatchObject({ rows: { length: 1 } });
  });

  it("cannot write", async () => {
    const database = await open();
    await expect(database.read("DELETE FROM totals", [])).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
  });

  it("gives up at the deadline and goes on with the next query on another thread", async () => {
    const metrics = new Registry();
    const database = await open({ metrics });
    const slow =
      "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 3000000) SELECT count(*) FROM c";
    const overdue = Promise.allSettled([database.read(slow, [], { deadlineMs: 20 })]);
    const next = database.read("SELECT 1 AS one", [], { deadlineMs: 20_000 });
    expect(await overdue).toMatchObject([{ reason: { code: "RL_DEADLINE" } }]);
    expect((await next).rows).toEqual([{ one: 1 }]);
    expect(await metrics.getSingleMetricAsString("runlog_storage_thread_restarts_total")).toContain(
      '{thread="reader"} 1',
    );
  });

  it("refuses more queries than may wait", async () => {
    const database = await open({ limits: { waitingReads: 3 } });
    const reads = Array.from({ length: 6 }, () => database.read("SELECT 1 AS one", []));
    const results = await Promise.allSettled(reads);
    expect(results.filter((result) => result.status === "rejected")).toHaveLength(2);
    expect(results.at(-1)).toMatchObject({ reason: { code: "RL_SATURATED" } });
  });

  it("reads beside a writer of another owner, and a closed file", async () => {
    const database = await open();
    await database.append(note("a"));
    const reader = await openReader({ file: folder.file, schema: [notesSchema] });
    expect((await reader.read("SELECT body FROM notes", [])).rows).toEqual([{ body: "a" }]);
    await database.append(note("b"));
    expect((await reader.read("SELECT body FROM notes", [])).rows).toHaveLength(2);
    await reader.close();
    await database.close(2_000);
    const later = await openReader({ file: folder.file, schema: [notesSchema] });
    expect((await later.read("SELECT body FROM notes", [])).rows).toHaveLength(2);
    await later.close();
    await expect(openReader({ file: `${folder.file}x`, schema: [] })).rejects.toMatchObject({
      code: "RL_FILE_UNREADABLE",
    });
  });
});

describe("a writer in trouble", () => {
  it("fails the waiters of an overdue batch; what was committed late is found by the retry", async () => {
    const lines: { level: string; message: unknown }[] = [];
    const database = await open({ limits: { acknowledgeMs: 50 }, logger: recordingLogger(lines) });
    const foreign = new DatabaseSync(folder.file);
    foreign.exec("BEGIN IMMEDIATE");
    const sent = database.append(note("a", "uid-a"));
    // What comes in the same turn goes in the same batch: the second one has to come later.
    await new Promise((resolve) => setImmediate(resolve));
    const queued = database.append(note("b", "uid-b"));
    await expect(sent).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    await expect(queued).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    expect(database.accepting).toBe(false);
    expect(database.health().state).toBe("stalled");
    expect(lines.map((line) => line.level)).toContain("error");
    foreign.exec("ROLLBACK");
    foreign.close();
    await expect.poll(() => database.accepting, WAIT).toBe(true);
    expect(await database.append(note("a", "uid-a"))).toEqual({ kind: "duplicate" });
    expect(await database.append(note("b", "uid-b"))).toEqual({ kind: "committed", seq: 2 });
    expectChained(await notes(database));
  });

  it("fails the waiters of a dead thread, starts another one and goes on from the head in the file", async () => {
    const metrics = new Registry();
    const { database, writer } = await openParts(options(folder.file, { metrics }));
    opened.push(database);
    await database.append(note("a"));
    await writer.kill();
    await expect.poll(() => database.health().state, WAIT).toBe("ok");
    await database.append(note("b"));
    const pending = Promise.allSettled(Array.from({ length: 40 }, (_, i) => database.append(note(`c${i}`))));
    await writer.kill();
    const results = await pending;
    const failed = results.filter((result) => result.status === "rejected");
    for (const result of failed) expect(result.reason).toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    await expect.poll(() => database.accepting, WAIT).toBe(true);
    await database.append(note("d"));
    const rows = await notes(database);
    expectChained(rows);
    expect(rows.at(-1)?.body).toBe("d");
    expect(rows.length).toBeGreaterThanOrEqual(3 + results.length - failed.length);
    expect(await metrics.getSingleMetricAsString("runlog_storage_thread_restarts_total")).toContain(
      '{thread="writer"} 2',
    );
  });

  it("says at close what is left, and refuses afterwards", async () => {
    const database = await open();
    const foreign = new DatabaseSync(folder.file);
    foreign.exec("BEGIN IMMEDIATE");
    const outcome = Promise.allSettled([database.append(note("a"))]);
    expect(await database.close(100)).toEqual({ left: 1 });
    expect(await outcome).toMatchObject([{ status: "rejected", reason: { code: "RL_STORE_UNAVAILABLE" } }]);
    foreign.exec("ROLLBACK");
    foreign.close();
    await expect(database.append(note("b"))).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    await expect(database.read("SELECT 1", [])).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
  });
});

describe("pruning a chain", () => {
  it("moves the anchor with the rows", async () => {
    const database = await open();
    for (const body of ["a", "b", "c"]) await database.append(note(body));
    const before = await notes(database);
    expect(await database.pruneChain("notes", 2)).toBe(2);
    expect(await database.pruneChain("notes", 2)).toBe(0);
    const { rows } = await database.read("SELECT anchor_seq, anchor_hash, head_seq FROM storage_chains", []);
    expect(rows).toEqual([{ anchor_seq: 2, anchor_hash: before[1]?.hash, head_seq: 3 }]);
    expect(await database.append(note("d"))).toEqual({ kind: "committed", seq: 4 });
  });

  it("gives the space back to the file system", async () => {
    const database = await open();
    await Promise.all(Array.from({ length: 200 }, () => database.append(note("x".repeat(4_000)))));
    const pages = async (): Promise<number> =>
      (await database.read<{ n: number }>("SELECT page_count AS n FROM pragma_page_count", [])).rows[0]?.n ?? 0;
    const full = await pages();
    await database.pruneChain("notes", 190);
    await database.compact(10_000);
    expect(await pages()).toBeLessThan(full / 4);
  });
});
