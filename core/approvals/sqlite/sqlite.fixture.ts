import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#runtime";
import { openDatabase } from "#storage";
import { pino } from "pino";
import { Registry } from "prom-client";
import type { ApprovalStore } from "../store.ts";
import { approvalsSchema, sqliteApprovalStore } from "./sqlite-store.ts";

export interface OpenStore {
  readonly store: ApprovalStore;
  readonly close: () => Promise<void>;
}

/** A state folder that outlives the store opened in it. */
export function newState(): { open(): Promise<OpenStore>; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "runlog-approvals-"));
  return {
    async open() {
      const database = await openDatabase({
        file: join(folder, "state.db"),
        schema: [approvalsSchema],
        durability: "committed",
        clock: systemClock,
        logger: pino({ level: "silent" }),
        metrics: new Registry(),
      });
      return {
        store: sqliteApprovalStore(database),
        close: async () => {
          await database.close(5_000);
        },
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
