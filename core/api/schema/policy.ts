import { z } from "zod";
import { atMost, demand, keyedList } from "./demands.ts";
import { detectionSchema } from "./detection.ts";
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

export const redactions = ["replace", "mask", "hash", "remove", "number"] as const;
/** What stands in place of something that was found. */
export type RedactAs = (typeof redactions)[number];

export const modifyVerbs = ["redact", "set", "add_default", "remove", "clamp", "truncate"] as const;

/** One operation on the arguments; exactly one of the operation keys names the place. */
export const modifyOperationSchema = demand(
  z
    .strictObject({
      redact: path.optional().describe("Replaces personal data in the text at this path."),
      entities: z
        .array(z.string().min(1).max(64))
        .max(64)
        .optional()
        .describe("With redact: only these entity types, of either family. All personal data by default."),
      secrets: z.boolean().optional().describe("With redact: keys, tokens and passwords as well."),
      as: z
        .enum(redactions)
        .optional()
        .describe(
          "With redact: replace by the type (default), mask all but the last characters, hash with the configured key, remove, or number the values of a review.",
        ),
      keepLast: z
        .int()
        .min(0)
        .max(32)
        .optional()
        .describe("With redact as mask: letters and digits that stay, 4 by default; never more than half of them."),
      set: path.optional().describe("Writes `value` at this path."),
      add_default: path.optional().describe("Writes `value` at this path if nothing is there."),
      remove: path.optional().describe("Removes what is at this path."),
      clamp: path.optional().describe("Keeps the number at this path between `min` and `max`."),
      truncate: path.optional().describe("Shortens the text or list at this path to `length`."),
      value: z.unknown().optional().describe("With set and add_default: what is written."),
      min: z.number().optional().describe("With clamp: the smallest number."),
      max: z.number().optional().describe("With clamp: the largest number."),
      length: z
        .int()
        .min(0)
        .max(1_048_576)
        .optional()
        .describe("With truncate: how many characters or elements are kept."),
    })
    // `value` has no type, so that CEL cannot see it: the admission webhook checks this one.
    .refine(
      (operation) =>
        (operation.value !== undefined) === (operation.set !== undefined || operation.add_default !== undefined),
      "set and add_default need value; the others take none",
    ),
  [
    {
      rule: "[has(self.redact), has(self.set), has(self.add_default), has(self.remove), has(self.clamp), has(self.truncate)].filter(x, x).size() == 1",
      message: "exactly one of redact, set, add_default, remove, clamp, truncate",
      holds: (operation) => modifyVerbs.filter((verb) => operation[verb] !== undefined).length === 1,
    },
    {
      // `as` is a reserved word of CEL, which the API server writes like this.
      rule: "has(self.redact) || !(has(self.entities) || has(self.secrets) || has(self.__as__) || has(self.keepLast))",
      message: "entities, secrets, as and keepLast stand with redact only",
      holds: ({ redact, entities, secrets, as, keepLast }) =>
        redact !== undefined || [entities, secrets, as, keepLast].every((field) => field === undefined),
    },
    {
      rule: "!has(self.keepLast) || (has(self.__as__) && self.__as__ == 'mask')",
      message: "keepLast needs as: mask",
      holds: ({ as, keepLast }) => keepLast === undefined || as === "mask",
    },
    {
      rule: "(has(self.min) || has(self.max)) == has(self.clamp)",
      message: "clamp needs min or max; the others take neither",
      holds: ({ min, max, clamp }) => (min !== undefined || max !== undefined) === (clamp !== undefined),
    },
    {
      rule: "!has(self.min) || !has(self.max) || self.min <= self.max",
      message: "min must not be above max",
      holds: ({ min, max }) => min === undefined || max === undefined || min <= max,
    },
    {
      rule: "has(self.length) == has(self.truncate)",
      message: "truncate needs length; the others take none",
      holds: ({ length, truncate }) => (length !== undefined) === (truncate !== undefined),
    },
  ],
);
export type ModifyOperation = z.infer<typeof modifyOperationSchema>;

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

export const policyRuleSchema = demand(
  z.strictObject({
    id: z
      .string()
      .max(63)
      .regex(new RegExp(RULE_ID), "expected 1 to 63 of a-z, 0-9, _ and -")
      .describe("Name of the rule, unique in its policy."),
    name: z.string().max(256).optional().describe("Title for people."),
    description: z.string().max(4096).optional().describe("Why the rule is there."),
    when: openObject.describe(
      "Conditions that all must hold: fact -> value, list or operators; all, any, not, cel. {} matches everything.",
    ),
    action: z.enum(ruleActions).describe("What happens when the conditions hold; log records and lets pass."),
    message: z.string().max(1024).optional().describe("Told to the agent and shown to people."),
    mode: z
      .enum(modes)
      .optional()
      .describe("Audit: this rule only records what it would do. A rule may be laxer than its policy, never stricter."),
    approvers: z
      .array(approverSchema)
      .max(32)
      .optional()
      .describe(
        "Who may answer, for require_approval. Without any: people with the RBAC verb `approve` on approvalrequests.",
      ),
    approval: approvalSettingsSchema.optional().describe("How people are asked, for require_approval."),
    modify: z
      .array(modifyOperationSchema)
      .min(1)
      .max(32)
      .optional()
      .describe("What is changed in the arguments, in order, for modify."),
  }),
  [
    {
      rule: "has(self.modify) == (self.action == 'modify')",
      message: "action modify needs modify; the other actions take none",
      holds: ({ modify, action }) => (modify !== undefined) === (action === "modify"),
    },
  ],
);
export type PolicyRule = z.infer<typeof policyRuleSchema>;

const usdSchema = z
  .string()
  .max(32)
  .regex(/^\$?[0-9]{1,12}(\.[0-9]{1,18})?$/, 'expected an amount of USD such as "1.00"');

export const policySpecSchema = z.strictObject({
  mode: z
    .enum(modes)
    .optional()
    .meta({ default: "Enforce" })
    .describe("Enforce, or Audit: evaluate and record what it would have done, change nothing."),
  selector: selectorSchema.optional().describe("Agent pods this policy is for; empty means every agent in scope."),
  timezone: z.string().min(1).max(64).optional().describe("IANA zone that says when a day begins; UTC by default."),
  actionGroups: atMost(z.record(z.string().max(63), z.array(z.string().min(1).max(256)).max(64)), 64)
    .optional()
    .describe("Named lists of tool globs, for requireApproval."),
  maxCostPerRun: usdSchema
    .optional()
    .describe("Shorthand: denies when the run's cost would exceed this amount of USD."),
  blockPII: z.boolean().optional().describe("Shorthand: denies when the arguments contain personal data."),
  requireApproval: z
    .strictObject({
      actions: z.array(z.string().min(1).max(256)).min(1).max(64).describe("Names of action groups, or tool globs."),
      approvers: z.array(approverSchema).max(32).optional().describe("Who may answer."),
      approval: approvalSettingsSchema.optional().describe("How people are asked."),
    })
    .optional()
    .describe("Shorthand: asks for approval of these tools."),
  detection: detectionSchema
    .optional()
    .describe("What counts as personal data and as a secret in this policy's rules, beside the built-in types."),
  rules: keyedList(z.array(policyRuleSchema).max(256), "id")
    .optional()
    .describe("All are evaluated; the strongest decision of those that match wins."),
});
export type PolicySpec = z.infer<typeof policySpecSchema>;

export const policyStatusSchema = z.strictObject({
  observedGeneration: z.int().min(0).optional().describe("Generation of the spec that this status is about."),
  conditions: keyedList(z.array(conditionSchema).max(16), "type")
    .optional()
    .describe(
      "Accepted: it compiles. Enforced: its last good version is in force. Ready: every webhook replica serves this generation.",
    ),
  mode: z.enum(modes).optional().describe("The mode in force."),
  rules: z.int().min(0).optional().describe("Rules in force, those of the shorthands included."),
  replicas: z
    .strictObject({
      enforcing: z.int().min(0).describe("Replicas that serve it."),
      total: z.int().min(0).describe("Replicas there are."),
      summary: z.string().max(32).describe("Both, for the column: 3/3."),
    })
    .optional()
    .describe("Webhook replicas that serve this generation."),
  decisions: atMost(z.record(z.string().max(32), z.int().min(0)), 16)
    .optional()
    .describe(
      "Rough counts of what its rules decided, or would have decided under Audit; refreshed at most every 30 s.",
    ),
});

/** A namespace's policy must not open its own namespace's ServiceAccounts the way to the vote. */
const namespacedSpecSchema = demand(policySpecSchema, [
  {
    rule: "!has(self.rules) || self.rules.all(r, !has(r.approval) || !has(r.approval.allowApproversInNamespace))",
    message: "allowApproversInNamespace may stand in a ClusterAgentPolicy only",
    holds: ({ rules = [] }) => rules.every((rule) => rule.approval?.allowApproversInNamespace === undefined),
  },
  {
    rule: "!has(self.requireApproval) || !has(self.requireApproval.approval) || !has(self.requireApproval.approval.allowApproversInNamespace)",
    message: "allowApproversInNamespace may stand in a ClusterAgentPolicy only",
    holds: ({ requireApproval }) => requireApproval?.approval?.allowApproversInNamespace === undefined,
  },
]);

export const agentPolicySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("AgentPolicy"),
    metadata: metadataSchema,
    spec: namespacedSpecSchema.describe("What the policy demands."),
    status: policyStatusSchema.optional().describe("What the operator found."),
  })
  .describe("Rules for the agents of one namespace.");

export const clusterPolicySpecSchema = policySpecSchema.extend({
  namespaceSelector: selectorSchema.optional().describe("Namespaces this policy is for; empty means all."),
});
export type ClusterPolicySpec = z.infer<typeof clusterPolicySpecSchema>;

export const clusterAgentPolicySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("ClusterAgentPolicy"),
    metadata: metadataSchema,
    spec: clusterPolicySpecSchema.describe("What the policy demands."),
    status: policyStatusSchema.optional().describe("What the operator found."),
  })
  .describe("Rules for agents in every namespace, or in those that a selector names.");

export type AgentPolicy = z.infer<typeof agentPolicySchema>;
export type ClusterAgentPolicy = z.infer<typeof clusterAgentPolicySchema>;
export type PolicyResource = AgentPolicy | ClusterAgentPolicy;
export const policyKinds = ["AgentPolicy", "ClusterAgentPolicy"] as const;
export type PolicyKind = (typeof policyKinds)[number];
