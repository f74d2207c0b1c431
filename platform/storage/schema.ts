import type { DatabaseSync } from "node:sqlite";
import { GENESIS } from "./chain.ts";
import type { ChainHead, SchemaPart } from "./database.ts";
import { chainsOf } from "./protocol.ts";

/** The file was written by a newer version. */
export class NewerSchema extends Error {}
/** A chain does not end where its head says: rows were added by another hand. */
export class AlteredChain extends Error {}

/** Tables of storage itself: versions of the parts, where chains stand, which processes had the file open. */
const ownPart: SchemaPart = {
  name: "storage",
  migrations: [
    {
      version: 1,
      statements: [
        "CREATE TABLE storage_chains (name TEXT PRIMARY KEY, head_seq INTEGER NOT NULL, head_hash TEXT NOT NULL, anchor_seq INTEGER NOT NULL, anchor_hash TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE storage_sessions (id INTEGER PRIMARY KEY, opened_at INTEGER NOT NULL, durability TEXT NOT NULL, flush_interval_ms INTEGER NOT NULL, heads TEXT NOT NULL, closed_at INTEGER)",
      ],
    },
  ],
};

const VERSIONS =
  "CREATE TABLE IF NOT EXISTS storage_parts (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID";

function versionOf(db: DatabaseSync, part: string): number {
  const row = db.prepare("SELECT version FROM storage_parts WHERE name = ?").get(part);
  return Number(row?.["version"] ?? 0);
}

function newest(part: SchemaPart): number {
  return part.migrations.at(-1)?.version ?? 0;
}

/** Throws NewerSchema if a part in the file is newer than what this program knows. Parts it does not know at all are left alone. */
export function checkVersions(db: DatabaseSync, schema: readonly SchemaPart[]): void {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'storage_parts'").get();
  if (known === undefined) return;
  for (const part of [ownPart, ...schema]) {
    const found = versionOf(db, part.name);
    if (found > newest(part)) {
      throw new NewerSchema(`${part.name} has version ${found}, this program knows ${newest(part)}`);
    }
  }
}

/** Brings the file up to date, each migration in its own transaction. */
export function migrate(db: DatabaseSync, schema: readonly SchemaPart[]): void {
  checkVersions(db, schema);
  db.exec(VERSIONS);
  for (const part of [ownPart, ...schema]) {
    const found = versionOf(db, part.name);
    for (const migration of part.migrations) {
      if (migration.version <= found) continue;
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const statement of migration.statements) db.exec(statement);
        db.prepare(
          "INSERT INTO storage_parts (name, version) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        ).run(part.name, migration.version);
        db.exec("COMMIT");
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    }
  }
}

/**
 * Where each chain stands. `storage_chains` is believed, not the last row: if the tail was cut off, the next row leaves a gap that `verify` finds.
 * Rows beyond the head are another matter (nothing could be appended), so they are an error here.
 */
export function loadHeads(db: DatabaseSync, schema: readonly SchemaPart[]): Map<string, ChainHead> {
  const heads = new Map<string, ChainHead>();
  for (const { table } of chainsOf(schema)) {
    db.prepare("INSERT INTO storage_chains VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING").run(
      table,
      GENESIS.seq,
      GENESIS.hash,
      GENESIS.seq,
      GENESIS.hash,
    );
    const row = db.prepare("SELECT head_seq, head_hash FROM storage_chains WHERE name = ?").get(table);
    const head = { seq: Number(row?.["head_seq"]), hash: String(row?.["head_hash"]) };
    const last = Number(db.prepare(`SELECT max(seq) AS last FROM "${table}"`).get()?.["last"] ?? 0);
    if (last > head.seq) {
      throw new AlteredChain(
        `${table} has rows up to ${last}, but its chain ends at ${head.seq}: it was changed by another hand`,
      );
    }
    heads.set(table, head);
  }
  return heads;
}
