import { z } from "zod";
import { DURATION_PATTERN } from "../duration.ts";
import { atMost, demand } from "./demands.ts";

export const API_GROUP = "runlog.io";
export const API_VERSION = "runlog.io/v1alpha1";

export const actionTypes = ["tool_call", "llm_call", "message", "delegation"] as const;
export type ActionType = (typeof actionTypes)[number];

/** From weakest to strongest. */
export const decisions = ["allow", "modify", "require_approval", "deny", "terminate"] as const;
export type Decision = (typeof decisions)[number];

export const modes = ["Enforce", "Audit"] as const;
export type Mode = (typeof modes)[number];

/** A JSON object kept as it is; its meaning, depth and size are checked where it is used. */
export const openObject = z.record(z.string(), z.unknown());

export const durationSchema = z
  .string()
  .max(64)
  .regex(new RegExp(DURATION_PATTERN), "expected a duration such as 30s, 10m, 1h30m or 7d");

const TIMESTAMP = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/;
export const timestampSchema = z
  .string()
  .max(64)
  .regex(TIMESTAMP, "expected a time such as 2026-01-31T12:00:00Z")
  .refine((text) => !Number.isNaN(Date.parse(text)), "there is no such time")
  .meta({ format: "date-time" });

export const labelsSchema = atMost(z.record(z.string().max(317), z.string().max(63)), 64);

const selectorExpression = demand(
  z.strictObject({
    key: z.string().min(1).max(317).describe("Name of the label."),
    operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("What must hold of the label."),
    values: z
      .array(z.string().max(63))
      .max(64)
      .optional()
      .describe("With In and NotIn: the values it may, or may not, have. Otherwise absent."),
  }),
  [
    {
      rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
      message: "In and NotIn need values; Exists and DoesNotExist take none",
      holds: ({ operator, values = [] }) => (operator === "In" || operator === "NotIn") === values.length > 0,
    },
  ],
);

export const selectorSchema = z.strictObject({
  matchLabels: labelsSchema.optional().describe("Labels that all must have exactly these values."),
  matchExpressions: z
    .array(selectorExpression)
    .max(32)
    .optional()
    .describe("Requirements on labels that all must hold."),
});
export type Selector = z.infer<typeof selectorSchema>;

export const metadataSchema = z.looseObject({
  name: z.string().min(1).max(253),
  namespace: z.string().min(1).max(63).optional(),
  uid: z.string().max(128).optional(),
  generation: z.number().int().optional(),
  labels: labelsSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ObjectMeta = z.infer<typeof metadataSchema>;

export const conditionSchema = z.strictObject({
  type: z.string().min(1).max(64).describe("What the condition is about."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: z.string().min(1).max(128).describe("Why, in one word for programs."),
  message: z.string().max(4096).describe("Why, for people."),
  observedGeneration: z.int().min(0).optional().describe("Generation of the resource that this is about."),
  lastTransitionTime: z.string().max(64).meta({ format: "date-time" }).describe("When `status` last changed."),
});
