import { z } from "zod";
import { decisions, modes, timestampSchema } from "./common.ts";
import { approvalPhases } from "./approval.ts";
import { policyKinds } from "./policy.ts";
import { pageQuerySchema, runIdentitySchema, runStates } from "./run.ts";

const namespace = z.string().min(1).max(63).optional().describe("Only of this namespace.");
const serviceAccount = z.string().min(1).max(253).optional().describe("Only of this ServiceAccount.");

/** Query of GET /v1/runs. */
export const runQuerySchema = pageQuerySchema.extend({
  namespace,
  serviceAccount,
  agent: z.string().min(1).max(256).optional().describe("Only runs of an agent that calls itself so."),
  state: z.enum(runStates).optional().describe("Only runs in this state."),
  decision: z.enum(decisions).optional().describe("Only runs with at least one such decision."),
  since: timestampSchema.optional().describe("Only runs that were active at this time or later."),
  until: timestampSchema.optional().describe("Only runs that began before this time."),
});

/** Query of GET /v1/approvals. */
export const approvalQuerySchema = pageQuerySchema.extend({
  namespace,
  run: z.string().min(1).max(128).optional().describe("Only requests of this run."),
  phase: z.enum(approvalPhases).optional().describe("Only requests in this phase."),
});

/** Query of GET /v1/usage. */
export const usageQuerySchema = z.strictObject({
  per: z.enum(["agent", "user", "namespace", "cluster"]).default("agent").describe("Whose usage is added up."),
  namespace,
  serviceAccount,
  user: z.string().min(1).max(256).optional().describe("Only of this user; for `per=user`."),
  timezone: z.string().min(1).max(64).default("UTC").describe("IANA zone that says when day and month begin."),
});

const amount = z.strictObject({
  cost: z.strictObject({ usd: z.string().describe("Decimal amount of USD, settled and reserved.") }),
  tokens: z.int().describe("Tokens, settled and reserved."),
});

/** Answer of GET /v1/usage. */
export const usageSchema = z.strictObject({ today: amount, month: amount });

/** Answer of POST /v1/runs/{run}/end and of POST …/terminate: the run as it stands now. */
export const runClosureSchema = runIdentitySchema.extend({
  state: z.enum(["ended", "terminated"]),
  reason: z.string().describe("Why, in one word for programs."),
  message: z.string().describe("Why, for people."),
  at: z.string().describe("When it was closed."),
});

/** One policy as this process enforces it. */
export const policyViewSchema = z.strictObject({
  kind: z.enum(policyKinds),
  namespace: z.string().nullable(),
  name: z.string(),
  generation: z.int().describe("The generation in force; the newest one may be broken."),
  state: z
    .enum(["enforced", "stale", "broken"])
    .describe("stale: the newest version is broken and the last good one enforces. broken: nothing enforces."),
  mode: z.enum(modes),
  rules: z.int(),
  since: z.string().describe("When this version came into force."),
  findings: z.array(z.looseObject({ severity: z.enum(["error", "warning"]), code: z.string(), message: z.string() })),
});

/** Answer of GET /v1/policies. */
export const policyListSchema = z.strictObject({
  revision: z.string().describe("Names the set in force; every answer to a review carries it."),
  items: z.array(policyViewSchema),
});
