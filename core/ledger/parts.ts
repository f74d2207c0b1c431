import type { Clock } from "#runtime";
import type { EntryTable } from "./entry-table.ts";
import type { LedgerLimits } from "./limits.ts";
import type { Postings } from "./postings.ts";
import type { RunTable } from "./run-table.ts";
import type { Shelf } from "./shelf.ts";
import type { Subjects } from "./subjects.ts";
import type { Zones } from "./zones.ts";

/** What the ledger in memory is made of; each of its duties gets these. */
export interface Parts {
  readonly clock: Clock;
  readonly limits: LedgerLimits;
  readonly subjects: Subjects;
  readonly zones: Zones;
  readonly runs: RunTable;
  readonly entries: EntryTable;
  readonly postings: Postings;
  /** Absent without an archive: then what is not in memory never was. */
  readonly shelf: Shelf | undefined;
}
