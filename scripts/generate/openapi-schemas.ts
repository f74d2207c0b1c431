import * as api from "#api";
import { z } from "zod";
import type { SchemaNode } from "./structural.ts";

const waitQuery = z.strictObject({
  wait: api.durationSchema
    .optional()
    .describe("How long to wait for an answer, at most 60s. Answers at once by default."),
});
const approvalArgs = z.strictObject({ args: api.openObject.describe("As the agent sent them.") });

/** Queries: each field becomes a parameter. */
export const queries: Readonly<Record<string, z.ZodObject>> = {
  WaitQuery: waitQuery,
  PageQuery: api.pageQuerySchema,
  RunQuery: api.runQuerySchema,
  ApprovalQuery: api.approvalQuerySchema,
  UsageQuery: api.usageQuerySchema,
};

/** Bodies and answers. What a client sends is closed: an unknown field is refused. What it gets may gain fields in a later version. */
const bodies: Readonly<Record<string, z.ZodType>> = {
  ActionReview: api.actionReviewSchema,
  ActionReviewList: api.reviewBatchSchema,
  ReviewRequest: api.reviewRequestSchema,
  Cost: api.costSchema,
  Tokens: api.tokensSchema,
  ParentRun: api.parentRunSchema,
  Report: api.reportSchema,
  Vote: api.voteSchema,
  Grant: api.grantSchema,
  ModifyOperation: api.modifyOperationSchema,
  Terminate: api.terminateSchema,
};
const answers: Readonly<Record<string, z.ZodType>> = {
  ActionReviewResponse: api.actionReviewResponseSchema,
  ActionReviewListResponse: api.reviewBatchResponseSchema,
  ReviewResponse: api.reviewResponseSchema,
  PolicyReference: api.policyReferenceSchema,
  MatchedRule: api.matchedRuleSchema,
  PatchOperation: api.patchOperationSchema,
  ApprovalReference: api.approvalReferenceSchema,
  ReportResponse: api.reportResponseSchema,
  RunEnded: api.runEndedSchema,
  RunClosure: api.runClosureSchema,
  RunIdentity: api.runIdentitySchema,
  RunSummary: api.runSummarySchema,
  RunList: api.runListSchema,
  Step: api.stepSchema,
  StepList: api.stepListSchema,
  ApprovalRequest: api.approvalRequestSchema,
  ApprovalList: api.approvalListSchema,
  ApprovalArgs: approvalArgs,
  Usage: api.usageSchema,
  Finding: api.findingSchema,
  PolicyView: api.policyViewSchema,
  PolicyList: api.policyListSchema,
  Problem: api.problemSchema,
};

export function componentSchemas(): Readonly<Record<string, SchemaNode>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries({ ...bodies, ...answers })) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: "draft-2020-12",
    io: "input",
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [id, plain(schema as SchemaNode, Object.hasOwn(answers, id))]),
  );
}

/** Fields of a query, each with its schema and whether it must be given. */
export function queryFields(name: string): readonly { name: string; schema: SchemaNode; required: boolean }[] {
  const query = queries[name];
  if (query === undefined) throw new Error(`there is no query ${name}`);
  const { properties = {}, required = [] } = plain(z.toJSONSchema(query, { io: "input" }) as SchemaNode, false);
  return Object.entries(properties).map(([field, schema]) => ({
    name: field,
    schema,
    required: required.includes(field),
  }));
}

/** Without what belongs to the API server or to the place a schema was in; an answer stays open for fields of later versions. */
function plain(node: SchemaNode, open: boolean): SchemaNode {
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword.startsWith("x-kubernetes-") || ["$schema", "$id", "propertyNames"].includes(keyword)) continue;
    if (open && keyword === "additionalProperties" && value === false) continue;
    result[keyword] =
      keyword === "properties" ? mapFields(value as Record<string, SchemaNode>, open) : plainValue(value, open);
  }
  return result;
}

function mapFields(fields: Readonly<Record<string, SchemaNode>>, open: boolean): Record<string, SchemaNode> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, plain(field, open)]));
}

function plainValue(value: unknown, open: boolean): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => plainValue(item, open));
  return typeof value === "object" && value !== null ? plain(value as SchemaNode, open) : value;
}
