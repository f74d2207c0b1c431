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
    const near = closest(String(kind), policyKinds);
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
  return result.success ? [] : result.error.issues.flatMap((issue) => problemsOf(issue, resource));
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
        message: `${fieldName(path)}: "${String(given).slice(0, 64)}" is none of ${values.join(", ")}`,
        ...didYouMean(String(given), values),
      },
    ];
  }
  if (issue.code === "invalid_type") {
    const given = valueAt(resource, path);
    if (given === undefined)
      return [{ ...base, code: "missing-field", message: `${fieldName(path)} is missing: expected ${issue.expected}` }];
    return [
      {
        ...base,
        code: "wrong-type",
        message: `${fieldName(path)}: expected ${issue.expected}, not ${typeName(given)}`,
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

function typeName(value: JsonValue): string {
  if (value === null) return "nothing (null)";
  return Array.isArray(value) ? "a list" : `a ${typeof value === "object" ? "map" : typeof value}`;
}
