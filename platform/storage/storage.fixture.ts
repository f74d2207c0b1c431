import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "#runtime";
import type { Logger } from "#telemetry";
import { Registry } from "prom-client";
import type { ChainedRow, SchemaPart } from "./database.ts";
import type { OpenOptions } from "./open.ts";

export const notesSchema: SchemaPart = {
  name: "notes",
  migrations: [
    {
      version: 1,
      statements: [
        "CREATE TABLE notes (seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, uid TEXT, body TEXT NOT NULL, hash TEXT NOT NULL)",
        "CREATE INDEX notes_uid ON notes (topic, uid) WHERE uid IS NOT NULL",
        "CREATE TABLE totals (topic TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n < 1000000), last INTEGER)",
      ],
    },
  ],
  chains: [{ table: "notes", columns: ["topic", "uid"], duplicate: "old.topic = new.topic AND old.uid = new.uid" }],
};

export function note(body: string, uid: string | null = null, topic = "t"): ChainedRow {
  return {
    table: "notes",
    columns: [topic, uid],
    body,
    also: [
      {
        sql: "INSERT INTO totals VALUES (?, 1, last_insert_rowid()) ON CONFLICT (topic) DO UPDATE SET n = n + 1, last = excluded.last",
        params: [topic],
      },
    ],
  };
}

export interface LoggedLine {
  readonly level: string;
  readonly message: unknown;
}

/** A logger that keeps what it is told. */
export function recordingLogger(lines: LoggedLine[] = []): Logger {
  const at =
    (level: string) =>
    (...args: unknown[]): void => {
      lines.push({ level, message: args.at(-1) });
    };
  const logger = { warn: at("warn"), error: at("error"), info: at("info"), debug: at("debug") };
  return logger as unknown as Logger;
}

export function newFolder(): { readonly path: string; readonly file: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "runlog-storage-"));
  return { path, file: join(path, "state.db"), remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function options(file: string, more: Partial<OpenOptions> = {}): OpenOptions {
  return {
    file,
    schema: [notesSchema],
    durability: "committed",
    clock: manualClock(1_000),
    logger: recordingLogger(),
    metrics: new Registry(),
    ...more,
  };
}
