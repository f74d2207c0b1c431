import { counterFamily, type MetricsRegistry } from "#telemetry";

export interface RunLogMetrics {
  recorded(): void;
  /** `reason` is one of a few words of ours. */
  dropped(reason: string, count: number): void;
}

export function runLogMetrics(registry: MetricsRegistry): RunLogMetrics {
  const records = counterFamily({
    registry,
    name: "runlog_log_records_total",
    help: "Records the run log's store took over.",
    labels: [],
  }).child();
  const dropped = counterFamily({
    registry,
    name: "runlog_log_dropped_total",
    help: "Records that were not written although the decision was answered.",
    labels: ["sink", "reason"],
  });
  return {
    recorded: () => records.inc(),
    dropped: (reason, count) => dropped.child("store", reason).inc(count),
  };
}
