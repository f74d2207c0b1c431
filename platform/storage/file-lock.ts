import { DatabaseSync } from "node:sqlite";
import { RunlogError, messageOf } from "#api";
import { isBusy } from "./sqlite-errors.ts";

/** Keeps a second process out for as long as it is held. */
export interface FileLock {
  release(): void;
}

/**
 * Takes `<file>.lock`. It is a tiny SQLite file in which a transaction stays open, so the operating system holds the lock and lets it go when the
 * process dies in whatever way: there is no stale lock to judge, also not when pids repeat, as they do in containers. Its one row names the holder.
 * Throws RL_STORE_LOCKED, or RL_STORE_UNAVAILABLE when the folder cannot be written.
 */
export function acquireLock(file: string): FileLock {
  const path = `${file}.lock`;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec("CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER NOT NULL)");
    db.prepare("INSERT INTO holder VALUES (1, ?) ON CONFLICT DO UPDATE SET pid = excluded.pid").run(process.pid);
    db.exec("BEGIN IMMEDIATE");
  } catch (error) {
    const refusal = isBusy(error)
      ? new RunlogError("RL_STORE_LOCKED", `${file} is in use${holder(db)}`, { cause: error })
      : new RunlogError("RL_STORE_UNAVAILABLE", `${path}: ${messageOf(error)}`, { cause: error });
    db?.close();
    throw refusal;
  }
  const held = db;
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      held.close();
    },
  };
}

function holder(db: DatabaseSync | undefined): string {
  try {
    const row = db?.prepare("SELECT pid FROM holder").get();
    return row === undefined ? "" : ` by process ${String(row["pid"])}`;
  } catch {
    // Only the name is missing then; that the lock is held is known.
    return "";
  }
}
