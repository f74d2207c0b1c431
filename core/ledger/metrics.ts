import { Counter, Gauge, type Registry } from "prom-client";
import type { EntryTable } from "./entry-table.ts";
import type { Leaving } from "./run-table.ts";

/** What the ledger tells of itself; no label comes from an agent. */
export class LedgerMetrics {
  readonly #left: Counter<"why">;

  constructor(registry: Registry, state: { readonly entries: EntryTable; readonly runs: () => number }) {
    const { entries, runs } = state;
    const registers = [registry];
    gauge(
      "runlog_reservations",
      "Reservations that wait for an answer or a report.",
      () => entries.unsettled,
      registers,
    );
    gauge("runlog_ledger_runs", "Runs in the ledger's memory.", runs, registers);
    gauge("runlog_ledger_reviews", "Reviews the ledger remembers by uid.", () => entries.size, registers);
    this.#left = new Counter({
      name: "runlog_ledger_runs_left_total",
      help: "Runs that left the ledger's memory, by why.",
      labelNames: ["why"],
      registers,
    });
  }

  left(why: Leaving): void {
    this.#left.inc({ why: why.replaceAll(" ", "_") });
  }
}

function gauge(name: string, help: string, read: () => number, registers: Registry[]): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read());
    },
  });
}
