import { z } from "zod";
import { decisions } from "./common.ts";

export const runStates = ["active", "ended", "terminated"] as const;
export type RunState = (typeof runStates)[number];

export const runIdentitySchema = z.strictObject({
  namespace: z.string().describe("Namespace of the agent."),
  serviceAccount: z.string().describe("ServiceAccount of the agent."),
  run: z.string().describe("What the agent calls the run."),
});
/** A run is known by all three: one agent can neither see, spend nor end another's. */
export type RunIdentity = z.infer<typeof runIdentitySchema>;

export const runSummarySchema = runIdentitySchema.extend({
  agent: z.string().nullable().describe("What the agent calls itself; a claim."),
  state: z.enum(runStates).describe("Whether it still may act."),
  reason: z.string().nullable().describe("Why it is closed."),
  startedAt: z.string().describe("Time of its first review."),
  lastAt: z.string().describe("Time of its last record."),
  endedAt: z.string().nullable().describe("When it was closed."),
  parent: runIdentitySchema.nullable().describe("The run that started it."),
  root: runIdentitySchema.describe("The first run of its tree; itself without a parent."),
  depth: z.int().describe("How many runs are above it."),
  steps: z.int().describe("Reviews so far."),
  decisions: z.record(z.enum(decisions), z.int()).describe("How many reviews got each decision."),
  cost: z.strictObject({ usd: z.string().describe("Decimal amount of USD.") }).describe("Settled and reserved."),
  tokens: z.int().describe("Settled and reserved."),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50).describe("Items a page."),
  continue: z.string().max(512).optional().describe("The `continue` of the page before."),
});

export const runListSchema = z.strictObject({ items: z.array(runSummarySchema), continue: z.string().nullable() });

export const stepSchema = z.looseObject({
  seq: z.int().describe("Place in the run log."),
  at: z.string().describe("When it was recorded."),
  kind: z.string().describe("What is recorded: review, report, run, approval, sweep."),
});
export const stepListSchema = z.strictObject({ items: z.array(stepSchema), continue: z.string().nullable() });

export const terminateSchema = z.strictObject({
  reason: z.string().min(1).max(1024).describe("Told to the agent from now on."),
});
