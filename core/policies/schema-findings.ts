import {
  agentPolicySchema,
  closest,
  clusterAgentPolicySchema,
  policyKinds,
  type JsonObject,
  type JsonValue,
} from "#api";
import type { z } from "zod";
import type { Problem } from "./plain-file.ts";
import { fieldName } from "./finding.ts";

/** What the schema says of a policy resource, each issue with its path and, where one is near, what was probably meant. */
export function schemaProblems(resource: JsonObject): readonly Problem[] {
  const kind = resource["kind"];
  if (kind !== "AgentPolicy" && kind !== "ClusterAgentPolicy") {
    const near = closest(textOf(kind), policyKinds);
    return [
      {
        severity: "error",
        code: "unknown-kind",
        path: ["kind"],
        message: `kind must be one of ${policyKinds.join(", ")}`,
        ...(near === undefined ? {} : { suggestion: `did you mean ${near}?` }),
      },
    ];
  }
  const schema = kind === "AgentPolicy" ? agentPolicySchema : clusterAgentPolicySchema;
  const result = schema.safeParse(resource);
  const metadata = metadataProblems(resource["metadata"]);
  return result.success
    ? metadata
    : [...metadata, ...result.error.issues.flatMap((issue) => problemsOf(issue, resource))];
}

/** Fields of Kubernetes' ObjectMeta. The schema lets others pass, because the API server looks after them; a file has no API server. */
const METADATA =
  "name namespace labels annotations uid generation resourceVersion creationTimestamp generateName managedFields ownerReferences finalizers selfLink deletionTimestamp deletionGracePeriodSeconds".split(
    " ",
  );

/** A misspelt `namespace` would put the policy where nobody is. */
function metadataProblems(metadata: JsonValue | undefined): readonly Problem[] {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return [];
  const unknown = Object.keys(metadata).filter((key) => !METADATA.includes(key));
  return unknown.map((key) => ({
    severity: "error",
    code: "unknown-field",
    path: ["metadata", key],
    message: `metadata has no field "${key}"`,
    ...didYouMean(key, METADATA),
  }));
}

function problemsOf(issue: z.core.$ZodIssue, resource: JsonObject): Problem[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  const base = { severity: "error" as const, path };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...base,
      code: "unknown-field",
      path: [...path, key],
      message: `${fieldName(path) || "a policy"} has no field "${key}"`,
      ...didYouMean(key, knownFields(resource, path)),
    }));
  }
  if (issue.code === "invalid_value") {
    const given = valueAt(resource, path);
    const values = issue.values.map(String);
    if (given === undefined)
      return [{ ...base, code: "missing-field", message: `${fieldName(path)} is missing; use ${values.join(", ")}` }];
    return [
      {
        ...base,
        code: "unknown-value",
        message: `${fieldName(path)}: "${textOf(given).slice(0, 64)}" is none of ${values.join(", ")}`,
        ...didYouMean(textOf(given), values),
      },
    ];
  }
  if (issue.code === "invalid_type") {
    const given = valueAt(resource, path);
    if (given === undefined)
      return [
        {
          ...base,
          code: "missing-field",
          message: `${fieldName(path)} is missing: expected ${expectedName(issue.expected)}`,
        },
      ];
    return [
      {
        ...base,
        code: "wrong-type",
        message: `${fieldName(path)}: expected ${expectedName(issue.expected)}, not ${typeName(given)}`,
      },
    ];
  }
  return [{ ...base, code: "invalid-value", message: `${fieldName(path)}: ${issue.message}` }];
}

function didYouMean(given: string, known: readonly string[]): { suggestion?: string } {
  const near = closest(given, known);
  return near === undefined ? {} : { suggestion: `did you mean ${near}?` };
}

/** Field names the schema has at this path, by asking it about an object with one impossible key. */
function knownFields(resource: JsonObject, path: readonly (string | number)[]): readonly string[] {
  let schema: unknown = resource["kind"] === "AgentPolicy" ? agentPolicySchema : clusterAgentPolicySchema;
  for (const step of path) schema = childSchema(unwrap(schema), step);
  const shape = (unwrap(schema) as { shape?: Record<string, unknown> } | undefined)?.shape;
  return shape === undefined ? [] : Object.keys(shape);
}

function childSchema(schema: unknown, step: string | number): unknown {
  const { shape, element } = (schema ?? {}) as { shape?: Record<string, unknown>; element?: unknown };
  return typeof step === "number" ? element : shape?.[step];
}

function unwrap(schema: unknown): unknown {
  let inner = schema as { unwrap?: () => unknown; element?: unknown } | undefined;
  while (inner !== undefined && typeof inner.unwrap === "function" && inner.element === undefined)
    inner = inner.unwrap() as typeof inner;
  return inner;
}

function valueAt(value: JsonValue, path: readonly (string | number)[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as JsonObject)[step];
  }
  return current;
}

/** The words of YAML, not those of the schema library. */
function expectedName(type: string): string {
  const names: Readonly<Record<string, string>> = {
    array: "a list",
    object: "a map",
    record: "a map",
    string: "a text",
  };
  return names[type] ?? (type === "int" ? "a whole number" : `a ${type}`);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function typeName(value: JsonValue): string {
  if (value === null) return "nothing (null)";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : `a ${typeof value === "string" ? "text" : typeof value}`;
}
