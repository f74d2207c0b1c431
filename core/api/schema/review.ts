import { z } from "zod";
import { API_VERSION, actionTypes, decisions, modes, openObject } from "./common.ts";
import { detectionFamilies } from "./detection.ts";
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
  input: tokenCount.optional().describe("Tokens sent to the model, cached ones included."),
  cachedInput: tokenCount.optional().describe("Those of them that the model had cached."),
  output: tokenCount.optional().describe("Tokens that the model answers."),
});
export type Tokens = z.infer<typeof tokensSchema>;

export const costSchema = z.strictObject({ usd: usdClaim.describe("Decimal amount of USD.") });

export const parentRunSchema = z.strictObject({
  namespace: z.string().min(1).max(63).optional().describe("Namespace of the parent; the caller's by default."),
  serviceAccount: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe("ServiceAccount of the parent; the caller's by default."),
  run: runIdSchema.describe("Id of the parent run."),
  delegation: uidSchema
    .optional()
    .describe("The uid of the parent's allowed delegation that names this run; for another ServiceAccount's parent."),
});
export type ParentRun = z.infer<typeof parentRunSchema>;

export const reviewRequestSchema = z.strictObject({
  uid: uidSchema.describe("Identifies this question within the run; a repeat gets the same answer."),
  run: runIdSchema.describe("Names one execution of the agent."),
  step: z.int().min(0).optional().describe("Number of the step in the run; kept in the record."),
  action: z.enum(actionTypes).describe("What the agent wants to do."),
  tool: nameClaim.optional().describe("Required for tool_call."),
  args: openObject.optional().describe("The arguments; what is evaluated is what must be executed."),
  agent: nameClaim.optional().describe("What the agent calls itself; a claim."),
  user: nameClaim.optional().describe("For whom it acts; a claim."),
  model: nameClaim.optional().describe("Required for llm_call."),
  cost: costSchema.optional().describe("Estimate of what the action costs."),
  tokens: tokensSchema.optional().describe("Estimate of the tokens it takes."),
  parentRun: parentRunSchema.optional().describe("The run that started this one; fixed at the run's first review."),
  approval: z.string().min(1).max(253).optional().describe("Name of the approval request to execute."),
  dryRun: z.boolean().optional().describe("Decides, but adds to no counter and creates nothing."),
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

export const detectionFindingSchema = z.strictObject({
  entity: z.string().max(63).describe("What it is: EMAIL_ADDRESS, GITHUB_TOKEN, or an entity of the policy."),
  family: z.enum(detectionFamilies),
  path: z
    .string()
    .max(512)
    .describe("Where: args.customer.phones[0]. Keys that hold such data themselves are written as …."),
  start: z.int().min(0).describe("UTF-16 offset in the text there; of a number, in its decimal notation."),
  end: z.int().min(0).describe("Offset behind it."),
  score: z.number().min(0).max(1).describe("How sure the detector is."),
  rule: z.string().max(128).describe("Which rule of the detector fired."),
});
export type DetectionFinding = z.infer<typeof detectionFindingSchema>;

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
  uid: uidSchema.describe("The uid that was asked."),
  decision: z.enum(decisions).describe("The strongest decision of all rules that matched."),
  allowed: z.boolean().describe("True for allow and modify only. Nothing else permits the action."),
  reason: z.string().describe("Why, in one word for programs."),
  message: z.string().describe("Why, for the agent and for people."),
  policy: policyReferenceSchema.nullable().describe("The rule that decided."),
  matched: z.array(matchedRuleSchema).max(64).describe("Enforcing rules that matched, strongest first."),
  matchedTotal: z.int().describe("How many matched."),
  audit: z.array(matchedRuleSchema).max(64).describe("Audit rules that would have matched."),
  auditTotal: z.int().describe("How many would have matched."),
  findings: z
    .array(detectionFindingSchema)
    .max(64)
    .describe(
      "What matched rules found by contains_pii, contains_secret and redact in what was sent; never the value.",
    ),
  policiesEvaluated: z.int().describe("Policies in scope; 0 means that nothing watches this agent."),
  revision: z.string().describe("Names the set of policies that decided."),
  args: openObject.nullable().describe("On modify: the arguments to use instead."),
  patch: z.array(patchOperationSchema).nullable().describe("On modify: the change as RFC 6902 JSON Patch."),
  approval: approvalReferenceSchema.nullable().describe("On require_approval: where to wait."),
  reservation: z.string().nullable().describe("Names what was reserved for the action."),
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
  run: runIdSchema.describe("The run of the review."),
  uid: uidSchema.describe("The uid of the review."),
  outcome: z.enum(outcomes).describe("skipped: the action was not executed, and what was reserved is released."),
  cost: costSchema.optional().describe("What it cost."),
  tokens: tokensSchema.optional().describe("The tokens it took."),
  durationMs: z.number().min(0).max(31_536_000_000).optional().describe("How long it took, in milliseconds."),
  result: z.unknown().optional().describe("Only its digest is kept."),
});
export type Report = z.infer<typeof reportSchema>;
export const reportResponseSchema = z.strictObject({
  run: runIdSchema,
  uid: uidSchema,
  charged: z
    .strictObject({ usd: z.string(), tokens: z.int() })
    .describe("What stands in the counters instead of the estimate."),
});
