import type { JsonObject, PolicyResource } from "#api";
import {
  compilePolicy,
  createInterner,
  emptyIndex,
  type CompiledPolicy,
  type Interner,
  type ReviewInput,
  type RuleIndex,
} from "#engine";

/** Rules for each tool when they are spread. */
const PER_TOOL = 10;
const REVIEWS = 64;

export type Layout = "spread" | "hot";

function toolOf(layout: Layout, rule: number): string {
  return layout === "hot" ? "crm.update_record" : `service-${Math.floor(rule / PER_TOOL)}.update_record`;
}

/**
 * Rule i names a tool and one argument: a third wants a value, a third a number above a threshold, a third a text within a text. Every review meets
 * exactly one rule, by value; thresholds and texts are looked up each time and do not hold.
 */
function whenOf(layout: Layout, rule: number): JsonObject {
  const tool = toolOf(layout, rule);
  switch (rule % 3) {
    case 0:
      return { tool, "args.customer": `customer-${rule}` };
    case 1:
      return { tool, "args.amount": { gt: 1_000 + rule } };
    default:
      return { tool, "args.note": { contains: `${rule} must not be shared` } };
  }
}

function resourceOf(name: string, rules: readonly JsonObject[], generation: number): PolicyResource {
  return {
    apiVersion: "runlog.io/v1alpha1",
    kind: "AgentPolicy",
    metadata: { name, namespace: "agents", uid: `00000000-0000-4000-8000-${name.padStart(12, "0")}`, generation },
    spec: { rules: rules.map((when, at) => ({ id: `rule-${at}`, when, action: "deny" as const })) },
  };
}

/** Throws when the policy does not compile: then the workload is not what it says. */
export function compiled(resource: PolicyResource, interner: Interner): CompiledPolicy {
  const { policy, diagnostics } = compilePolicy(resource, { interner });
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
  return policy;
}

export interface Workload {
  readonly interner: Interner;
  readonly policies: readonly CompiledPolicy[];
  readonly index: RuleIndex;
  readonly reviews: readonly ReviewInput[];
}

/** `perPolicy` rules in each policy. */
export function workloadOf(layout: Layout, rules: number, perPolicy: number): Workload {
  const interner = createInterner();
  const policies = Array.from({ length: rules / perPolicy }, (_, at) =>
    compiled(policyAt({ layout, at, perPolicy, generation: 1 }), interner),
  );
  return {
    interner,
    policies,
    index: emptyIndex().with({ set: policies, remove: [] }),
    reviews: reviewsOf(layout, rules),
  };
}

export interface PolicyAt {
  readonly layout: Layout;
  readonly at: number;
  readonly perPolicy: number;
  readonly generation: number;
}

export function policyAt({ layout, at, perPolicy, generation }: PolicyAt): PolicyResource {
  const whens = Array.from({ length: perPolicy }, (_, place) => whenOf(layout, at * perPolicy + place));
  return resourceOf(String(at), whens, generation);
}

const SUBJECT = { namespace: "agents", serviceAccount: "support", labels: { team: "support" }, namespaceLabels: {} };

function reviewsOf(layout: Layout, rules: number): readonly ReviewInput[] {
  return Array.from({ length: REVIEWS }, (_, i) => {
    const rule = Math.floor((i * rules) / REVIEWS / 3) * 3;
    return reviewOf(toolOf(layout, rule), {
      customer: `customer-${rule}`,
      amount: i % 900,
      note: "The customer asked on the phone to have the delivery address corrected before Friday, ticket 48213.",
      currency: "EUR",
      ticket: 48_213 + i,
      tags: ["phone", "address"],
      notify: true,
      options: { retries: 2, region: "north" },
    });
  });
}

/** As it comes from the wire: parsed, so that no text is shared with a rule. */
export function reviewOf(tool: string, args: JsonObject): ReviewInput {
  const parsed = JSON.parse(JSON.stringify({ tool, args })) as { tool: string; args: JsonObject };
  return {
    subject: SUBJECT,
    action: "tool_call",
    agent: "support-bot",
    ...parsed,
    cost: 0,
    tokens: 0,
    now: 1_767_619_800_000,
  };
}

/**
 * Thresholds of one tool, and reviews whose value is no number, so that each of them is unevaluable. `more` are conditions that each rule has
 * besides.
 */
export function illTyped(rules: number, more: JsonObject = {}): Workload {
  const interner = createInterner();
  const perPolicy = 250;
  const policies = Array.from({ length: rules / perPolicy }, (_, at) => {
    const whens = Array.from({ length: perPolicy }, (__, place) => ({
      tool: "crm.update_record",
      "args.amount": { gt: 1_000 + at * perPolicy + place },
      ...more,
    }));
    return compiled(resourceOf(String(at), whens, 1), interner);
  });
  const reviews = Array.from({ length: REVIEWS }, (_, i) =>
    reviewOf("crm.update_record", { amount: `about ${i}`, to: "x" }),
  );
  return { interner, policies, index: emptyIndex().with({ set: policies, remove: [] }), reviews };
}
