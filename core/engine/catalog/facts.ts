import type { ActionType, CounterMetric, CounterPer, CounterSpan } from "#api";

/** How a fact's value is read. `money` is USD in policies and micro-dollars inside; `duration` is milliseconds inside. */
export type FactType = "text" | "number" | "money" | "count" | "duration" | "json";

export interface CounterFact {
  readonly metric: CounterMetric;
  readonly span: CounterSpan;
  /** Whose total it may be; the first is the default. */
  readonly per: readonly CounterPer[];
}

export interface FactEntry {
  readonly type: FactType;
  /** The actions that have it; all when left out. */
  readonly actions?: readonly ActionType[];
  readonly counter?: CounterFact;
  /** Only the caller says so: it is not proven by an identity. */
  readonly claim?: true;
  /** Values are known beforehand. */
  readonly values?: readonly string[];
  readonly summary: string;
}

/** `per: run` is the whole tree of a run and its sub-runs; `per: agent` of a run is this run alone. */
const ofRun: readonly CounterPer[] = ["agent", "run"];
const ofAnyone: readonly CounterPer[] = ["agent", "run", "namespace", "user", "cluster"];

function counter(metric: CounterMetric, span: CounterSpan): CounterFact {
  return { metric, span, per: span === "run" ? ofRun : ofAnyone };
}

/** Every fact; the parser, the checks, the compiler and the reference pages read this table. */
export const factCatalog = {
  action: {
    type: "text",
    values: ["tool_call", "llm_call", "message", "delegation"],
    summary: "What the agent wants to do.",
  },
  tool: {
    type: "text",
    actions: ["tool_call"],
    summary: "The tool's name; also takes globs and names of action groups.",
  },
  agent: { type: "text", claim: true, summary: "The agent's name, as the caller says." },
  namespace: { type: "text", summary: "The agent's namespace, from its token." },
  service_account: { type: "text", summary: "The agent's ServiceAccount, from its token." },
  user: { type: "text", claim: true, summary: "The person the agent works for, as the caller says." },
  model: { type: "text", claim: true, summary: "The language model, as the caller says." },
  labels: { type: "text", summary: 'A label of the agent\'s pod: `labels.team`, `labels["app.kubernetes.io/name"]`.' },
  args: {
    type: "json",
    summary:
      "The arguments, or what is at a path in them: `args.a.b`, `args.items[0]`, `args.items[*].price`, `args.*`.",
  },
  cost: { type: "money", summary: "USD: this action's estimate." },
  tokens: { type: "count", summary: "This action's estimate." },
  cost_this_run: { type: "money", counter: counter("cost", "run"), summary: "USD in this run, this action included." },
  cost_today: {
    type: "money",
    counter: counter("cost", "day"),
    summary: "USD today in the policy's zone, this action included.",
  },
  cost_this_month: {
    type: "money",
    counter: counter("cost", "month"),
    summary: "USD this month in the policy's zone, this action included.",
  },
  tokens_this_run: {
    type: "count",
    counter: counter("tokens", "run"),
    summary: "Tokens in this run, this action included.",
  },
  tokens_today: {
    type: "count",
    counter: counter("tokens", "day"),
    summary: "Tokens today in the policy's zone, this action included.",
  },
  tool_calls_in_run: {
    type: "count",
    counter: counter("tool_calls", "run"),
    summary: "Tool calls asked for in this run, refused ones and this one included.",
  },
  calls_to_tool_in_run: { type: "count", counter: counter("calls_to_tool", "run"), summary: "The same, of this tool." },
  identical_calls_in_run: {
    type: "count",
    counter: counter("identical_calls", "run"),
    summary: "The same, of this tool with these arguments.",
  },
  denials_in_run: {
    type: "count",
    counter: counter("denials", "run"),
    summary: "Denied actions in this run, this one included.",
  },
  calls_in_window: {
    type: "count",
    counter: counter("calls", "window"),
    summary: "Actions in a sliding window that may run, this one included: `{ window: 1h, tool: email.send, gt: 10 }`.",
  },
  run_duration: {
    type: "duration",
    counter: counter("run_duration", "run"),
    summary: "Time since the run's first review.",
  },
  "time.hour": { type: "number", summary: "Hour of the day in the policy's zone, 0 to 23." },
  "time.weekday": { type: "number", summary: "Day of the week in the policy's zone, 1 (Monday) to 7." },
} as const satisfies Record<string, FactEntry>;

export type FactName = keyof typeof factCatalog;
export const factNames = Object.keys(factCatalog) as readonly FactName[];

export function isFactName(name: string): name is FactName {
  return Object.hasOwn(factCatalog, name);
}

export function factEntry(name: FactName): FactEntry {
  return factCatalog[name];
}

/** Operators' companions on counter facts: they say which counter, not what it is compared with. */
export const counterOptions = ["per", "window", "tool"] as const;
export type CounterOption = (typeof counterOptions)[number];

/** Longest sliding window: 31 days. */
export const MAX_WINDOW_MS = 31 * 86_400_000;
