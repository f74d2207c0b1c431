import type { CompiledFact } from "../compile/compiled.ts";
import type { Context } from "../evaluate/context.ts";
import { readFact, UNREADABLE } from "../evaluate/read.ts";

const MICROS_PER_USD = 1_000_000;
const MS_PER_SECOND = 1_000;

/** Money as USD and durations as seconds: CEL has no unit for either. Absent facts are null. */
export function celValue(fact: CompiledFact, context: Context): unknown {
  const value = readFact(fact, context);
  if (value === UNREADABLE) throw new Error(`${fact.key} cannot be read`);
  if (typeof value !== "number") return value ?? null;
  if (fact.kind === "scalar") return fact.name === "cost" ? value / MICROS_PER_USD : value;
  if (fact.kind !== "counter") return value;
  if (fact.counter.metric === "cost") return value / MICROS_PER_USD;
  return fact.counter.metric === "run_duration" ? value / MS_PER_SECOND : value;
}

/**
 * The facts an expression names, read only when evaluation comes to them: an unreadable fact then fails where it stands,
 * and CEL's `||` and `&&` decide whether that matters.
 */
export function createView(facts: ReadonlyMap<string, (context: Context) => unknown>): (context: Context) => object {
  const current = Symbol("context");
  type View = { [current]: Context };
  const prototype = Object.create(null) as object;
  for (const [name, read] of facts) {
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: View) {
        return read(this[current]);
      },
    });
  }
  return (context) => {
    const view = Object.create(prototype) as View;
    view[current] = context;
    return view;
  };
}
