import { z } from "zod";
import { API_VERSION, actionTypes, conditionSchema, durationSchema, metadataSchema, openObject } from "./common.ts";
import { approverSchema, modifyOperationSchema, policyKinds } from "./policy.ts";

export const approvalPhases = ["Pending", "Approved", "Denied", "Expired", "Consumed", "Withdrawn"] as const;
export type ApprovalPhase = (typeof approvalPhases)[number];

const timestamp = z.string().max(64).meta({ format: "date-time" });
const digest = z
  .string()
  .max(80)
  .regex(/^sha256:[0-9a-f]{64}$/);

export const requirementSchema = z.strictObject({
  policy: z.strictObject({
    kind: z.enum(policyKinds),
    namespace: z.string().max(63).optional(),
    name: z.string().max(253),
    uid: z.string().max(128),
  }),
  rule: z.string().max(63),
  ruleHash: digest,
  approvers: z.array(approverSchema).max(32),
  quorum: z.int().min(1).max(10),
  message: z.string().max(1024),
  allowScopedGrants: z.boolean().optional(),
  allowApproversInNamespace: z.boolean().optional(),
});
export type Requirement = z.infer<typeof requirementSchema>;

/** An approver's wider yes: the same tool and rules for this run, always narrower than what the policy permits. */
export const grantSchema = z.strictObject({
  args: openObject.optional().describe("Conditions on the arguments, in the language of `when`."),
  uses: z.int().min(1).max(100).optional(),
  for: durationSchema.optional(),
});
export type Grant = z.infer<typeof grantSchema>;

export const approverIdentitySchema = z.strictObject({
  username: z.string().max(317),
  groups: z.array(z.string().max(317)).max(256),
  uid: z.string().max(128).optional(),
});
export type ApproverIdentity = z.infer<typeof approverIdentitySchema>;

export const voteDecisions = ["approve", "deny"] as const;
export const editsSchema = z.array(modifyOperationSchema).max(32);

export const voteSchema = z.strictObject({
  decision: z.enum(voteDecisions),
  comment: z.string().max(1024).optional(),
  edits: editsSchema.optional(),
  grant: grantSchema.optional(),
  voteFor: digest.optional().describe("The digest the client showed; a mismatch is refused."),
});
export type Vote = z.infer<typeof voteSchema>;

export const recordedVoteSchema = z.strictObject({
  by: approverIdentitySchema,
  decision: z.enum(voteDecisions),
  comment: z.string().max(1024).optional(),
  edits: editsSchema.optional(),
  grant: grantSchema.optional(),
  votedDigest: digest,
  mayApprove: z
    .boolean()
    .optional()
    .describe("Whether the voter had the verb `approve` when voting; what counts where a rule names no approvers."),
  at: timestamp,
});
export type RecordedVote = z.infer<typeof recordedVoteSchema>;

export const approvalSpecSchema = z.strictObject({
  run: z.string().max(128),
  agent: z.strictObject({
    namespace: z.string().max(63),
    serviceAccount: z.string().max(253),
    pod: z.string().max(253).optional(),
    name: z.string().max(256).optional(),
  }),
  action: z.strictObject({
    type: z.enum(actionTypes),
    tool: z.string().max(256).optional(),
    model: z.string().max(256).optional(),
    args: openObject.describe("A display copy: secrets masked, long texts cut. The digest is over the real ones."),
    digest,
  }),
  requirements: z.array(requirementSchema).min(1).max(64),
  uses: z.int().min(1).max(1000),
  grantFor: durationSchema,
  expiresAt: timestamp.describe("Voting ends here."),
});
export type ApprovalSpec = z.infer<typeof approvalSpecSchema>;

export const approvalStatusSchema = z.strictObject({
  phase: z.enum(approvalPhases).optional(),
  decision: z.enum(voteDecisions).optional(),
  comment: z.string().max(1024).optional(),
  edits: editsSchema.optional(),
  grant: grantSchema.optional(),
  voteFor: digest.optional(),
  decisions: z.array(recordedVoteSchema).max(64).optional(),
  votes: z.string().max(32).optional(),
  approvedAt: timestamp.optional(),
  uses: z
    .array(z.strictObject({ uid: z.string().max(128), requestDigest: digest, at: timestamp }))
    .max(1000)
    .optional(),
  reason: z.string().max(1024).optional(),
  conditions: z.array(conditionSchema).max(16).optional(),
});
export type ApprovalStatus = z.infer<typeof approvalStatusSchema>;

export const approvalRequestSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("ApprovalRequest"),
  metadata: metadataSchema,
  spec: approvalSpecSchema,
  status: approvalStatusSchema.optional(),
});
export type ApprovalRequest = z.infer<typeof approvalRequestSchema>;
export const approvalListSchema = z.strictObject({
  items: z.array(approvalRequestSchema),
  continue: z.string().nullable(),
});
