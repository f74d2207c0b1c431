import { z } from "zod";
import {
  API_VERSION,
  conditionSchema,
  durationSchema,
  metadataSchema,
  modes,
  openObject,
  selectorSchema,
} from "./common.ts";

/** What a rule can do when it matches; `log` records and lets pass. */
export const ruleActions = ["log", "modify", "require_approval", "deny", "terminate"] as const;
export type RuleAction = (typeof ruleActions)[number];

export const RULE_ID = "^[a-z0-9_-]{1,63}$";
const path = z.string().min(1).max(512);

/** One operation on the arguments; exactly one of the operation keys names the place. */
export const modifyOperationSchema = z.strictObject({
  redact: path.optional().describe("Replaces personal data in the text at this path."),
  entities: z.array(z.string().min(1).max(64)).max(64).optional().describe("With redact: only these entity types."),
  set: path.optional().describe("Writes `value` at this path."),
  add_default: path.optional().describe("Writes `value` at this path if nothing is there."),
  remove: path.optional().describe("Removes what is at this path."),
  clamp: path.optional().describe("Keeps the number at this path between `min` and `max`."),
  truncate: path.optional().describe("Shortens the text or list at this path to `length`."),
  value: z.unknown().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  length: z.int().min(0).max(1_048_576).optional(),
});
export type ModifyOperation = z.infer<typeof modifyOperationSchema>;
export const modifyVerbs = ["redact", "set", "add_default", "remove", "clamp", "truncate"] as const;

export const approverSchema = z
  .string()
  .min(1)
  .max(317)
  .describe("A group, `user:NAME` or `serviceaccount:NAMESPACE/NAME`.");

export const approvalSettingsSchema = z.strictObject({
  quorum: z.int().min(1).max(10).optional().describe("How many different approvers must agree; 1 by default."),
  expiresAfter: durationSchema.optional().describe("How long people may vote; 1h by default."),
  grantFor: durationSchema.optional().describe("How long the approval may be used once given; 10m by default."),
  uses: z.int().min(1).max(1000).optional().describe("How often it may be used; 1 by default."),
  showArgs: z.enum(["masked", "full", "none"]).optional().describe("How arguments are shown; masked by default."),
  allowScopedGrants: z.boolean().optional().describe("Whether an approver may allow more than this one action."),
  allowApproversInNamespace: z
    .boolean()
    .optional()
    .describe("ClusterAgentPolicy only: ServiceAccounts of the agent's own namespace may vote."),
});
export type ApprovalSettings = z.infer<typeof approvalSettingsSchema>;

export const policyRuleSchema = z.strictObject({
  id: z.string().regex(new RegExp(RULE_ID), "expected 1 to 63 of a-z, 0-9, _ and -"),
  name: z.string().max(256).optional(),
  description: z.string().max(4096).optional(),
  when: openObject.describe(
    "Conditions that all must hold: fact -> value, list or operators; all, any, not, cel. {} matches everything.",
  ),
  action: z.enum(ruleActions),
  message: z.string().max(1024).optional().describe("Told to the agent and shown to people."),
  mode: z.enum(modes).optional().describe("A rule may be laxer than its policy, never stricter."),
  approvers: z.array(approverSchema).max(32).optional(),
  approval: approvalSettingsSchema.optional(),
  modify: z.array(modifyOperationSchema).min(1).max(32).optional(),
});
export type PolicyRule = z.infer<typeof policyRuleSchema>;

const usdSchema = z
  .string()
  .max(32)
  .regex(/^\$?[0-9]{1,12}(\.[0-9]{1,18})?$/, 'expected an amount of USD such as "1.00"');

export const policySpecSchema = z.strictObject({
  mode: z
    .enum(modes)
    .optional()
    .describe("Enforce, or Audit: evaluate and record, change nothing. Enforce by default."),
  selector: selectorSchema.optional().describe("Agent pods this policy is for; empty means every agent in scope."),
  timezone: z.string().min(1).max(64).optional().describe("IANA zone that says when a day begins; UTC by default."),
  actionGroups: z
    .record(z.string().max(63), z.array(z.string().min(1).max(256)).max(64))
    .optional()
    .describe("Named lists of tool globs."),
  maxCostPerRun: usdSchema
    .optional()
    .describe("Shorthand: denies when the run's cost would exceed this amount of USD."),
  blockPII: z.boolean().optional().describe("Shorthand: denies when the arguments contain personal data."),
  requireApproval: z
    .strictObject({
      actions: z.array(z.string().min(1).max(256)).min(1).max(64).describe("Names of action groups, or tool globs."),
      approvers: z.array(approverSchema).max(32).optional(),
      approval: approvalSettingsSchema.optional(),
    })
    .optional()
    .describe("Shorthand: asks for approval of these tools."),
  rules: z.array(policyRuleSchema).max(256).optional(),
});
export type PolicySpec = z.infer<typeof policySpecSchema>;

export const policyStatusSchema = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: z.array(conditionSchema).max(16).optional(),
  mode: z.enum(modes).optional().describe("The mode in force."),
  rules: z.int().optional(),
  replicas: z
    .strictObject({ enforcing: z.int(), total: z.int(), summary: z.string().max(32) })
    .optional()
    .describe("Webhook replicas that serve this generation."),
  decisions: z.record(z.string().max(32), z.int()).optional().describe("Rough counts of what its rules decided."),
});

export const agentPolicySchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("AgentPolicy"),
  metadata: metadataSchema,
  spec: policySpecSchema,
  status: policyStatusSchema.optional(),
});

export const clusterPolicySpecSchema = policySpecSchema.extend({
  namespaceSelector: selectorSchema.optional().describe("Namespaces this policy is for; empty means all."),
});
export type ClusterPolicySpec = z.infer<typeof clusterPolicySpecSchema>;

export const clusterAgentPolicySchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("ClusterAgentPolicy"),
  metadata: metadataSchema,
  spec: clusterPolicySpecSchema,
  status: policyStatusSchema.optional(),
});

export type AgentPolicy = z.infer<typeof agentPolicySchema>;
export type ClusterAgentPolicy = z.infer<typeof clusterAgentPolicySchema>;
export type PolicyResource = AgentPolicy | ClusterAgentPolicy;
export const policyKinds = ["AgentPolicy", "ClusterAgentPolicy"] as const;
export type PolicyKind = (typeof policyKinds)[number];
