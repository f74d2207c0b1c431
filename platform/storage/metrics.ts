import type { MetricsRegistry } from "#telemetry";
import { Counter, Gauge, Histogram } from "prom-client";

export interface StorageMetrics {
  /** From handing a batch to the writer until its acknowledgement. */
  commit(seconds: number, writes: number): void;
  restarted(thread: "writer" | "reader"): void;
  waiting(source: () => number): void;
}

export function storageMetrics(registry: MetricsRegistry): StorageMetrics {
  const registers = [registry];
  const seconds = new Histogram({
    name: "runlog_storage_commit_seconds",
    help: "Time from handing a batch to the writer thread until it is committed.",
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
    registers,
  });
  const writes = new Counter({
    name: "runlog_storage_writes_total",
    help: "Writes handed back by the writer thread, failed ones included.",
    registers,
  });
  const restarts = new Counter({
    name: "runlog_storage_thread_restarts_total",
    help: "Times a storage thread was started again after it died or hung.",
    labelNames: ["thread"],
    registers,
  });
  return {
    commit(duration, count) {
      seconds.observe(duration);
      writes.inc(count);
    },
    restarted(thread) {
      restarts.inc({ thread });
    },
    waiting(source) {
      const gauge: Gauge = new Gauge({
        name: "runlog_storage_waiting_writes",
        help: "Writes that wait for their commit.",
        registers,
        collect: () => gauge.set(source()),
      });
    },
  };
}
