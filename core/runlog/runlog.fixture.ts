import type { Decision, ReviewResponse, RunIdentity } from "#api";
import type { ClosureRecord, ReportRecord, ReviewRecord, RunRecord } from "./record.ts";

export function runOf(run: string, more: Partial<RunIdentity> = {}): RunIdentity {
  return { namespace: "agents", serviceAccount: "bot", run, ...more };
}

export function responseOf(decision: Decision, uid = "u1"): ReviewResponse {
  return {
    uid,
    decision,
    allowed: decision === "allow" || decision === "modify",
    reason: "policy",
    message: "",
    policy: null,
    matched: [],
    matchedTotal: 0,
    audit: [],
    auditTotal: 0,
    findings: [],
    policiesEvaluated: 1,
    revision: "r1",
    args: null,
    patch: null,
    approval: null,
    reservation: null,
  };
}

export function closureOf(state: "ended" | "terminated", reason = "policy", at = 1_000): ClosureRecord {
  return { state, reason, message: `${reason}.`, policy: null, at };
}

const DIGEST = `sha256:${"0".repeat(64)}`;

export interface ReviewParts extends Partial<Omit<ReviewRecord, "kind" | "response">> {
  readonly decision?: Decision | undefined;
}

export function review(parts: ReviewParts = {}): ReviewRecord {
  const { decision = "allow", ...more } = parts;
  const identity = runOf(more.run ?? "run_1", {
    ...(more.namespace === undefined ? {} : { namespace: more.namespace }),
    ...(more.serviceAccount === undefined ? {} : { serviceAccount: more.serviceAccount }),
  });
  return {
    kind: "review",
    at: 1_000,
    uid: "u1",
    action: "tool_call",
    tool: "search",
    args: { q: "x" },
    argsForm: "full",
    argsDigest: DIGEST,
    requestDigest: DIGEST,
    callDigest: DIGEST,
    resend: false,
    root: identity,
    labels: { team: "payments" },
    namespaceLabels: {},
    cost: 0,
    tokens: 0,
    counters: {},
    truths: [],
    findings: [],
    detector: "1",
    mayRun: decision === "allow" || decision === "modify",
    countsAsDenial: decision === "deny",
    ...more,
    ...identity,
    response: responseOf(decision, more.uid),
  };
}

export function report(parts: Partial<ReportRecord> = {}): ReportRecord {
  return {
    kind: "report",
    at: 2_000,
    ...runOf("run_1"),
    uid: "u1",
    outcome: "success",
    reportDigest: DIGEST,
    charge: { cost: 0, tokens: 0 },
    replaces: { charged: { cost: 0, tokens: 0 }, at: 1_000 },
    ...parts,
  };
}

export function ended(parts: Partial<RunRecord> = {}): RunRecord {
  return {
    kind: "run",
    at: 3_000,
    ...runOf("run_1"),
    event: "ended",
    closure: closureOf("ended", "done", 3_000),
    ...parts,
  };
}
