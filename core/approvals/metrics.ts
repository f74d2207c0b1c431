import { approvalPhases, messageOf } from "#api";
import type { Clock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import { Gauge, Histogram } from "prom-client";
import type { ApprovalStore } from "./store.ts";
import type { TransitionListener } from "./transitions.ts";

const waits = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400];

export interface MetricsOptions {
  readonly registry: MetricsRegistry;
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly log: Pick<Logger, "error">;
}

/** Declares the room's metrics; returns the listener that feeds the waiting time. Phases are counted in the store at each scrape, so they cannot drift. */
export function declareMetrics({ registry, store, clock, log }: MetricsOptions): TransitionListener {
  new Gauge({
    name: "runlog_approvals",
    help: "Approval requests that are kept, by phase.",
    labelNames: ["phase"],
    registers: [registry],
    async collect() {
      try {
        const counts = await store.countByPhase(clock.now());
        for (const phase of approvalPhases) this.set({ phase }, counts.get(phase) ?? 0);
      } catch (error) {
        log.error({ error: messageOf(error) }, "approvals could not be counted");
      }
    },
  });
  const wait = new Histogram({
    name: "runlog_approval_wait_seconds",
    help: "Time from the question to its answer, or to its end without one.",
    buckets: waits,
    registers: [registry],
  });
  return ({ from, to, at, request }) => {
    if (from !== "Pending" || to === "Pending") return;
    const asked = Date.parse(String(request.metadata["creationTimestamp"]));
    if (Number.isFinite(asked)) wait.observe(Math.max(0, at - asked) / 1000);
  };
}
