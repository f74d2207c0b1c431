import { decisions } from "#api";
import type { SchemaPart } from "#storage";
import { statements } from "./statements.ts";

export const RECORDS = "records";

/** In the order in which `recordColumns` gives them. */
export const RECORD_COLUMNS = ["at", "kind", "ns", "sa", "run", "uid", "step", "decision"] as const;

const counts = decisions.map((decision) => `n_${decision} INTEGER NOT NULL DEFAULT 0`).join(", ");

/**
 * A record whose batch was overdue may have been committed after all, and then comes again: the first one stands. A review does so for the hour in which
 * its uid is remembered, a report until its uid is used anew.
 */
const REPEATED = `(new.kind = 'review' AND old.at > new.at - 3600000)
  OR (new.kind = 'report' AND NOT EXISTS (SELECT 1 FROM records AS later
    WHERE later.ns = old.ns AND later.sa = old.sa AND later.run = old.run AND later.uid = old.uid AND later.kind = 'review' AND later.seq > old.seq))`;

/** The run log's tables. `records` is the chain; `runs` sums it up, is kept in the same transaction, and outlives the records. */
export const runLogSchema: SchemaPart = {
  name: "runlog",
  statements,
  chains: [
    {
      table: RECORDS,
      columns: RECORD_COLUMNS,
      duplicate: `new.uid = old.uid AND new.kind = old.kind AND old.ns = new.ns AND old.sa = new.sa AND old.run = new.run AND (${REPEATED})`,
    },
  ],
  migrations: [
    {
      version: 1,
      statements: [
        `CREATE TABLE records (
          seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,
          ns TEXT NOT NULL, sa TEXT NOT NULL, run TEXT NOT NULL, uid TEXT, step INTEGER, decision TEXT,
          body TEXT NOT NULL, hash TEXT NOT NULL)`,
        "CREATE INDEX records_by_run ON records (ns, sa, run, seq)",
        "CREATE INDEX records_by_uid ON records (ns, sa, run, uid) WHERE uid IS NOT NULL",
        "CREATE INDEX records_by_time ON records (at)",
        `CREATE TABLE runs (
          id INTEGER PRIMARY KEY, ns TEXT NOT NULL, sa TEXT NOT NULL, run TEXT NOT NULL, agent TEXT,
          state TEXT NOT NULL DEFAULT 'active', closure TEXT, ended_at INTEGER,
          parent_ns TEXT, parent_sa TEXT, parent_run TEXT,
          root_ns TEXT NOT NULL, root_sa TEXT NOT NULL, root_run TEXT NOT NULL, depth INTEGER NOT NULL,
          started_at INTEGER NOT NULL, last_at INTEGER NOT NULL, first_seq INTEGER NOT NULL,
          steps INTEGER NOT NULL DEFAULT 0, ${counts},
          cost INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0)`,
        "CREATE UNIQUE INDEX runs_identity ON runs (ns, sa, run)",
        "CREATE INDEX runs_by_parent ON runs (parent_ns, parent_sa, parent_run) WHERE parent_run IS NOT NULL",
        "CREATE INDEX runs_by_root ON runs (root_ns, root_sa, root_run)",
        "CREATE INDEX runs_by_last ON runs (last_at)",
      ],
    },
  ],
};
