import type { CounterReading, JsonValue } from "#api";
import type { CompiledFact } from "../compile/compiled.ts";
import { readPath } from "../path.ts";
import type { Labels, ScalarFact, Unreadable } from "../model.ts";
import type { Context, Why } from "./context.ts";

/** A fact that is there but cannot be read: a counter, a label, a price. */
export const UNREADABLE: unique symbol = Symbol("unreadable");
export type FactValue = JsonValue | undefined | typeof UNREADABLE;

/** The fact's value in its own unit; undefined is absent. A path with `[*]` has many: see `visitPath`. Notes why a fact is unreadable. */
export function readFact(fact: CompiledFact, context: Context): FactValue {
  switch (fact.kind) {
    case "args":
      return readPath(context.input.args, fact.path);
    case "scalar":
      return readScalar(fact.name, context);
    case "label":
      return readLabel(
        fact.label,
        fact.of === "pod" ? context.input.subject.labels : context.input.subject.namespaceLabels,
        context,
      );
    case "counter":
      return readCounter(fact.counter, context);
    case "time":
      return fact.clock[fact.name](context.input.now);
  }
}

function readScalar(name: ScalarFact, context: Context): FactValue {
  const { input } = context;
  switch (name) {
    case "cost":
    case "tokens":
      return known(input[name], "cost_unknown", context);
    case "tool":
      return toolOf(context);
    case "namespace":
      return input.subject.namespace;
    case "service_account":
      return input.subject.serviceAccount;
    case "action":
    case "agent":
    case "user":
    case "model":
      return input[name];
  }
}

/** Other actions have no tool, whatever the caller sends. */
function toolOf({ input }: Context): string | undefined {
  return input.action === "tool_call" ? input.tool : undefined;
}

function readLabel(label: string, labels: Labels, context: Context): FactValue {
  if (isUnreadable(labels)) return unreadable("labels_unreadable", context);
  return Object.hasOwn(labels, label) ? (labels as Readonly<Record<string, string>>)[label] : undefined;
}

/** A pod that really carries a label named `unreadable` is taken for unreadable as well: that can only add policies. */
function isUnreadable(labels: Labels): labels is Unreadable {
  return Object.hasOwn(labels, "unreadable");
}

function readCounter(counter: Extract<CompiledFact, { kind: "counter" }>["counter"], context: Context): FactValue {
  if (counter.per === "user" && context.input.user === undefined) return unreadable("no_user", context);
  const value = known(context.readings.get(counter.key), "counter_unreadable", context);
  return typeof value === "number" && counter.metric === "denials" ? value + context.extraDenials : value;
}

function known(reading: CounterReading | undefined, why: Why, context: Context): FactValue {
  return typeof reading === "number" ? reading : unreadable(why, context);
}

function unreadable(why: Why, context: Context): typeof UNREADABLE {
  context.unevaluable(why);
  return UNREADABLE;
}
