import type { CounterReading, CounterRef } from "#api";
import type { Action } from "./action.ts";
import type { BeginRequest } from "./ledger.ts";
import type { Run } from "./run.ts";
import type { Subject, Subjects } from "./subjects.ts";
import type { Totals } from "./totals.ts";
import type { Zones } from "./zones.ts";

/** Whose counters are read, for which action. Nothing of the action itself may stand in them: it is added here. */
export interface ReadContext {
  readonly run: Run;
  readonly user: Subject | undefined;
  readonly action: Action;
  readonly now: number;
  readonly subjects: Subjects;
  readonly zones: Zones;
}

export interface Measure {
  readonly readings: ReadonlyMap<string, CounterReading>;
  /** Every limit holds with this action, and each of its counters could be read. */
  readonly within: boolean;
}

export function measure(request: Pick<BeginRequest, "counters" | "limits">, context: ReadContext): Measure {
  const readings = new Map<string, CounterReading>();
  for (const counter of request.counters) readings.set(counter.key, read(counter, context));
  let within = true;
  for (const { counter, limit } of request.limits) {
    let reading = readings.get(counter.key);
    if (reading === undefined) readings.set(counter.key, (reading = read(counter, context)));
    within &&= typeof reading === "number" && reading <= limit;
  }
  return { readings, within };
}

/** The counter's value with this action, or why it cannot be read. */
function read(counter: CounterRef, context: ReadContext): CounterReading {
  if (counter.per === "user" && context.user === undefined) return { unreadable: "no_user" };
  const { metric } = counter;
  if (metric === "cost" || metric === "tokens") return spent(counter, metric, context);
  if (metric === "calls") return calls(counter, context);
  const whole = counter.per === "run";
  const { run } = context;
  if (metric === "run_duration") return context.now - (whole ? run.root : run).startedAt;
  return ofRun(metric, context, whole ? run.root.tree : run.own);
}

type RunMetric = "tool_calls" | "calls_to_tool" | "identical_calls" | "denials";

function ofRun(metric: RunMetric, { action }: ReadContext, totals: Totals): CounterReading {
  if (metric === "denials") return totals.denials;
  const before = callsBefore(metric, totals, action);
  if (typeof before !== "number") return before;
  return before + (action.action === "tool_call" && !action.resend ? 1 : 0);
}

function callsBefore(metric: Exclude<RunMetric, "denials">, totals: Totals, action: Action): CounterReading {
  switch (metric) {
    case "tool_calls":
      return totals.toolCalls;
    case "calls_to_tool":
      return totals.callsTo(action.tool);
    case "identical_calls":
      return totals.identicalCalls(action.callDigest);
  }
}

/** Span `run` is this run alone; only `per: run` is the tree, in every span. */
function spent(counter: CounterRef, metric: "cost" | "tokens", context: ReadContext): CounterReading {
  const estimate = context.action[metric];
  if (typeof estimate !== "number") return estimate;
  if (counter.span === "run")
    return (counter.per === "run" ? context.run.root.tree : context.run.own)[metric] + estimate;
  if (counter.span === "window") return { unreadable: "no_money_in_windows" };
  const zone = context.zones.get(counter.zone ?? "UTC", context.now);
  if ("unreadable" in zone) return zone;
  return subjectOf(counter, context).spending[counter.span](zone, context.now)[metric] + estimate;
}

function calls(counter: CounterRef, context: ReadContext): CounterReading {
  if (counter.windowMs === undefined) return { unreadable: "no_window" };
  const { windows } = subjectOf(counter, context);
  const before = windows.count(counter.tool, counter.windowMs, context.now);
  return before + (windows.includes(counter.tool, context.action.tool) ? 1 : 0);
}

function subjectOf(counter: CounterRef, { run, user, subjects }: ReadContext): Subject {
  switch (counter.per) {
    case "run":
      return run.root.treeSubject;
    case "agent":
      return run.agent;
    case "namespace":
      return run.namespace;
    case "cluster":
      return subjects.cluster;
    case "user":
      return user ?? run.agent;
  }
}
