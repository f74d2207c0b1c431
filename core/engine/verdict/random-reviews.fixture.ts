import type { CounterReading, JsonObject, JsonValue } from "#api";
import fc from "fast-check";
import type { Labels, ReviewInput } from "../model.ts";
import { long, scalar, text } from "./random-policies.fixture.ts";

/** Random reviews: values that are equal, near, absent, ill-typed, huge or unreadable, in every fact. */
const huge = "ab foo ".repeat(10_000);
const hugeTool = `payments.${"x".repeat(70_000)}`;

const value: fc.Arbitrary<JsonValue | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 8, arbitrary: scalar },
  { weight: 2, arbitrary: fc.constantFrom<JsonValue>("xxabcxx", long, `say ${long} twice`, "6", "30m", "500") },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<JsonValue>({}, { p: 5 }, [[]], [5, "5.0", 5], huge, [huge, 5], "jane.doe@example.com"),
  },
);
const args = fc
  .record({
    a: value,
    b: fc.oneof(
      value,
      value.map((c) => (c === undefined ? {} : { c })),
    ),
    list: fc.oneof(
      value,
      fc.array(
        value.map((one) => one ?? {}),
        { maxLength: 4 },
      ),
      fc.array(
        value.map((p) => (p === undefined ? {} : { p })),
        { maxLength: 4 },
      ),
    ),
    items: fc.array(
      value.map((one) => one ?? null),
      { maxLength: 2 },
    ),
    n: value,
    proto: value,
  })
  .map(({ proto, ...rest }) => {
    const own = Object.fromEntries(Object.entries(rest).filter(([, one]) => one !== undefined)) as JsonObject;
    if (proto === undefined) return own;
    return Object.defineProperty(own, "__proto__", {
      value: proto,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  });

const unreadable: CounterReading = { unreadable: "test" };
const reading = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<CounterReading>(0, 1, 5, 6, 5_000_000, 5_500_000, 6_000_000) },
  fc.constant(unreadable),
);
const labels = fc.constantFrom<Labels>({}, { team: "x" }, { team: "abc", "app/x": "x" }, { unreadable: "no such pod" });

export const reviewArbitrary: fc.Arbitrary<ReviewInput> = fc.record({
  subject: fc.record({
    namespace: fc.constantFrom("agents", "agents", "other", "nowhere"),
    serviceAccount: fc.constantFrom("x", "abc"),
    labels,
    namespaceLabels: fc.constantFrom<Labels>({}, { env: "prod" }, { unreadable: "no such namespace" }),
  }),
  action: fc.constantFrom("tool_call", "tool_call", "tool_call", "message", "llm_call"),
  tool: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom("x", "payments.send", "payments.refund", "db.query", "send_payment", "é", undefined),
    },
    { weight: 1, arbitrary: fc.constantFrom(hugeTool) },
  ),
  agent: fc.option(text, { nil: undefined }),
  user: fc.option(text, { nil: undefined }),
  model: fc.option(text, { nil: undefined }),
  args,
  cost: reading,
  tokens: reading,
  now: fc.constant(1_767_619_800_000),
});

/** What the ledger may say to whichever counters it is asked for; nothing is unreadable as well. */
export const readingsArbitrary: fc.Arbitrary<readonly (CounterReading | undefined)[]> = fc.array(
  fc.oneof({ weight: 8, arbitrary: reading }, fc.constant(undefined)),
  { minLength: 7, maxLength: 7 },
);
