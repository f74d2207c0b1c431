import type { ErrorCode } from "#api";

/** One door of the HTTP interface; schemas are named as in openapi-schemas.ts. */
export interface Door {
  readonly path: string;
  readonly method: "get" | "post" | "delete";
  readonly id: string;
  readonly tag: "Agents" | "People" | "Process";
  readonly summary: string;
  readonly description: string;
  readonly query?: string;
  readonly body?: string;
  /** Schema of the 200 answer; absent for one that is not JSON. */
  readonly answer?: string;
  readonly examples?: { readonly request?: string; readonly answers?: readonly string[] };
  readonly errors: readonly ErrorCode[];
  readonly open?: boolean;
  /** What a 503 in plain text means, for a door that has one. */
  readonly unready?: string;
}

const caller = ["RL_UNAUTHENTICATED", "RL_FORBIDDEN"] as const satisfies readonly ErrorCode[];
const body = [
  "RL_BAD_JSON",
  "RL_BAD_UTF8",
  "RL_DUPLICATE_KEY",
  "RL_LONE_SURROGATE",
  "RL_TOO_DEEP",
  "RL_INEXACT_NUMBER",
  "RL_INVALID",
  "RL_BODY_TOO_LARGE",
  "RL_UNSUPPORTED_MEDIA_TYPE",
] as const satisfies readonly ErrorCode[];
const busy = [
  "RL_RATE_LIMITED",
  "RL_SATURATED",
  "RL_NOT_READY",
  "RL_STORE_UNAVAILABLE",
  "RL_DEADLINE",
  "RL_INTERNAL",
] as const satisfies readonly ErrorCode[];
const review = [
  ...body,
  ...caller,
  ...busy,
  "RL_BAD_MONEY",
  "RL_UID_REUSED",
  "RL_GRANT_MISMATCH",
  "RL_NOT_FOUND",
  "RL_PARENT_REFUSED",
  "RL_TOO_MANY_RUNS",
  "RL_RUN_UNKNOWN_STATE",
] as const satisfies readonly ErrorCode[];
const reading = [...caller, ...busy, "RL_INVALID"] as const satisfies readonly ErrorCode[];

export const doors: readonly Door[] = [
  {
    path: "/v1/review",
    method: "post",
    id: "review",
    tag: "Agents",
    summary: "Ask before an action",
    description:
      "Decides whether the action may run, reserves its cost, and records the decision before it answers. The status is 200 for every decision; " +
      "only a 200 with `allowed: true` permits the action, and on `modify` with the arguments of the answer. The same uid gets the same answer for an hour.",
    body: "ActionReview",
    answer: "ActionReviewResponse",
    examples: { request: "review", answers: ["allow", "deny", "modify", "require_approval", "terminate"] },
    errors: review,
  },
  {
    path: "/v1/reviews",
    method: "post",
    id: "reviewList",
    tag: "Agents",
    summary: "Ask before several actions of one run",
    description:
      "Decides up to 64 items in order; each sees what the earlier ones reserved. After a terminate the rest answer terminate.",
    body: "ActionReviewList",
    answer: "ActionReviewListResponse",
    errors: review,
  },
  {
    path: "/v1/report",
    method: "post",
    id: "report",
    tag: "Agents",
    summary: "Report how an action ended",
    description:
      "Replaces the estimate by what the action cost. The first report stands; the same again is answered alike. `skipped` releases what was reserved.",
    body: "Report",
    answer: "ReportResponse",
    examples: { request: "report", answers: ["charged"] },
    errors: [
      ...body,
      ...caller,
      ...busy,
      "RL_BAD_MONEY",
      "RL_NOT_REPORTABLE",
      "RL_ALREADY_REPORTED",
      "RL_RUN_UNKNOWN_STATE",
    ],
  },
  {
    path: "/v1/runs/{run}/end",
    method: "post",
    id: "endRun",
    tag: "Agents",
    summary: "Say that a run is over",
    description:
      "Later reviews of the run are denied with reason run_ended, and its open approval requests are withdrawn. Ending an ended run succeeds.",
    answer: "RunEnded",
    errors: [...caller, ...busy, "RL_INVALID", "RL_NOT_FOUND", "RL_RUN_CLOSED", "RL_RUN_UNKNOWN_STATE"],
  },
  {
    path: "/v1/approvals/{namespace}/{name}",
    method: "get",
    id: "getApproval",
    tag: "Agents",
    summary: "Show an approval request, or wait for its answer",
    description:
      "With `wait` (at most 60s) the answer comes when the request leaves Pending, or when the time is over. An agent sees its own requests only; any other is 404. " +
      "People see those that they may get.",
    query: "WaitQuery",
    answer: "ApprovalRequest",
    examples: { answers: ["approval"] },
    errors: [...reading, "RL_NOT_FOUND"],
  },
  {
    path: "/v1/approvals",
    method: "get",
    id: "listApprovals",
    tag: "People",
    summary: "List approval requests",
    description: "Newest first, page by page.",
    query: "ApprovalQuery",
    answer: "ApprovalList",
    errors: reading,
  },
  {
    path: "/v1/approvals/{namespace}/{name}",
    method: "delete",
    id: "deleteApproval",
    tag: "People",
    summary: "Take an open approval request away",
    description: "Counts as a deny, so that asking again does not help the agent. Takes an approver's token.",
    answer: "ApprovalRequest",
    errors: [...caller, ...busy, "RL_NOT_FOUND", "RL_NOT_PENDING", "RL_CONFLICT"],
  },
  {
    path: "/v1/approvals/{namespace}/{name}/args",
    method: "get",
    id: "getApprovalArgs",
    tag: "People",
    summary: "Show the real arguments of an approval request",
    description:
      "The request itself holds a masked copy. Asks for `get` on `approvalrequests/args`; 404 once the run log no longer has them.",
    answer: "ApprovalArgs",
    errors: [...reading, "RL_NOT_FOUND"],
  },
  {
    path: "/v1/approvals/{namespace}/{name}/vote",
    method: "post",
    id: "vote",
    tag: "People",
    summary: "Vote on an approval request of `runlog serve`",
    description:
      "Takes an approver's token, which the review door refuses. In a cluster a vote is a patch of the resource's status, so that the API server proves who votes. " +
      "The same vote again succeeds and changes nothing.",
    body: "Vote",
    answer: "ApprovalRequest",
    examples: { request: "vote", answers: ["approval"] },
    errors: [...body, ...caller, ...busy, "RL_NOT_FOUND", "RL_VOTE_REFUSED", "RL_NOT_PENDING", "RL_CONFLICT"],
  },
  {
    path: "/v1/runs",
    method: "get",
    id: "listRuns",
    tag: "People",
    summary: "List runs",
    description: "Newest first, page by page.",
    query: "RunQuery",
    answer: "RunList",
    errors: reading,
  },
  {
    path: "/v1/runs/{namespace}/{serviceAccount}/{run}",
    method: "get",
    id: "getRun",
    tag: "People",
    summary: "Show a run",
    description: "State, decisions, cost and place in its tree.",
    answer: "RunSummary",
    errors: [...reading, "RL_NOT_FOUND"],
  },
  {
    path: "/v1/runs/{namespace}/{serviceAccount}/{run}/steps",
    method: "get",
    id: "listSteps",
    tag: "People",
    summary: "List every record of a run",
    description: "Oldest first: reviews with what decided them, reports, approvals, and how the run ended.",
    query: "PageQuery",
    answer: "StepList",
    errors: [...reading, "RL_NOT_FOUND"],
  },
  {
    path: "/v1/runs/{namespace}/{serviceAccount}/{run}/terminate",
    method: "post",
    id: "terminateRun",
    tag: "People",
    summary: "End a run for ever",
    description: "Every later action of it and of its sub-runs answers terminate, whatever the policies say by then.",
    body: "Terminate",
    answer: "RunClosure",
    errors: [...body, ...caller, ...busy, "RL_NOT_FOUND", "RL_RUN_CLOSED", "RL_RUN_UNKNOWN_STATE"],
  },
  {
    path: "/v1/usage",
    method: "get",
    id: "getUsage",
    tag: "People",
    summary: "Show what was spent",
    description: "Money and tokens of today and of this month, settled and reserved.",
    query: "UsageQuery",
    answer: "Usage",
    errors: reading,
  },
  {
    path: "/v1/policies",
    method: "get",
    id: "listPolicies",
    tag: "People",
    summary: "Show the policies in force",
    description: "What this process enforces, with the findings of those that are broken.",
    answer: "PolicyList",
    errors: reading,
  },
  {
    path: "/openapi.json",
    method: "get",
    id: "getOpenapi",
    tag: "Process",
    summary: "This document",
    description: "Needs no token.",
    open: true,
    errors: [],
  },
  {
    path: "/healthz",
    method: "get",
    id: "getHealth",
    tag: "Process",
    summary: "Whether the process lives",
    description: "Needs no token.",
    open: true,
    errors: [],
  },
  {
    path: "/readyz",
    method: "get",
    id: "getReadiness",
    tag: "Process",
    summary: "Whether the process may decide",
    description:
      "503 names in plain text what is missing: no policies read yet, a store that is down, a shutdown. `?verbose` answers every check as JSON. Needs no token.",
    open: true,
    unready: "Not ready; the text says why.",
    errors: [],
  },
  {
    path: "/metrics",
    method: "get",
    id: "getMetrics",
    tag: "Process",
    summary: "Metrics in Prometheus' text format",
    description: "Needs no token unless the process is told otherwise.",
    open: true,
    errors: [],
  },
];
