import { counterRef, type CounterPer } from "#api";
import { type CounterFact, factEntry } from "../catalog/facts.ts";
import { createZoneClock, type ZoneClock } from "../evaluate/zone-clock.ts";
import type { NamedFact } from "../parse/fact-name.ts";
import { isWild, printPath } from "../path.ts";
import type { ScalarFact, Segment } from "../model.ts";
import type { ArgsFact, CompiledFact } from "./compiled.ts";
import type { Interner } from "./interner.ts";

/** Says which counter, for counter facts. */
export interface CounterChoice {
  readonly per?: CounterPer | undefined;
  readonly windowMs?: number | undefined;
  readonly tool?: string | undefined;
}

export function argsFact(path: readonly Segment[], interner: Interner): ArgsFact {
  const key = `args${printPath(path)}`;
  return interner.share("args", key, () =>
    Object.freeze({ kind: "args", key, path: Object.freeze([...path]), wild: isWild(path) }),
  );
}

export function labelFact(label: string, of: "pod" | "namespace", interner: Interner): CompiledFact {
  const key = `${of === "pod" ? "labels" : "namespace_labels"}${printPath([label])}`;
  return interner.share("label", key, () => Object.freeze({ kind: "label", key, label, of }));
}

/** The compiled fact; equal facts of one interner are the same object. The zone must be one the runtime knows. */
export function compileFact(fact: NamedFact, choice: CounterChoice, zone: string, interner: Interner): CompiledFact {
  if (fact.kind === "args") return argsFact(fact.path, interner);
  if (fact.kind === "label") return labelFact(fact.label, "pod", interner);
  if (fact.name === "time.hour" || fact.name === "time.weekday") return timeFact(fact.name, zone, interner);
  const { counter } = factEntry(fact.name);
  if (counter !== undefined) return counterFact(counter, choice, zone, interner);
  const name = fact.name as ScalarFact;
  return interner.share("scalar", name, () => Object.freeze({ kind: "scalar", key: name, name }));
}

function counterFact(counter: CounterFact, choice: CounterChoice, zone: string, interner: Interner): CompiledFact {
  const { windowMs, tool } = choice;
  const ref = counterRef({
    metric: counter.metric,
    span: counter.span,
    per: choice.per ?? counter.per[0] ?? "agent",
    ...(counter.span === "day" || counter.span === "month" ? { zone } : {}),
    ...(windowMs === undefined ? {} : { windowMs }),
    ...(tool === undefined ? {} : { tool }),
  });
  return interner.share("counter", ref.key, () =>
    Object.freeze({ kind: "counter", key: ref.key, counter: Object.freeze(ref) }),
  );
}

function timeFact(name: "time.hour" | "time.weekday", zone: string, interner: Interner): CompiledFact {
  const key = `${name}|${zone}`;
  return interner.share("time", key, () => {
    const clock = zoneClock(zone, interner);
    if (clock === undefined) throw new RangeError(`${zone} is no time zone`);
    return Object.freeze({ kind: "time", key, name: name === "time.hour" ? "hour" : "weekday", zone, clock });
  });
}

/** The clock of a zone, undefined when there is none of this name. Making one takes a hundred times as long as compiling a rule. */
export function zoneClock(zone: string, interner: Interner): ZoneClock | undefined {
  return interner.share("zone", zone, () => Object.freeze({ clock: createZoneClock(zone) })).clock;
}
