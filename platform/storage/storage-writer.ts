/** The writer thread: owns the file. One batch at a time; acknowledges first, checkpoints after. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { BatchWriter } from "./batch.ts";
import type { FromWriter, ToWriter, WriterSettings } from "./protocol.ts";
import { loadHeads, migrate, NewerSchema } from "./schema.ts";

/** Records between two checkpoints of a busy writer. */
const CHECKPOINT_RECORDS = 150;
/** A writer that had nothing to do for so long checkpoints what is left. Commits never wait for it. */
const IDLE_MS = 250;
/** Longer than a batch may be unacknowledged, so that a short foreign lock only delays. */
const BUSY_MS = 5_000;

const settings = workerData as WriterSettings;
const port = parentPort;
if (port === null) throw new Error("storage-writer runs as a thread only");

function say(message: FromWriter): void {
  port?.postMessage(message);
}

function open(): DatabaseSync {
  const db = new DatabaseSync(settings.file, { timeout: BUSY_MS });
  // Lets retention give space back. Only an empty file takes it, and any other would be written to.
  if (db.prepare("PRAGMA page_count").get()?.["page_count"] === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
  const mode = db.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal") throw new Error(`the file system of ${settings.file} cannot hold a write-ahead log`);
  db.exec(`PRAGMA synchronous = ${settings.durability === "synced" ? "FULL" : "NORMAL"}`);
  db.exec("PRAGMA wal_autocheckpoint = 0");
  db.exec("PRAGMA journal_size_limit = 67108864");
  return db;
}

function beginSession(db: DatabaseSync, writer: BatchWriter): void {
  if (settings.openedAt === undefined) return;
  const heads = JSON.stringify(Object.fromEntries(writer.currentHeads().map(([table, head]) => [table, head.seq])));
  db.prepare("INSERT INTO storage_sessions (opened_at, durability, flush_interval_ms, heads) VALUES (?, ?, ?, ?)").run(
    settings.openedAt,
    settings.durability,
    settings.flushIntervalMs,
    heads,
  );
  // Long histories say nothing new: the last hundred are kept.
  db.exec("DELETE FROM storage_sessions WHERE id <= (SELECT max(id) FROM storage_sessions) - 100");
}

function serve(db: DatabaseSync, writer: BatchWriter): void {
  let unsynced = 0;
  const checkpoint = (): void => {
    if (unsynced === 0) return;
    unsynced = 0;
    try {
      db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (error) {
      say({ kind: "checkpoint-failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  const idle = setTimeout(checkpoint, IDLE_MS);
  port?.on("message", (message: ToWriter) => {
    if (message.kind === "close") {
      clearTimeout(idle);
      finish(db, message.at);
      return;
    }
    const outcome = writer.run(message.jobs);
    if (outcome.kind === "refused") {
      say({ kind: "refused", id: message.id, message: outcome.message });
      return;
    }
    say({ kind: "done", id: message.id, results: outcome.results, heads: writer.currentHeads() });
    unsynced += outcome.results.length;
    if (unsynced >= CHECKPOINT_RECORDS) checkpoint();
    idle.refresh();
  });
}

function finish(db: DatabaseSync, at: number): void {
  try {
    db.prepare("UPDATE storage_sessions SET closed_at = ? WHERE id = (SELECT max(id) FROM storage_sessions)").run(at);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
  } catch (error) {
    say({ kind: "checkpoint-failed", message: error instanceof Error ? error.message : String(error) });
  }
  say({ kind: "closed" });
  port?.close();
}

try {
  const db = open();
  migrate(db, settings.schema);
  const writer = new BatchWriter(db, settings.schema, loadHeads(db, settings.schema));
  beginSession(db, writer);
  serve(db, writer);
  say({ kind: "ready", heads: writer.currentHeads() });
} catch (error) {
  say({
    kind: "failed",
    code: error instanceof NewerSchema ? "RL_STORE_NEWER" : "RL_STORE_UNAVAILABLE",
    message: error instanceof Error ? error.message : String(error),
  });
  port.close();
}
