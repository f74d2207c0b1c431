import { z } from "zod";
import { decisions } from "./common.ts";

export const runStates = ["active", "ended", "terminated"] as const;
export type RunState = (typeof runStates)[number];

export const runIdentitySchema = z.strictObject({
  namespace: z.string(),
  serviceAccount: z.string(),
  run: z.string(),
});
/** A run is known by all three: one agent can neither see, spend nor end another's. */
export type RunIdentity = z.infer<typeof runIdentitySchema>;

export const runSummarySchema = runIdentitySchema.extend({
  agent: z.string().nullable(),
  state: z.enum(runStates),
  reason: z.string().nullable(),
  startedAt: z.string(),
  lastAt: z.string(),
  endedAt: z.string().nullable(),
  parent: runIdentitySchema.nullable(),
  root: runIdentitySchema,
  depth: z.int(),
  steps: z.int(),
  decisions: z.record(z.enum(decisions), z.int()),
  cost: z.strictObject({ usd: z.string() }),
  tokens: z.int(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  continue: z.string().max(512).optional(),
});

export const runListSchema = z.strictObject({ items: z.array(runSummarySchema), continue: z.string().nullable() });

export const stepSchema = z.looseObject({
  seq: z.int(),
  at: z.string(),
  kind: z.string(),
});
export const stepListSchema = z.strictObject({ items: z.array(stepSchema), continue: z.string().nullable() });

export const terminateSchema = z.strictObject({ reason: z.string().min(1).max(1024) });
