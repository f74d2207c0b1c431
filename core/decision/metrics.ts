import type { ReviewResponse } from "#api";
import { counterFamily, histogramFamily, type MetricsRegistry } from "#telemetry";
import type { Caller } from "./caller.ts";

export interface DecisionMetrics {
  /** What `decision` measures from: milliseconds of a clock that nobody sets, finer than a decision takes. */
  start(): number;
  /** `started`: what `start` said when the question came. */
  decision(response: ReviewResponse, caller: Caller, started: number): void;
  /** Micro-dollars that a report charged. */
  charged(namespace: string, cost: number): void;
}

const BUCKETS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
/** Reasons are labels only where they come from a fixed set; a runtime error's detail is cut off. */
const REASONS = new Set([
  "policy",
  "no_match",
  "approved",
  "modify_unstable",
  "run_ended",
  "approval_denied",
  "too_many_open_approvals",
  "too_many_expired_approvals",
  "too_many_requirements",
  "terminated_by_person",
]);

export function declareMetrics(registry: MetricsRegistry): DecisionMetrics {
  const decisions = counterFamily({
    registry,
    name: "runlog_decisions_total",
    help: "Decisions by what was answered, by the mode of the rule that decided, by namespace and by reason.",
    labels: ["decision", "mode", "namespace", "reason"],
  });
  const seconds = histogramFamily({
    registry,
    name: "runlog_decision_duration_seconds",
    help: "From the question to its recorded answer.",
    labels: [],
    buckets: BUCKETS,
  });
  const matches = counterFamily({
    registry,
    name: "runlog_rule_matches_total",
    help: "Matches by policy and rule; rules beyond the bound are counted under other.",
    labels: ["policy", "rule", "decision", "mode"],
    maxSeries: 2_000,
  });
  const detections = counterFamily({
    registry,
    name: "runlog_detections_total",
    help: "Findings of matched rules by entity; entities beyond the bound are counted under other.",
    labels: ["entity", "family"],
    maxSeries: 500,
  });
  const cost = counterFamily({
    registry,
    name: "runlog_cost_usd_total",
    help: "USD that reports charged.",
    labels: ["namespace"],
  });
  const duration = seconds.child();
  return {
    start: () => performance.now(),
    decision(response, caller, started) {
      const reason = REASONS.has(response.reason) ? response.reason : "runtime_error";
      decisions.child(response.decision, "Enforce", caller.namespace, reason).inc();
      for (const audit of response.audit) decisions.child(audit.decision, "Audit", caller.namespace, "would_be").inc();
      for (const match of [...response.matched, ...response.audit]) {
        matches.child(`${match.namespace ?? ""}/${match.name}`, match.rule, match.decision, match.mode).inc();
      }
      for (const { entity, family } of response.findings) detections.child(entity, family).inc();
      duration.observe((performance.now() - started) / 1_000);
    },
    charged(namespace, micros) {
      cost.child(namespace).inc(micros / 1_000_000);
    },
  };
}
