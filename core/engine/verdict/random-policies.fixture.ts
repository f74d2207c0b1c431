import type { JsonObject, JsonValue, PolicyResource } from "#api";
import fc from "fast-check";
import { compilePolicy } from "../compile/compile-policy.ts";
import type { CompiledPolicy } from "../compile/compiled.ts";
import { createInterner } from "../compile/interner.ts";

/** Random policies over few facts and few values, so that reviews meet them often. */
const texts = [
  "x",
  "abc",
  "ab",
  "b",
  "5",
  "5.0",
  "1e1",
  "10m",
  "2026-01-05T13:30:00Z",
  "foo",
  "https://api.example.com/v1",
  "10.0.0.7",
];
export const long = "the quick brown fox jumps over the lazy dog";
const numbers = [5, 5.5, 10, 0, -1, 1e15];
const exact = ["0.1000000000000000000000001", "5.0000000000000000000000001", "1e399"];

export const text = fc.constantFrom(...texts);
export const scalar = fc.oneof(
  text,
  fc.constantFrom<JsonValue>(...numbers, true, false, null),
  fc.constantFrom(...exact),
);
const bound = fc.constantFrom<JsonValue>(...numbers, "5.0", ...exact, "10m", "1h", "2026-01-05T13:30:00Z");
const range = fc.constantFrom(
  [0, 5],
  [5, 10],
  [6, 7],
  ["0.1", "5.0000000000000000000000001"],
  ["5m", "1h"],
  [-1, 1e15],
);

const ofJson = fc.oneof(
  { weight: 4, arbitrary: scalar.map((eq) => ({ eq })) },
  { weight: 2, arbitrary: fc.uniqueArray(scalar, { minLength: 1, maxLength: 12 }).map((list) => ({ in: list })) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("gt", "gte", "lt", "lte"), bound).map(([name, at]) => ({ [name]: at })),
  },
  { weight: 2, arbitrary: range.map((between) => ({ between })) },
  {
    weight: 4,
    arbitrary: fc
      .oneof(text, fc.constantFrom<JsonValue>(5, true, long, `${long} twice`))
      .map((contains) => ({ contains })),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<JsonObject>(
      { ne: "x" },
      { not_in: ["x", 5] },
      { not_contains: "ab" },
      { exists: true },
      { exists: false },
      { starts_with: "a" },
      { ends_with: "b" },
      { matches: "^a.c$" },
      { glob: "a*" },
      { length_gt: 2 },
      { length_lt: 2 },
      { host_in: ["*.example.com"] },
      { host_not_in: ["example.com"] },
      { cidr: ["10.0.0.0/8"] },
      { contains_pii: true },
    ),
  },
);
const ofText = fc.oneof(
  fc.constantFrom("ab", "b", "x").map((contains) => ({ contains })),
  text.map((eq) => ({ eq })),
  fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((list) => ({ in: list })),
  fc.constantFrom<JsonObject>(
    { contains: "b" },
    { starts_with: "a" },
    { ne: "x" },
    { exists: true },
    { exists: false },
    { matches: "b" },
  ),
);
const ofTool = fc.constantFrom<JsonValue>(
  "x",
  "payments.send",
  "payments.*",
  "pay*",
  "*.refund",
  "*re*",
  "*",
  "?",
  ["x", "db.query"],
  ["payments.send", "*.refund", "x"],
  "financial_actions",
  { starts_with: "pay" },
  { contains: "end" },
  { ends_with: ".query" },
  { ne: "x" },
  { matches: "quer" },
  { length_gt: 5 },
);
const ofNumber = fc.oneof(
  fc
    .tuple(fc.constantFrom("gt", "gte", "lt", "lte"), fc.constantFrom<JsonValue>(0, 1, 5, 5.5, "5.25"))
    .map(([name, at]) => ({ [name]: at })),
  fc.constantFrom<JsonObject>({ between: [1, 5] }, { eq: 5 }, { in: [1, 5] }, { ne: 5 }),
);

const argsFact = fc.constantFrom(
  "args.a",
  "args.b.c",
  "args.list[*]",
  "args.list[*].p",
  "args.*",
  'args["__proto__"]',
  "args.items[0]",
  "args",
);
const textFact = fc.constantFrom(
  "agent",
  "user",
  "model",
  "namespace",
  "service_account",
  "labels.team",
  'labels["app/x"]',
);
const counterFact = fc.constantFrom(
  { cost_today: {} },
  { cost_today: { per: "user" } },
  { cost_this_run: { per: "run" } },
  { tool_calls_in_run: {} },
  { denials_in_run: {} },
  { calls_in_window: { window: "1h" } },
  { tokens_today: { per: "namespace" } },
);

type When = Record<string, unknown>;
const entry: fc.Arbitrary<When> = fc.oneof(
  { weight: 10, arbitrary: fc.tuple(argsFact, ofJson).map(([fact, test]): When => ({ [fact]: test })) },
  { weight: 4, arbitrary: fc.tuple(textFact, ofText).map(([fact, test]): When => ({ [fact]: test })) },
  { weight: 6, arbitrary: ofTool.map((tool): When => ({ tool })) },
  { weight: 1, arbitrary: fc.constantFrom("tool_call", "message").map((action): When => ({ action })) },
  { weight: 1, arbitrary: ofNumber.map((test): When => ({ "time.hour": test })) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom("cost", "tokens"), ofNumber).map(([fact, test]): When => ({ [fact]: test })),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(counterFact, ofNumber)
      .map(([fact, test]): When =>
        Object.fromEntries(Object.entries(fact).map(([name, options]) => [name, { ...options, ...test }])),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        'has(args.a) && args.a == "x"',
        'has(args.a) && args.a != "x"',
        "args.n > 5.0",
        'tool == "x"',
        "cost_today > 5.0",
        "args.a == args.b",
        'agent == "x" || user == "x"',
        "!has(args.a)",
      )
      .map((cel): When => ({ cel })),
  },
);
const block: fc.Arbitrary<When> = fc
  .array(entry, { minLength: 1, maxLength: 3 })
  .map((entries) => Object.assign({}, ...entries) as When);
const when: fc.Arbitrary<When> = fc.oneof(
  { weight: 8, arbitrary: block },
  {
    weight: 3,
    arbitrary: fc
      .tuple(block, fc.array(block, { minLength: 1, maxLength: 3 }))
      .map(([one, any]): When => ({ ...one, any })),
  },
  { weight: 2, arbitrary: fc.array(block, { minLength: 2, maxLength: 3 }).map((any): When => ({ any })) },
  { weight: 1, arbitrary: fc.tuple(block, block).map(([one, not]): When => ({ ...one, not })) },
  { weight: 1, arbitrary: fc.constant<When>({}) },
);

const rule = fc.record({
  when,
  action: fc.constantFrom("log", "modify", "require_approval", "deny", "deny", "terminate"),
  mode: fc.constantFrom(undefined, undefined, undefined, "Audit"),
});
const selector = fc.constantFrom(
  undefined,
  undefined,
  { matchLabels: { team: "x" } },
  { matchExpressions: [{ key: "team", operator: "NotIn", values: ["x"] }] },
  { matchExpressions: [{ key: "app/x", operator: "Exists" }] },
);
const policy = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  selector,
  place: fc.constantFrom("", "agents", "agents", "other"),
  mode: fc.constantFrom("Enforce", "Enforce", "Enforce", "Audit"),
  namespaceSelector: fc.constantFrom(undefined, undefined, { matchLabels: { env: "prod" } }),
});

function resourceOf(drawn: typeof policy extends fc.Arbitrary<infer T> ? T : never, at: number): PolicyResource {
  const { place, rules, namespaceSelector, selector: pods, mode } = drawn;
  return {
    apiVersion: "runlog.io/v1alpha1",
    kind: place === "" ? "ClusterAgentPolicy" : "AgentPolicy",
    metadata: {
      name: `p${at % 97}-${at}`,
      uid: `uid-${at}`,
      generation: 1,
      ...(place === "" ? {} : { namespace: place }),
    },
    spec: {
      mode,
      ...(pods === undefined ? {} : { selector: pods }),
      ...(place !== "" || namespaceSelector === undefined ? {} : { namespaceSelector }),
      rules: rules.map((one, index) => ({
        id: `r${index}`,
        when: one.when,
        action: one.action,
        ...(one.mode === undefined || mode === "Audit" ? {} : { mode: one.mode }),
        ...(one.action === "modify" ? { modify: [{ set: "args.done", value: true }] } : {}),
      })),
    },
  } as PolicyResource;
}

/** Policies that compile; what is contradictory or impossible is refused and left out. */
export function drawPolicies(count: number, seed: number): readonly CompiledPolicy[] {
  const interner = createInterner();
  return fc.sample(policy, { numRuns: count, seed }).flatMap((drawn, at) => {
    const compiled = compilePolicy(resourceOf(drawn, at), { interner }).policy;
    return compiled === undefined ? [] : [compiled];
  });
}
