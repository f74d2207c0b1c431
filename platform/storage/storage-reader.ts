/** The reader thread: one short read-only transaction per request, in order. */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { FromReader, ReaderSettings, ReadRequest } from "./protocol.ts";
import { checkVersions, NewerSchema } from "./schema.ts";
import { isStoreError, sqliteCode } from "./sqlite-errors.ts";

/** READONLY and CANTOPEN: what SQLite says when it cannot make the shared-memory file beside a database in WAL mode. */
const NO_SHARED_MEMORY: readonly (number | undefined)[] = [8, 14];
const settings = workerData as ReaderSettings;
const port = parentPort;
if (port === null) throw new Error("storage-reader runs as a thread only");

function say(message: FromReader): void {
  port?.postMessage(message);
}

function open(): DatabaseSync {
  const attempt = (location: string | URL): DatabaseSync => {
    const db = new DatabaseSync(location, { readOnly: true, timeout: 1_000 });
    checkVersions(db, settings.schema);
    return db;
  };
  try {
    return attempt(settings.file);
  } catch (error) {
    // A closed log in a folder that may not be written (an archive): nobody can change it, so it is read without the shared-memory file.
    if (!NO_SHARED_MEMORY.includes(sqliteCode(error)) || existsSync(`${settings.file}-wal`)) throw error;
    const location = pathToFileURL(settings.file);
    location.searchParams.set("immutable", "1");
    return attempt(location);
  }
}

function sizeOf(row: Record<string, unknown>): number {
  let chars = 0;
  for (const key in row) {
    const value = row[key];
    chars += typeof value === "string" ? value.length : 8;
  }
  return chars;
}

function read(db: DatabaseSync, request: ReadRequest): FromReader {
  const rows: unknown[] = [];
  let chars = 0;
  for (const row of db.prepare(request.sql).iterate(...request.params)) {
    chars += sizeOf(row);
    if (rows.length > 0 && chars > request.maxChars) return { kind: "rows", id: request.id, rows, truncated: true };
    rows.push(row);
  }
  return { kind: "rows", id: request.id, rows, truncated: false };
}

try {
  const db = open();
  port.on("message", (request: ReadRequest) => {
    try {
      say(read(db, request));
    } catch (error) {
      say({
        kind: "error",
        id: request.id,
        code: isStoreError(error) ? "RL_STORE_UNAVAILABLE" : "RL_INTERNAL",
        message: error instanceof Error ? error.message : String(error),
      });
    }
  });
  say({ kind: "ready" });
} catch (error) {
  say({
    kind: "failed",
    code: error instanceof NewerSchema ? "RL_STORE_NEWER" : "RL_STORE_UNAVAILABLE",
    message: error instanceof Error ? error.message : String(error),
  });
  port.close();
}
