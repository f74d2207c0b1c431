import { readFile } from "node:fs/promises";
import { celEnv, parse as parseCel, plan } from "@bufbuild/cel";
import { evaluate } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { redactions } from "../../core/api/index.ts";
import { resources, rootSchema } from "../../scripts/generate/crds.ts";
import type { SchemaNode } from "../../scripts/generate/structural.ts";
import { crdCheck, type Cel } from "./api-crd-check.ts";

const env = celEnv();
const implementations: Record<string, Cel> = {
  "cel-js": (rule, self) => evaluate(rule, { self: escaped(self) }) === true,
  bufbuild: (rule, self) => plan(env, parseCel(rule))({ self: escaped(self) as never }) === true,
};

/** The API server calls a property whose name is a reserved word of CEL `__as__`. */
function escaped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key === "as" ? "__as__" : key, escaped(item)]));
}

const sha = `sha256:${"a".repeat(64)}`;
const rule = { id: "r1", when: { tool: "x" }, action: "deny" };
const ask = { id: "ask", when: {}, action: "require_approval", approvers: ["security-team"], approval: { quorum: 2 } };
const change = { id: "change", when: {}, action: "modify", modify: [{ redact: "args.body", entities: ["US_SSN"] }] };
const spec = {
  mode: "Enforce",
  selector: { matchLabels: { team: "payments" }, matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] },
  timezone: "Europe/Berlin",
  actionGroups: { money: ["payments.*"] },
  maxCostPerRun: "$1.00",
  blockPII: true,
  detection: {
    entities: [{ name: "BADGE_ID", patterns: ["B-[0-9]{6}"], context: ["badge"], checksum: "luhn", score: 0.6 }],
    allow: ["info@corp.com"],
    minScore: 0.5,
    perEntity: { US_SSN: { minScore: 0.8 } },
  },
  requireApproval: { actions: ["money"], approvers: ["security-team"] },
  rules: [rule, ask, change],
};
const policy = {
  apiVersion: "runlog.io/v1alpha1",
  kind: "AgentPolicy",
  metadata: { name: "payments", namespace: "agents" },
  spec,
};
const clusterPolicy = {
  ...policy,
  kind: "ClusterAgentPolicy",
  metadata: { name: "payments" },
  spec: { ...spec, namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "agents" } } },
};
const approval = {
  apiVersion: "runlog.io/v1alpha1",
  kind: "ApprovalRequest",
  metadata: { name: "apr-1", namespace: "agents" },
  spec: {
    run: "run_abc123",
    agent: { namespace: "agents", serviceAccount: "bot" },
    action: { type: "tool_call", tool: "stripe.refund", args: { amount: 700 }, digest: sha },
    requirements: [
      {
        policy: { kind: "AgentPolicy", namespace: "agents", name: "payments", uid: "u" },
        rule: "ask",
        ruleHash: sha,
        approvers: ["security-team", "user:alice@example.com"],
        quorum: 1,
        message: "Refunds need a person",
      },
    ],
    uses: 1,
    grantFor: "10m",
    expiresAt: "2026-01-31T12:00:00Z",
  },
  status: {
    phase: "Approved",
    decisions: [
      {
        by: { username: "alice", groups: ["security-team"] },
        decision: "approve",
        edits: [{ clamp: "args.amount", max: 500 }],
        votedDigest: sha,
        at: "2026-01-31T11:00:00.000Z",
      },
    ],
  },
};
const examples: Record<string, object> = {
  AgentPolicy: policy,
  ClusterAgentPolicy: clusterPolicy,
  ApprovalRequest: approval,
};

const withRules = (...rules: object[]): object => ({ ...policy, spec: { rules } });
const modify = (...operations: object[]): object => withRules({ ...change, modify: operations });
const entity = (...entities: object[]): object => ({ ...policy, spec: { detection: { entities } } });
const select = (expression: object): object => ({ ...policy, spec: { selector: { matchExpressions: [expression] } } });

/** Kind, what it is about, the resource, whether it is good. Every CEL rule is broken at least once. */
const table: readonly (readonly [string, string, object, boolean])[] = [
  ["AgentPolicy", "an empty spec", { ...policy, spec: {} }, true],
  ["AgentPolicy", "when: {}", withRules({ ...rule, when: {} }), true],
  ["AgentPolicy", "a missing when", withRules({ id: "r", action: "deny" }), false],
  ["AgentPolicy", "a null when", withRules({ ...rule, when: null }), false],
  ["AgentPolicy", "the same id twice", withRules(rule, rule), false],
  ["AgentPolicy", "an id in capitals", withRules({ ...rule, id: "R" }), false],
  ["AgentPolicy", "an unknown action", withRules({ ...rule, action: "block" }), false],
  ["AgentPolicy", "an unknown field", withRules({ ...rule, acton: "deny" }), false],
  ["AgentPolicy", "a namespaceSelector", { ...policy, spec: { namespaceSelector: {} } }, false],
  ["AgentPolicy", "257 rules", withRules(...Array.from({ length: 257 }, (_, i) => ({ ...rule, id: `r${i}` }))), false],
  ["AgentPolicy", "modify without operations", withRules({ ...rule, action: "modify" }), false],
  ["AgentPolicy", "operations without modify", withRules({ ...change, action: "deny" }), false],
  [
    "AgentPolicy",
    "every operation",
    modify({ redact: "a" }, { remove: "a" }, { clamp: "a", min: 1 }, { truncate: "a", length: 0 }),
    true,
  ],
  ["AgentPolicy", "set with a value", modify({ set: "a", value: null }, { add_default: "a", value: { b: [1] } }), true],
  ["AgentPolicy", "no verb", modify({}), false],
  ["AgentPolicy", "two verbs", modify({ redact: "a", remove: "b" }), false],
  ["AgentPolicy", "entities without redact", modify({ remove: "a", entities: ["US_SSN"] }), false],
  ["AgentPolicy", "as without redact", modify({ remove: "a", as: "mask" }), false],
  ["AgentPolicy", "secrets without redact", modify({ set: "a", value: 1, secrets: true }), false],
  ["AgentPolicy", "every way to redact", modify(...redactions.map((as) => ({ redact: "a", secrets: true, as }))), true],
  ["AgentPolicy", "an unknown way to redact", modify({ redact: "a", as: "encrypt" }), false],
  ["AgentPolicy", "a mask that keeps six", modify({ redact: "a", as: "mask", keepLast: 6 }), true],
  ["AgentPolicy", "keepLast without mask", modify({ redact: "a", as: "hash", keepLast: 6 }), false],
  ["AgentPolicy", "keepLast alone", modify({ redact: "a", keepLast: 6 }), false],
  ["AgentPolicy", "an entity of words", entity({ name: "PROJECT", deny: ["blue heron"] }), true],
  ["AgentPolicy", "an entity of nothing", entity({ name: "PROJECT", context: ["x"] }), false],
  ["AgentPolicy", "an entity of empty lists", entity({ name: "PROJECT", patterns: [], deny: [] }), false],
  ["AgentPolicy", "an entity in small letters", entity({ name: "project", deny: ["x"] }), false],
  ["AgentPolicy", "a score above 1", entity({ name: "PROJECT", deny: ["x"], score: 1.1 }), false],
  ["AgentPolicy", "an unknown checksum", entity({ name: "PROJECT", patterns: ["x"], checksum: "crc" }), false],
  ["AgentPolicy", "the same entity twice", entity({ name: "A", deny: ["x"] }, { name: "A", deny: ["y"] }), false],
  ["AgentPolicy", "clamp without bounds", modify({ clamp: "a" }), false],
  ["AgentPolicy", "bounds without clamp", modify({ remove: "a", min: 1 }), false],
  ["AgentPolicy", "min above max", modify({ clamp: "a", min: 2, max: 1.5 }), false],
  ["AgentPolicy", "min equal to max", modify({ clamp: "a", min: 2, max: 2 }), true],
  ["AgentPolicy", "truncate without length", modify({ truncate: "a" }), false],
  ["AgentPolicy", "length without truncate", modify({ redact: "a", length: 1 }), false],
  ["AgentPolicy", "In without values", select({ key: "a", operator: "In" }), false],
  ["AgentPolicy", "NotIn with an empty list", select({ key: "a", operator: "NotIn", values: [] }), false],
  ["AgentPolicy", "Exists", select({ key: "a", operator: "Exists" }), true],
  ["AgentPolicy", "Exists with values", select({ key: "a", operator: "Exists", values: ["b"] }), false],
  [
    "AgentPolicy",
    "approvers of its own namespace",
    withRules({ ...ask, approval: { allowApproversInNamespace: true } }),
    false,
  ],
  [
    "AgentPolicy",
    "the same in the shorthand",
    { ...policy, spec: { requireApproval: { actions: ["a"], approval: { allowApproversInNamespace: false } } } },
    false,
  ],
  [
    "ClusterAgentPolicy",
    "approvers of the agent's namespace",
    { ...clusterPolicy, spec: { rules: [{ ...ask, approval: { allowApproversInNamespace: true } }] } },
    true,
  ],
  [
    "ApprovalRequest",
    "an expiry that is no time",
    { ...approval, spec: { ...approval.spec, expiresAt: "soon" } },
    false,
  ],
  ["ApprovalRequest", "no requirement", { ...approval, spec: { ...approval.spec, requirements: [] } }, false],
  ["ApprovalRequest", "an unknown phase", { ...approval, status: { phase: "Open" } }, false],
  [
    "ApprovalRequest",
    "edits with two verbs",
    { ...approval, status: { edits: [{ set: "a", value: 1, remove: "b" }] } },
    false,
  ],
];

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    "",
    "x",
    "Enforce",
    "In",
    "Exists",
    "modify",
    "deny",
    "10m",
    "$1",
    "a".repeat(300),
    null,
    true,
    [],
    {},
  ),
  fc.constantFrom<unknown>(0, 1, -1, 2.5, 11, 1_001, ["x"], ["x", "x"], { a: "b" }, { a: 1 }, [{}], "R", sha),
);

/** The resource with one place changed: a value replaced, or a field removed or added. */
function changed(resource: object, seed: number, value: unknown): object {
  const copy = structuredClone(resource);
  const places: [Record<string, unknown>, string][] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, key]);
      visit(child);
    }
    if (!Array.isArray(node)) places.push([node as Record<string, unknown>, "values"]);
  };
  const { spec: inner, status } = copy as { spec: unknown; status?: unknown };
  visit(inner);
  visit(status);
  const [node, key] = places[seed % places.length] as [Record<string, unknown>, string];
  if (value === undefined && !Array.isArray(node)) delete node[key];
  else node[key] = value ?? null;
  return copy;
}

describe.each(resources.map((resource) => [resource.kind, resource] as const))("%s", (kind, resource) => {
  const schema = rootSchema(resource.schema);
  const zod = (value: unknown): z.core.$ZodIssue[] => resource.schema.safeParse(value).error?.issues ?? [];

  describe.each(Object.entries(implementations))("with the CEL of %s", (_, cel) => {
    const check = crdCheck(schema, cel);

    it("takes the example", () => {
      expect(zod(examples[kind])).toEqual([]);
      expect(check(examples[kind])).toEqual([]);
    });

    it.each(table.filter(([of]) => of === kind))("%s: %s", (_kind, _what, value, good) => {
      expect(zod(value).length === 0, JSON.stringify(zod(value))).toBe(good);
      expect(check(value).length === 0, check(value).join("; ")).toBe(good);
    });

    it("is the twin of the schema on changed examples", () => {
      fc.assert(
        fc.property(fc.nat(), fc.option(odd, { nil: undefined }), (seed, replacement) => {
          const value = changed(examples[kind] ?? {}, seed, replacement);
          const issues = zod(value).map((issue) => issue.message);
          // Only this demand has no twin: CEL cannot see a value without a type.
          const own = issues.filter((message) => !message.startsWith("set and add_default need value"));
          expect(check(value).length === 0, JSON.stringify({ value, issues })).toBe(own.length === 0);
        }),
        { numRuns: 400 },
      );
    });
  });

  it("bounds every string, list and map, so that CEL stays within its budget", () => {
    expect(unbounded(schema, "")).toEqual([]);
  });

  it("is written to crds/ with the names, columns and subresource that kubectl shows", async () => {
    const file = new URL(`../../crds/runlog.io_${resource.plural}.yaml`, import.meta.url);
    const { metadata, spec: crd } = parseYaml(await readFile(file, "utf8"));
    expect(metadata.name).toBe(`${resource.plural}.runlog.io`);
    expect(crd.names).toMatchObject({ kind, shortNames: resource.shortNames, categories: resource.categories });
    const [version] = crd.versions;
    expect(version).toMatchObject({ name: "v1alpha1", served: true, storage: true, subresources: { status: {} } });
    expect(version.schema.openAPIV3Schema).toEqual(schema);
  });
});

it("shows the columns of the contract", () => {
  const [agentPolicy, cluster] = resources;
  const names = ["Mode", "Observed", "Ready", "Rules", "Replicas", "Age"];
  expect(agentPolicy?.columns.map((column) => column.name)).toEqual(names);
  expect(cluster?.columns.map((column) => column.name)).toEqual(names);
  expect(resources.map(({ scope }) => scope)).toEqual(["Namespaced", "Cluster", "Namespaced"]);
});

const frozen = "an approval request does not change once it is asked";

it("breaks every CEL rule somewhere in the table", () => {
  const messages = new Set(
    table
      .filter(([, , , good]) => !good)
      .flatMap(([kind, , value]) => resources.find((one) => one.kind === kind)?.schema.safeParse(value).error?.issues)
      .map((issue) => issue?.message),
  );
  const rules = new Set(resources.flatMap((resource) => messagesOf(rootSchema(resource.schema))));
  expect([...rules].filter((message) => !messages.has(message))).toEqual([frozen]);
});

it.each(Object.entries(implementations))("lets nobody change what an approval request asks (%s)", (_, cel) => {
  const node = rootSchema(resources[2]?.schema as z.ZodType).properties?.["spec"] ?? {};
  expect(node["x-kubernetes-validations"]).toEqual([{ rule: "self == oldSelf", message: frozen }]);
  const other = structuredClone(approval.spec);
  other.action.args.amount = 701;
  const same = (value: unknown): boolean => cel("self.now == self.old", { now: value, old: approval.spec });
  expect(same(structuredClone(approval.spec))).toBe(true);
  expect(same(other)).toBe(false);
});

function messagesOf(node: SchemaNode): string[] {
  const own = ((node["x-kubernetes-validations"] ?? []) as { message: string }[]).map(({ message }) => message);
  return [...own, ...children(node).flatMap(([, child]) => messagesOf(child))];
}

function children(node: SchemaNode): [string, SchemaNode][] {
  const found = Object.entries(node.properties ?? {});
  if (node.items !== undefined) found.push(["[]", node.items]);
  if (typeof node.additionalProperties === "object") found.push(["*", node.additionalProperties]);
  return found;
}

function unbounded(node: SchemaNode, path: string): string[] {
  if (["/apiVersion", "/kind", "/metadata"].includes(path)) return [];
  const bound = { string: "maxLength", array: "maxItems" }[String(node.type)];
  const open = bound !== undefined && node[bound] === undefined && node["enum"] === undefined;
  const map = typeof node.additionalProperties === "object" && node["maxProperties"] === undefined;
  return [
    ...(open || map ? [path] : []),
    ...children(node).flatMap(([key, child]) => unbounded(child, `${path}/${key}`)),
  ];
}
