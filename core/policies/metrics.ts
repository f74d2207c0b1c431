import type { RuleIndex } from "#engine";
import type { MetricsRegistry } from "#telemetry";
import { Gauge } from "prom-client";
import type { PolicyEntry } from "./policy-entry.ts";

export interface PolicyMetrics {
  update(entries: readonly PolicyEntry[], index: RuleIndex): void;
}

export function declareMetrics(registry: MetricsRegistry): PolicyMetrics {
  const policies = new Gauge({
    name: "runlog_policies",
    help: "Policies by kind and state: enforced, stale (a broken edit, the last good version enforces), broken (never compiled).",
    labelNames: ["kind", "state"],
    registers: [registry],
  });
  const rules = new Gauge({ name: "runlog_index_rules", help: "Rules in the index.", registers: [registry] });
  const unguarded = new Gauge({
    name: "runlog_index_unguarded_rules",
    help: "Rules that every review must evaluate because no condition of theirs can be indexed.",
    registers: [registry],
  });
  return {
    update(entries, index) {
      policies.reset();
      for (const entry of entries) policies.inc({ kind: entry.resource.kind, state: entry.state });
      rules.set(index.rules);
      unguarded.set(index.unguardedRules);
    },
  };
}
