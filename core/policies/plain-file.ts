import { isJsonObject, API_VERSION, type JsonObject, type JsonValue } from "#api";
import { builtInGroups } from "#engine";
import type { Path } from "./finding.ts";

/** A plain RunLog file as one AgentPolicy, and the way back from a field of the policy to the field of the file. */
export interface Converted {
  readonly resource: JsonObject;
  readonly origin: (path: Path) => Path;
  readonly problems: readonly Problem[];
}
export interface Problem {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly path: Path;
  readonly message: string;
  readonly suggestion?: string;
}

/** A plain file is a map with `policies`, or one with nothing but shorthands. */
export function isPlainFile(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && !Object.hasOwn(value, "apiVersion") && !Object.hasOwn(value, "kind");
}

const shorthands = ["max_cost_per_run", "block_pii", "require_approval"] as const;
type Shorthand = (typeof shorthands)[number];
/** Keys a plain file may have at top level besides `policies` and the shorthands, and the spec field each becomes. */
const settings: Readonly<Record<string, string>> = {
  mode: "mode",
  timezone: "timezone",
  action_groups: "actionGroups",
  detection: "detection",
};
const topLevel = ["policies", ...shorthands, ...Object.keys(settings), "approvers"];

/**
 * Converts a plain RunLog file (api.md §2 "The plain RunLog file"): one policy named after the file, list items are rules and keep their ids,
 * shorthands stand at top level or as list items.
 */
export function convertPlainFile(file: JsonObject, name: string, namespace: string): Converted {
  const problems: Problem[] = [];
  const origins: Origins = new Map();
  const spec: JsonObject = {};
  for (const key of Object.keys(file)) {
    if (!topLevel.includes(key)) {
      problems.push({
        severity: "error",
        code: "unknown-field",
        path: [key],
        message: `a RunLog file has no field "${key}"`,
        suggestion: `use ${topLevel.join(", ")}`,
      });
    }
  }
  if (file["approvers"] !== undefined && file["require_approval"] === undefined) {
    problems.push({
      severity: "error",
      code: "unused-field",
      path: ["approvers"],
      message: "approvers at top level belong to require_approval at top level, which is not there",
      suggestion: "write approvers beside the rule that asks",
    });
  }
  for (const [key, field] of Object.entries(settings)) {
    if (file[key] === undefined) continue;
    spec[field] = file[key];
    origins.set(`spec.${field}`, { path: [key] });
  }
  const groups = { ...builtInGroups, ...(isJsonObject(file["action_groups"]) ? file["action_groups"] : {}) };
  for (const key of shorthands) {
    if (file[key] !== undefined) expandTopLevel(spec, origins, key, file);
  }
  spec["rules"] = convertItems(file, groups, origins, problems);
  const resource = { apiVersion: API_VERSION, kind: "AgentPolicy", metadata: { name, namespace }, spec };
  return { resource, origin: (path) => originOf(path, origins), problems };
}

function expandTopLevel(spec: JsonObject, origins: Origins, key: Shorthand, file: JsonObject): void {
  const value = file[key] as JsonValue;
  if (key === "max_cost_per_run") {
    spec["maxCostPerRun"] = typeof value === "number" ? String(value) : value;
    origins.set("spec.maxCostPerRun", { path: [key], whole: true });
  } else if (key === "block_pii") {
    spec["blockPII"] = value;
    origins.set("spec.blockPII", { path: [key], whole: true });
  } else {
    const approvers = file["approvers"];
    spec["requireApproval"] = { actions: asList(value), ...(approvers === undefined ? {} : { approvers }) };
    origins.set("spec.requireApproval", { path: [key], whole: true });
    origins.set("spec.requireApproval.approvers", { path: ["approvers"] });
  }
}

function convertItems(
  file: JsonObject,
  groups: Record<string, unknown>,
  origins: Origins,
  problems: Problem[],
): JsonValue[] {
  const items = file["policies"] ?? [];
  if (!Array.isArray(items)) {
    problems.push({
      severity: "error",
      code: "wrong-type",
      path: ["policies"],
      message: "policies must be a list of rules",
    });
    return [];
  }
  const rules: JsonValue[] = [];
  items.forEach((item, i) => {
    const key = isJsonObject(item) ? shorthands.find((shorthand) => Object.hasOwn(item, shorthand)) : undefined;
    if (key === "max_cost_per_run" && isJsonObject(item) && !isAmount(item[key])) {
      problems.push({
        severity: "error",
        code: "invalid-value",
        path: ["policies", i, key],
        message: `${key}: expected an amount of USD such as $1.00`,
      });
      return;
    }
    const rule = key === undefined || !isJsonObject(item) ? item : expandItem(item, key, groups);
    if (rule === undefined) return;
    origins.set(`spec.rules.${rules.length}`, { path: ["policies", i] });
    if (key !== undefined && isJsonObject(item))
      placeShorthand(origins, `spec.rules.${rules.length}`, ["policies", i], { item, key });
    rules.push(rule);
  });
  return rules;
}

/** Field of the policy -> field of the file. Below one that is `whole`, the file has nothing of its own. */
type Origins = Map<string, { readonly path: Path; readonly whole?: boolean }>;

/** Where the parts of a shorthand's rule come from: what nobody wrote comes from the shorthand. */
function placeShorthand(
  origins: Origins,
  rule: string,
  origin: Path,
  { item, key }: { item: JsonObject; key: Shorthand },
): void {
  const shorthand = { path: [...origin, key], whole: true };
  const narrowed = { path: [...origin, "when"] };
  const given = item["when"] !== undefined;
  origins.set(`${rule}.when`, given ? narrowed : shorthand);
  if (given) {
    origins.set(`${rule}.when.all.0`, shorthand);
    origins.set(`${rule}.when.all.1`, narrowed);
  }
  for (const field of ["id", "action"]) if (item[field] === undefined) origins.set(`${rule}.${field}`, shorthand);
}

/** The rule a shorthand list item stands for; undefined for `block_pii: false`, which asks for nothing. */
function expandItem(item: JsonObject, key: Shorthand, groups: Record<string, unknown>): JsonObject | undefined {
  const { [key]: value, when, ...rest } = item;
  if (key === "block_pii" && value === false) return undefined;
  const expanded = conditionOf(key, value as JsonValue, groups);
  const narrowed = isJsonObject(when) ? { all: [expanded, when] } : when;
  return {
    id: key.replaceAll("_", "-"),
    action: key === "require_approval" ? "require_approval" : "deny",
    ...rest,
    when: when === undefined ? expanded : (narrowed as JsonValue),
  };
}

function conditionOf(key: Shorthand, value: JsonValue, groups: Record<string, unknown>): JsonObject {
  if (key === "block_pii") return { args: { contains_pii: value } };
  if (key === "max_cost_per_run") {
    const amount = typeof value === "string" ? value.replace(/^\$/, "") : value;
    return { cost_this_run: { gt: amount, per: "run" } };
  }
  const tools = asList(value).flatMap((name) =>
    typeof name === "string" && Object.hasOwn(groups, name) ? (groups[name] as JsonValue[]) : [name],
  );
  return { tool: { in: tools } };
}

/** As at top level, where the schema says it. */
function isAmount(value: JsonValue | undefined): boolean {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^\$?[0-9]{1,12}(\.[0-9]{1,18})?$/.test(text);
}

/** The longest known prefix of the path is replaced by where it came from. */
function originOf(path: Path, origins: Origins): Path {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join("."));
    if (origin !== undefined) return origin.whole === true ? origin.path : [...origin.path, ...path.slice(length)];
  }
  return path.length > 1 && path[0] === "spec" ? path.slice(1) : path;
}

function asList(value: JsonValue): JsonValue[] {
  return Array.isArray(value) ? value : [value];
}

/** The policy's name from the file's: lower case, letters, digits and dashes, as Kubernetes wants it. */
export function policyNameOf(file: string): string {
  const base = file.split(/[/\\]/).at(-1) ?? "";
  const slug = base
    .replace(/\.(ya?ml|json)$/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return slug === "" ? "policy" : slug;
}
