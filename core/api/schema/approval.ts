import { z } from "zod";
import {
  API_VERSION,
  actionTypes,
  conditionSchema,
  durationSchema,
  metadataSchema,
  openObject,
  timestampSchema as timestamp,
} from "./common.ts";
import { demand, keyedList } from "./demands.ts";
import { approverSchema, modifyOperationSchema, policyKinds } from "./policy.ts";

export const approvalPhases = ["Pending", "Approved", "Denied", "Expired", "Consumed", "Withdrawn"] as const;
export type ApprovalPhase = (typeof approvalPhases)[number];

const digest = z
  .string()
  .max(80)
  .regex(/^sha256:[0-9a-f]{64}$/);

export const requirementSchema = z.strictObject({
  policy: z
    .strictObject({
      kind: z.enum(policyKinds).describe("Kind of the policy."),
      namespace: z.string().max(63).optional().describe("Its namespace; absent for a ClusterAgentPolicy."),
      name: z.string().max(253).describe("Its name."),
      uid: z.string().max(128).describe("Its uid, so that a policy of the same name is not taken for it."),
    })
    .describe("The policy that asks."),
  rule: z.string().max(63).describe("Id of the rule that asks."),
  ruleHash: digest.describe("Digest of the rule's meaning; a changed rule is not covered by an older approval."),
  approvers: z.array(approverSchema).max(32).describe("Who may answer for this rule."),
  quorum: z.int().min(1).max(10).describe("How many different approvers must agree."),
  message: z.string().max(1024).describe("The rule's message."),
  allowScopedGrants: z.boolean().optional().describe("Whether an approver may allow more than this one action."),
  allowApproversInNamespace: z
    .boolean()
    .optional()
    .describe("Whether ServiceAccounts of the agent's own namespace may vote."),
});
export type Requirement = z.infer<typeof requirementSchema>;

/** An approver's wider yes: the same tool and rules for this run, always narrower than what the policy permits. */
export const grantSchema = z.strictObject({
  args: openObject.optional().describe("Conditions on the arguments, in the language of `when`."),
  uses: z.int().min(1).max(100).optional().describe("How often it may be used."),
  for: durationSchema.optional().describe("How long it may be used."),
});
export type Grant = z.infer<typeof grantSchema>;

export const approverIdentitySchema = z.strictObject({
  username: z.string().max(317).describe("As the API server knows the person."),
  groups: z.array(z.string().max(317)).max(256).describe("Groups at the time of the vote."),
  uid: z.string().max(128).optional().describe("As the API server knows it."),
});
export type ApproverIdentity = z.infer<typeof approverIdentitySchema>;

export const voteDecisions = ["approve", "deny"] as const;
export const editsSchema = z.array(modifyOperationSchema).max(32);

const voteFields = {
  decision: z.enum(voteDecisions).describe("approve or deny. One deny is final."),
  comment: z.string().max(1024).optional().describe("Told to the agent and kept in the record."),
  edits: editsSchema.optional().describe("Changes to the arguments that the approval is bound to; at most 8 KiB."),
  grant: grantSchema.optional().describe("A wider yes, where the policy allows one."),
};

export const voteSchema = z.strictObject({
  ...voteFields,
  voteFor: digest.optional().describe("The digest the client showed; a mismatch is refused."),
});
export type Vote = z.infer<typeof voteSchema>;

export const recordedVoteSchema = z.strictObject({
  by: approverIdentitySchema.describe("Who voted, as the API server proved it."),
  ...voteFields,
  votedDigest: digest.describe("SHA-256 over action digest, edits and grant; a quorum counts equal ones."),
  at: timestamp.describe("When the vote was admitted."),
  mayApprove: z
    .boolean()
    .optional()
    .describe("Whether the voter held the RBAC verb `approve`, which counts where a rule names no approvers."),
});
export type RecordedVote = z.infer<typeof recordedVoteSchema>;

export const approvalSpecSchema = z.strictObject({
  run: z.string().max(128).describe("The run that waits."),
  agent: z
    .strictObject({
      namespace: z.string().max(63).describe("Namespace of the agent."),
      serviceAccount: z.string().max(253).describe("ServiceAccount of the agent."),
      pod: z.string().max(253).optional().describe("Pod of the agent."),
      name: z.string().max(256).optional().describe("What the agent calls itself; a claim."),
    })
    .describe("Who asks."),
  action: z
    .strictObject({
      type: z.enum(actionTypes).describe("Kind of action."),
      tool: z.string().max(256).optional().describe("Tool it would call."),
      model: z.string().max(256).optional().describe("Model it would call."),
      args: openObject.describe(
        "A display copy: secrets masked, long texts cut, 32 KiB in all. The digest is over the real ones.",
      ),
      digest: digest.describe("SHA-256 over the action with its real arguments (RFC 8785)."),
    })
    .describe("What the agent wants to do."),
  requirements: z.array(requirementSchema).min(1).max(64).describe("Every rule that asks; each needs its quorum."),
  uses: z.int().min(1).max(1000).describe("How often the approval may be used."),
  grantFor: durationSchema.describe("How long it may be used once given."),
  expiresAt: timestamp.describe("Voting ends here."),
});
export type ApprovalSpec = z.infer<typeof approvalSpecSchema>;

export const approvalStatusSchema = z.strictObject({
  phase: z.enum(approvalPhases).optional().describe("Where the request stands; absent means Pending."),
  decision: z
    .enum(voteDecisions)
    .optional()
    .describe("A person writes the vote here; admission moves it to `decisions`."),
  comment: z.string().max(1024).optional().describe("Goes with `decision`."),
  edits: editsSchema.optional().describe("Goes with `decision`: changes to the arguments."),
  grant: grantSchema.optional().describe("Goes with `decision`: a wider yes."),
  voteFor: digest.optional().describe("Goes with `decision`: the digest that was shown; a mismatch is refused."),
  decisions: z.array(recordedVoteSchema).max(64).optional().describe("Votes, appended by admission."),
  votes: z.string().max(32).optional().describe("Approvals given and needed, for the column: 1/2."),
  approvedAt: timestamp.optional().describe("When the last quorum was reached; `grantFor` counts from here."),
  uses: z
    .array(
      z.strictObject({
        uid: z.string().max(128).describe("uid of the review that used it."),
        requestDigest: digest.describe("Digest of that review."),
        at: timestamp.describe("When."),
      }),
    )
    .max(1000)
    .optional()
    .describe("Uses so far."),
  reason: z.string().max(1024).optional().describe("Why the request is in this phase."),
  conditions: keyedList(z.array(conditionSchema).max(16), "type").optional().describe("Further findings."),
});
export type ApprovalStatus = z.infer<typeof approvalStatusSchema>;

/** The API server alone knows the old object, so this demand has no twin here. */
const immutable = {
  rule: "self == oldSelf",
  message: "an approval request does not change once it is asked",
  holds: () => true,
};

export const approvalRequestSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("ApprovalRequest"),
    metadata: metadataSchema,
    spec: demand(approvalSpecSchema, [immutable]).describe("What is asked; immutable."),
    status: approvalStatusSchema.optional().describe("Votes and where the request stands."),
  })
  .describe("One action of an agent that waits for people. Created by the webhook only.");
export type ApprovalRequest = z.infer<typeof approvalRequestSchema>;
export const approvalListSchema = z.strictObject({
  items: z.array(approvalRequestSchema),
  continue: z.string().nullable().describe("Where the next page begins; null on the last."),
});
