import { z } from "zod";
import {
  actionTypes,
  approvalPhases,
  approvalSpecSchema,
  approvalStatusSchema,
  detectionFindingSchema,
  outcomes,
  policyKinds,
  policyReferenceSchema,
  recordedVoteSchema,
  reviewResponseSchema,
  runIdentitySchema,
  runStates,
} from "#api";

/** Milliseconds since the epoch. */
const at = z.int().min(0);
const digest = z.string().max(80);
/** An amount in micro-dollars or tokens, or why it is not known. */
export const readingSchema = z.union([z.number(), z.object({ unreadable: z.string() })]);
const labels = z.union([z.record(z.string(), z.string()), z.object({ unreadable: z.string() })]);
const chargeSchema = z.object({ cost: z.number(), tokens: z.number() });
const identity = runIdentitySchema.shape;

export const closureRecordSchema = z.object({
  state: z.enum(runStates).exclude(["active"]),
  reason: z.string(),
  message: z.string(),
  policy: policyReferenceSchema.nullable(),
  at,
});
export type ClosureRecord = z.infer<typeof closureRecordSchema>;

export const argsForms = ["full", "redacted", "digest"] as const;
export type ArgsForm = (typeof argsForms)[number];

/** A decision that was answered, with all that decided it, so that it can be replayed and counted again. Dry runs leave no record. */
export const reviewRecordSchema = z.object({
  kind: z.literal("review"),
  at,
  ...identity,
  uid: z.string(),
  step: z.int().optional(),
  pod: z.string().optional(),
  agent: z.string().optional(),
  user: z.string().optional(),
  action: z.enum(actionTypes),
  tool: z.string().optional(),
  model: z.string().optional(),
  /** Of pass 2, as `argsForm` says; absent with `digest`. */
  args: z.unknown().optional(),
  argsForm: z.enum(argsForms),
  /** Over the arguments of pass 2, whatever `argsForm`. */
  argsDigest: digest,
  /** Over every field of the request but `uid`. */
  requestDigest: digest,
  /** Over tool and arguments of pass 2; tool_call only. */
  callDigest: digest.optional(),
  /** Name of the approval request this review executes; then call counters did not rise. */
  approval: z.string().optional(),
  resend: z.boolean(),
  /** True for the first review of its run. */
  opens: z.boolean().optional(),
  /** delegation only: whom it names, so that a child can be bound to it as long as the record is kept. */
  delegate: z.string().optional(),
  parent: runIdentitySchema.extend({ delegation: z.string().optional() }).optional(),
  root: runIdentitySchema,
  labels,
  namespaceLabels: labels,
  /** The estimate in micro-dollars, or why there was none. */
  cost: readingSchema,
  tokens: readingSchema,
  /** What the estimate was priced by. */
  price: z.record(z.string(), z.unknown()).optional(),
  /** Totals read, by CounterRef.key, this action included. */
  counters: z.record(z.string(), readingSchema),
  /** Truth of the candidate rules, `policy/rule` -> 0 false, 1 true, 2 unevaluable. */
  truths: z.array(z.object({ rule: z.string(), truth: z.int().min(0).max(2) })),
  /** What matched rules found, never the value. */
  findings: z.array(detectionFindingSchema),
  detector: z.string(),
  /** What was answered; its arguments as `argsForm` says. */
  response: reviewResponseSchema,
  mayRun: z.boolean(),
  countsAsDenial: z.boolean(),
  terminate: z.object({ closure: closureRecordSchema, tree: z.boolean() }).optional(),
});

export const reportRecordSchema = z.object({
  kind: z.literal("report"),
  at,
  ...identity,
  uid: z.string(),
  outcome: z.enum(outcomes),
  reportDigest: digest,
  /** What is charged; null releases. */
  charge: chargeSchema.nullable(),
  /** What stood in the run's totals for this review until now, and whose totals those were: enough to count the report without its review. */
  replaces: z.object({ charged: chargeSchema, at, tool: z.string().optional(), user: z.string().optional() }),
  durationMs: z.number().optional(),
  resultDigest: digest.optional(),
});

/** A run's end, or (optional, its first review tells as much) its start. */
export const runRecordSchema = z.object({
  kind: z.literal("run"),
  at,
  ...identity,
  event: z.enum(["started", "ended", "terminated"]),
  agent: z.string().optional(),
  parent: runIdentitySchema.extend({ delegation: z.string().optional() }).optional(),
  root: runIdentitySchema.optional(),
  closure: closureRecordSchema.optional(),
  /** The whole tree ends, not only this run and those below it. */
  tree: z.boolean().optional(),
  /** The person who ended it; absent when it was the agent, a rule or idleness. */
  by: z.string().optional(),
});

export const approvalRecordSchema = z.object({
  kind: z.literal("approval"),
  at,
  ...identity,
  name: z.string(),
  phase: z.enum(approvalPhases),
  event: z.enum(["opened", "vote", "used", "phase"]),
  /** uid of the review that asked or that used it. */
  uid: z.string().optional(),
  vote: recordedVoteSchema.optional(),
  reason: z.string().optional(),
  /** The request as it stands, when opened and when closed. */
  spec: approvalSpecSchema.optional(),
  status: approvalStatusSchema.optional(),
});

/** A policy's version coming into force (`spec`) or leaving it (`removed`). */
export const policyRecordSchema = z.object({
  kind: z.literal("policy"),
  at,
  namespace: z.string(),
  policy: z.object({
    kind: z.enum(policyKinds),
    namespace: z.string().optional(),
    name: z.string(),
    uid: z.string(),
    generation: z.int(),
  }),
  /** Of the whole set in force with this change. */
  revision: z.string(),
  spec: z.record(z.string(), z.unknown()).optional(),
  removed: z.boolean(),
});

/** A reservation nobody settled in time: charged at its estimate, or released. The run's totals do not change. */
export const sweepRecordSchema = z.object({
  kind: z.literal("sweep"),
  at,
  ...identity,
  uid: z.string(),
  outcome: z.enum(["charged", "released"]),
  cost: z.number(),
  tokens: z.number(),
});

export const recordSchema = z.discriminatedUnion("kind", [
  reviewRecordSchema,
  reportRecordSchema,
  runRecordSchema,
  approvalRecordSchema,
  policyRecordSchema,
  sweepRecordSchema,
]);
export type ReviewRecord = z.infer<typeof reviewRecordSchema>;
export type ReportRecord = z.infer<typeof reportRecordSchema>;
export type RunRecord = z.infer<typeof runRecordSchema>;
export type ApprovalRecord = z.infer<typeof approvalRecordSchema>;
export type PolicyRecord = z.infer<typeof policyRecordSchema>;
export type SweepRecord = z.infer<typeof sweepRecordSchema>;
/** One step of the run log; written as one JSON text and hashed as written. */
export type LogRecord = z.infer<typeof recordSchema>;
export type RecordKind = LogRecord["kind"];
