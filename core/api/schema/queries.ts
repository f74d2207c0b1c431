import { z } from "zod";
import { decisions, modes } from "./common.ts";
import { approvalPhases } from "./approval.ts";
import { policyKinds } from "./policy.ts";
import { pageQuerySchema, runIdentitySchema, runStates } from "./run.ts";

const namespace = z.string().min(1).max(63).optional().describe("Only of this namespace.");
const serviceAccount = z.string().min(1).max(253).optional().describe("Only of this ServiceAccount.");

const moment = z.string().min(1).max(64);

/** Query of GET /v1/runs. */
export const runQuerySchema = pageQuerySchema.extend({
  namespace,
  serviceAccount,
  agent: z.string().min(1).max(256).optional().describe("Only runs of an agent that calls itself so."),
  state: z.enum(runStates).optional().describe("Only runs in this state."),
  decision: z.enum(decisions).optional().describe("Only runs with at least one such decision."),
  since: moment
    .optional()
    .describe(
      "Only runs that were active at this time (RFC 3339) or later; a duration such as 1h counts back from now.",
    ),
  until: moment.optional().describe("Only runs that began before this time; written like `since`."),
});

/** Query of GET /v1/approvals. */
export const approvalQuerySchema = pageQuerySchema.extend({
  namespace,
  phase: z.enum(approvalPhases).optional().describe("Only requests in this phase."),
});

/** Query of GET /v1/usage. */
export const usageQuerySchema = z.strictObject({
  per: z
    .enum(["agent", "user", "namespace", "cluster"])
    .default("cluster")
    .describe(
      "Whose usage is added up. agent needs namespace and serviceAccount, user these and user, namespace itself.",
    ),
  namespace: z.string().min(1).max(63).optional().describe("Namespace of the agent."),
  serviceAccount: z.string().min(1).max(253).optional().describe("ServiceAccount of the agent."),
  user: z.string().min(1).max(256).optional().describe("For whom it acted."),
  timezone: z.string().min(1).max(64).default("UTC").describe("IANA zone that says when day and month begin."),
});

const amount = z.strictObject({
  usd: z.string().describe("Decimal amount of USD, settled and reserved."),
  tokens: z.int().describe("Tokens, settled and reserved."),
});

/** Answer of GET /v1/usage: what was asked, and the sums. */
export const usageSchema = usageQuerySchema.extend({
  today: amount.describe("Since midnight of the zone."),
  month: amount.describe("Since the first of the month of the zone."),
});

const closure = {
  run: z.string().describe("What the agent calls the run."),
  state: z.enum(["ended", "terminated"]).describe("As the run stands now."),
  reason: z.string().describe("Why, in one word for programs."),
  message: z.string().describe("Why, for people."),
  at: z.string().describe("When it was closed."),
};

/** Answer of POST /v1/runs/{run}/end. */
export const runEndedSchema = z.strictObject(closure);

/** Answer of POST /v1/runs/{namespace}/{serviceAccount}/{run}/terminate. */
export const runClosureSchema = runIdentitySchema.extend(closure);

/** One thing that is wrong or doubtful about a policy. */
export const findingSchema = z.looseObject({
  severity: z.enum(["error", "warning"]).describe("An error refuses the policy."),
  code: z.string().describe("Kind of finding."),
  file: z.string().describe("File it stands in."),
  line: z.int().optional().describe("Line, from 1."),
  column: z.int().optional().describe("Column, from 1."),
  field: z.string().describe("Dotted path of the field."),
  message: z.string().describe("What is wrong."),
  suggestion: z.string().optional().describe("What would be right."),
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
  source: z.string().describe("Where it came from: a file, or the cluster."),
  since: z.string().describe("When this version came into force."),
  findings: z.array(findingSchema).describe("What is wrong with its newest version, or doubtful."),
});

/** Answer of GET /v1/policies. */
export const policyListSchema = z.strictObject({
  revision: z.string().describe("Names the set in force; every answer to a review carries it."),
  items: z.array(policyViewSchema),
});
