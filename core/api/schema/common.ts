import { z } from "zod";
import { DURATION_PATTERN } from "../duration.ts";

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

export const labelsSchema = z.record(z.string().max(317), z.string().max(63));

export const selectorSchema = z.strictObject({
  matchLabels: labelsSchema.optional().describe("Labels that all must have exactly these values."),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().min(1).max(317),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string().max(63)).max(64).optional(),
      }),
    )
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
  type: z.string().min(1).max(64),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().min(1).max(128),
  message: z.string().max(4096),
  observedGeneration: z.int().optional(),
  lastTransitionTime: z.string().max(64),
});
