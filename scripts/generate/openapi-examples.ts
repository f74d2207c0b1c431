import { API_VERSION } from "#api";

const deny = {
  kind: "AgentPolicy",
  namespace: "agents",
  name: "budgets",
  rule: "budget_control",
  generation: 3,
};
const base = {
  uid: "01JD8Z3W5Q7R9T1V3X5Z7B9D1F",
  decision: "allow",
  allowed: true,
  reason: "no_match",
  message: "",
  policy: null,
  matched: [],
  matchedTotal: 0,
  audit: [],
  auditTotal: 0,
  findings: [],
  policiesEvaluated: 4,
  revision: "sha256:3f0a",
  args: null,
  patch: null,
  approval: null,
  reservation: "r-01JD8Z3W5Q7R9T1V3X5Z7B9D1F",
};

function answer(change: object): object {
  return { apiVersion: API_VERSION, kind: "ActionReview", response: { ...base, ...change } };
}

function matched(rule: string, decision: string): object {
  const policy = { ...deny, name: "payments", rule };
  return {
    decision,
    reason: "policy",
    policy,
    matched: [{ ...policy, decision, mode: "Enforce", reason: "policy" }],
    matchedTotal: 1,
  };
}

/** Shown in the OpenAPI document by name; a test holds each against its schema. */
export const examples: Readonly<Record<string, { readonly summary: string; readonly value: object }>> = {
  review: {
    summary: "A tool call",
    value: {
      apiVersion: API_VERSION,
      kind: "ActionReview",
      request: {
        uid: base.uid,
        run: "run_abc123",
        step: 12,
        action: "tool_call",
        tool: "database.query",
        args: { query: "SELECT name FROM customers LIMIT 10" },
        agent: "support-bot",
        user: "u-17",
        cost: { usd: "0.0120" },
        tokens: { input: 900, cachedInput: 0, output: 200 },
      },
    },
  },
  allow: { summary: "No rule matched", value: answer({}) },
  deny: {
    summary: "A budget is spent",
    value: answer({
      decision: "deny",
      allowed: false,
      reason: "policy",
      message: "Daily budget exceeded",
      policy: deny,
      matched: [{ ...deny, decision: "deny", mode: "Enforce", reason: "policy", message: "Daily budget exceeded" }],
      matchedTotal: 1,
      reservation: null,
    }),
  },
  modify: {
    summary: "Execute it with other arguments",
    value: answer({
      ...matched("redact_mail", "modify"),
      args: { to: "a@example.com", body: "My number is [US_SSN]" },
      patch: [{ op: "replace", path: "/body", value: "My number is [US_SSN]" }],
    }),
  },
  require_approval: {
    summary: "People are asked",
    value: answer({
      ...matched("big_refund", "require_approval"),
      allowed: false,
      message: "Refunds over 500 need two people",
      approval: {
        namespace: "agents",
        name: "apr-7k2m9x",
        expiresAt: "2026-01-31T12:30:00Z",
        wait: "/v1/approvals/agents/apr-7k2m9x?wait=30s",
      },
      reservation: null,
    }),
  },
  terminate: {
    summary: "The run is over",
    value: answer({
      ...matched("loop_detection", "terminate"),
      allowed: false,
      message: "Possible infinite loop detected",
      reservation: null,
    }),
  },
  report: {
    summary: "The action succeeded",
    value: { run: "run_abc123", uid: base.uid, outcome: "success", cost: { usd: "0.0117" }, durationMs: 812 },
  },
  charged: {
    summary: "What was charged",
    value: { run: "run_abc123", uid: base.uid, charged: { usd: "0.0117", tokens: 1100 } },
  },
  vote: { summary: "A yes", value: { decision: "approve", comment: "Checked with the customer" } },
  approval: {
    summary: "A refund that waits for a second person",
    value: {
      apiVersion: API_VERSION,
      kind: "ApprovalRequest",
      metadata: { name: "apr-7k2m9x", namespace: "agents" },
      spec: {
        run: "run_abc123",
        agent: { namespace: "agents", serviceAccount: "support-bot", name: "support-bot" },
        action: {
          type: "tool_call",
          tool: "stripe.refund",
          args: { amount: 700, card: "[CREDIT_CARD]" },
          digest: `sha256:${"5e".repeat(32)}`,
        },
        requirements: [
          {
            policy: { kind: "AgentPolicy", namespace: "agents", name: "payments", uid: "b2c7" },
            rule: "big_refund",
            ruleHash: `sha256:${"a1".repeat(32)}`,
            approvers: ["security-team"],
            quorum: 2,
            message: "Refunds over 500 need two people",
          },
        ],
        uses: 1,
        grantFor: "10m",
        expiresAt: "2026-01-31T12:30:00Z",
      },
      status: {
        phase: "Pending",
        votes: "1/2",
        decisions: [
          {
            by: { username: "alice@example.com", groups: ["security-team"] },
            decision: "approve",
            comment: "Checked with the customer",
            votedDigest: `sha256:${"c3".repeat(32)}`,
            at: "2026-01-31T12:05:00Z",
          },
        ],
      },
    },
  },
};
