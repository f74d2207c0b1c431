import { z } from "zod";
import { API_VERSION, actionTypes, decisions, modes, openObject } from "./common.ts";
import { policyKinds } from "./policy.ts";

export const uidSchema = z.string().min(1).max(128);
export const RUN_ID = /^[A-Za-z0-9._:~-]{1,128}$/;
/** Reviews in one POST /v1/reviews. */
export const MAX_BATCH = 64;
export const MAX_TOKENS = 1_000_000_000;
export const runIdSchema = z.string().max(128).regex(RUN_ID, "expected 1 to 128 of A-Z a-z 0-9 . _ : ~ -");
export const nameClaim = z.string().min(1).max(256);
const tokenCount = z.int().min(0).max(MAX_TOKENS);

/** A decimal string, or a JSON number that is one. Parsed by `parseUsd`. */
export const usdClaim = z.union([z.string().max(40), z.number()]);

export const tokensSchema = z.strictObject({
  input: tokenCount.optional(),
  cachedInput: tokenCount.optional(),
  output: tokenCount.optional(),
});
export type Tokens = z.infer<typeof tokensSchema>;

export const costSchema = z.strictObject({ usd: usdClaim });

export const parentRunSchema = z.strictObject({
  namespace: z.string().min(1).max(63).optional(),
  serviceAccount: z.string().min(1).max(253).optional(),
  run: runIdSchema,
  delegation: uidSchema
    .optional()
    .describe("The uid of the parent's allowed delegation that names this run; for another ServiceAccount's parent."),
});
export type ParentRun = z.infer<typeof parentRunSchema>;

export const reviewRequestSchema = z.strictObject({
  uid: uidSchema.describe("Identifies this question within the run; a repeat gets the same answer."),
  run: runIdSchema,
  step: z.int().min(0).optional(),
  action: z.enum(actionTypes),
  tool: nameClaim.optional().describe("Required for tool_call."),
  args: openObject.optional(),
  agent: nameClaim.optional(),
  user: nameClaim.optional(),
  model: nameClaim.optional().describe("Required for llm_call."),
  cost: costSchema.optional(),
  tokens: tokensSchema.optional(),
  parentRun: parentRunSchema.optional(),
  approval: z.string().min(1).max(253).optional().describe("Name of the approval request to execute."),
  dryRun: z.boolean().optional(),
});
export type ReviewRequest = z.infer<typeof reviewRequestSchema>;

const envelope = { apiVersion: z.literal(API_VERSION), kind: z.literal("ActionReview") };
export const actionReviewSchema = z.strictObject({ ...envelope, request: reviewRequestSchema });
export const reviewBatchSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("ActionReviewList"),
  items: z.array(reviewRequestSchema).min(1).max(MAX_BATCH),
});

export const policyReferenceSchema = z.strictObject({
  kind: z.enum(policyKinds),
  namespace: z.string().optional(),
  name: z.string(),
  rule: z.string(),
  generation: z.int(),
});
export type PolicyReference = z.infer<typeof policyReferenceSchema>;

export const matchedRuleSchema = policyReferenceSchema.extend({
  decision: z.enum(decisions),
  mode: z.enum(modes),
  reason: z
    .string()
    .describe("policy, or runtime_error:<why> when the rule could not be evaluated and counts as matched."),
  message: z.string().optional(),
});
export type MatchedRule = z.infer<typeof matchedRuleSchema>;

export const patchOperationSchema = z.strictObject({
  op: z.enum(["add", "remove", "replace", "move", "copy", "test"]),
  path: z.string(),
  from: z.string().optional(),
  value: z.unknown().optional(),
});

export const approvalReferenceSchema = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  expiresAt: z.string(),
  wait: z.string().describe("Path to wait at for the answer."),
});

export const reviewResponseSchema = z.strictObject({
  uid: uidSchema,
  decision: z.enum(decisions),
  allowed: z.boolean().describe("True for allow and modify only. Nothing else permits the action."),
  reason: z.string(),
  message: z.string(),
  policy: policyReferenceSchema.nullable(),
  matched: z.array(matchedRuleSchema).max(64),
  matchedTotal: z.int(),
  audit: z.array(matchedRuleSchema).max(64),
  auditTotal: z.int(),
  policiesEvaluated: z.int(),
  revision: z.string(),
  args: openObject.nullable().describe("On modify: the arguments to use instead."),
  patch: z.array(patchOperationSchema).nullable().describe("On modify: the change as RFC 6902 JSON Patch."),
  approval: approvalReferenceSchema.nullable(),
  reservation: z.string().nullable(),
});
export type ReviewResponse = z.infer<typeof reviewResponseSchema>;

export const actionReviewResponseSchema = z.strictObject({ ...envelope, response: reviewResponseSchema });
export const reviewBatchResponseSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("ActionReviewList"),
  items: z.array(reviewResponseSchema).max(64),
});

export const outcomes = ["success", "error", "skipped"] as const;
export const reportSchema = z.strictObject({
  run: runIdSchema,
  uid: uidSchema,
  outcome: z.enum(outcomes),
  cost: costSchema.optional(),
  tokens: tokensSchema.optional(),
  durationMs: z.number().min(0).max(31_536_000_000).optional(),
  result: z.unknown().optional().describe("Only its digest is kept."),
});
export type Report = z.infer<typeof reportSchema>;
export const reportResponseSchema = z.strictObject({
  run: runIdSchema,
  uid: uidSchema,
  charged: z.strictObject({ usd: z.string(), tokens: z.int() }),
});
