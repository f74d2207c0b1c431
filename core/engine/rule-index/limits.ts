import type { CompiledRule, Condition, Test, Threshold } from "../compile/compiled.ts";
import type { Numeric } from "../decimal.ts";
import type { CounterLimit } from "../model.ts";
import type { Entry } from "./posting.ts";
import { Shared } from "./posting.ts";

/**
 * What counters must not exceed if a rule that refuses is to stay false: `gt t` holds above t, `gte t` from t on. Only conditions that must all
 * hold set a limit; below any one of them the rule is certainly false. Rules that only audit, log or modify set none.
 */
export function limitsOf(rule: CompiledRule): readonly CounterLimit[] {
  return refuses(rule) ? limitsIn(rule.condition) : none;
}

const none: readonly CounterLimit[] = Object.freeze([]);

export function refuses({ mode, action }: CompiledRule): boolean {
  return mode === "Enforce" && (action === "deny" || action === "terminate" || action === "require_approval");
}

function limitsIn(condition: Condition): readonly CounterLimit[] {
  if (condition.kind === "all") return condition.items.flatMap(limitsIn);
  return condition.kind === "test" ? limitIn(condition) : none;
}

function limitIn({ fact, operator: { name }, operand }: Test): readonly CounterLimit[] {
  if (fact.kind !== "counter" || (name !== "gt" && name !== "gte")) return none;
  const bound = operand as Threshold;
  const limit = highestWithin(typeof bound === "number" ? bound : bound.at, name);
  return limit === undefined ? none : [{ counter: fact.counter, limit }];
}

/** The greatest whole number that is not greater (`gt`), or is less (`gte`). Undefined when no counter gets there. */
function highestWithin(at: Numeric, name: "gt" | "gte"): number | undefined {
  const floor = typeof at === "number" ? Math.floor(at) : floorOf(at);
  const isWhole = typeof at === "number" ? floor === at : at.exponent >= 0;
  const limit = name === "gte" && isWhole ? floor - 1 : floor;
  return limit >= Number.MAX_SAFE_INTEGER ? undefined : Math.max(limit, -1);
}

/** Of a number that no double holds: either huge, or with a fraction of many digits. */
function floorOf({ coefficient, exponent }: Exclude<Numeric, number>): number {
  if (exponent >= 0) return coefficient > 0n ? Number.MAX_SAFE_INTEGER : -1;
  const unit = 10n ** BigInt(-exponent);
  return coefficient < 0n ? -1 : Number(coefficient / unit);
}

/**
 * The lowest limit on one counter that rules in ascending order of their thresholds set. The first that refuses has it, or one whose threshold
 * is the same or a fraction more.
 */
export function lowestLimit(
  key: string,
  { keys, entries }: { readonly keys: readonly number[]; readonly entries: readonly Entry[] },
): CounterLimit | undefined {
  let lowest: CounterLimit | undefined;
  for (let at = 0; at < keys.length && !(lowest !== undefined && (keys[at] as number) > lowest.limit + 1); at++) {
    const entry = entries[at] as Entry;
    for (const limit of limitsOf(entry instanceof Shared ? entry.rule : entry)) {
      if (limit.counter.key === key && (lowest === undefined || limit.limit < lowest.limit)) lowest = limit;
    }
  }
  return lowest;
}
