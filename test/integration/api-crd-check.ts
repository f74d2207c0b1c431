import { Ajv, type ValidateFunction } from "ajv";
import type { SchemaNode } from "../../scripts/generate/structural.ts";

/** A CEL implementation: whether the rule holds of the value. */
export type Cel = (rule: string, self: unknown) => boolean;

/**
 * What the API server does with a resource under `fieldValidation: Strict`, as far as the schema says it: types and bounds,
 * unknown fields, list-type maps, and the CEL rules. Returns what is wrong, empty when nothing is.
 */
export function crdCheck(schema: SchemaNode, cel: Cel): (value: unknown) => string[] {
  const validate: ValidateFunction = new Ajv({ strict: false, formats: { "date-time": isTime, int64: true } }).compile(
    closed(schema),
  );
  return (value) => {
    if (!validate(value)) return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
    return violations(schema, value, cel);
  };
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Unknown fields are refused where the schema does not preserve them. */
function closed(node: SchemaNode): Record<string, unknown> {
  const result: Record<string, unknown> = { ...node };
  if (node.items !== undefined) result["items"] = closed(node.items);
  if (typeof node.additionalProperties === "object") result["additionalProperties"] = closed(node.additionalProperties);
  if (node.properties !== undefined) {
    result["properties"] = Object.fromEntries(
      Object.entries(node.properties).map(([key, child]) => [key, key === "metadata" ? {} : closed(child)]),
    );
    if (node["x-kubernetes-preserve-unknown-fields"] !== true) result["additionalProperties"] = false;
  }
  return result;
}

function violations(node: SchemaNode, value: unknown, cel: Cel): string[] {
  const rules = (node["x-kubernetes-validations"] ?? []) as readonly { rule: string; message: string }[];
  const found = rules
    .filter(({ rule }) => !rule.includes("oldSelf") && !cel(rule, value))
    .map(({ message }) => message);
  return [...found, ...(Array.isArray(value) ? inList(node, value, cel) : inMap(node, value, cel))];
}

function inList(node: SchemaNode, list: readonly unknown[], cel: Cel): string[] {
  const { items } = node;
  return [
    ...duplicates(node, list),
    ...(items === undefined ? [] : list.flatMap((item) => violations(items, item, cel))),
  ];
}

function inMap(node: SchemaNode, value: unknown, cel: Cel): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const inner = node.properties?.[key] ?? node.additionalProperties;
    return typeof inner === "object" ? violations(inner, child, cel) : [];
  });
}

function duplicates(node: SchemaNode, list: readonly unknown[]): string[] {
  const keys = node["x-kubernetes-list-map-keys"] as readonly string[] | undefined;
  if (keys === undefined) return [];
  const ids = list.map((item) => JSON.stringify(keys.map((key) => (item as Record<string, unknown>)[key])));
  return new Set(ids).size === ids.length ? [] : ["duplicate entry of a list-type map"];
}
