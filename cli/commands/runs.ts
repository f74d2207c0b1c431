import type { RunSummary } from "#api";
import { createClient, type Client, type ServerFlags } from "../client.ts";
import type { Io } from "../io.ts";
import { age, print, printable, table, type OutputFormat } from "../output.ts";

export interface RunsFlags extends ServerFlags {
  readonly output: OutputFormat;
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  readonly runState?: string | undefined;
  readonly decision?: string | undefined;
  readonly since?: string | undefined;
  readonly limit: number;
}

interface Step {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly step?: number;
  readonly action?: string;
  readonly tool?: string;
  readonly model?: string;
  readonly uid?: string;
  readonly outcome?: string;
  readonly event?: string;
  readonly response?: { readonly decision: string; readonly reason: string; readonly message: string };
}

/** Newest first; follows the pages until `--limit` runs are shown. */
export async function listRuns(io: Io, flags: RunsFlags): Promise<number> {
  const client = await createClient(io, flags);
  const query = {
    namespace: flags.namespace,
    serviceAccount: flags.serviceAccount,
    state: flags.runState,
    decision: flags.decision,
    since: flags.since,
  };
  const items = await pages<RunSummary>(client, "/v1/runs", query, flags.limit);
  const now = Date.now();
  print(io, flags.output, { items }, () =>
    items.length === 0
      ? "No runs.\n"
      : table(items, [
          { title: "namespace", value: (run) => run.namespace },
          { title: "service account", value: (run) => run.serviceAccount },
          { title: "run", value: (run) => run.run },
          { title: "state", value: (run) => run.state },
          { title: "steps", value: (run) => String(run.steps) },
          { title: "refused", value: (run) => String((run.decisions.deny ?? 0) + (run.decisions.terminate ?? 0)) },
          { title: "cost", value: (run) => `$${run.cost.usd}` },
          { title: "age", value: (run) => age(run.startedAt, now) },
        ]),
  );
  return 0;
}

/** One run from its first step to its last. `id` is RUN or NAMESPACE/SERVICEACCOUNT/RUN. */
export async function showRun(io: Io, id: string, flags: RunsFlags): Promise<number> {
  const client = await createClient(io, flags);
  const path = `/v1/runs/${runPath(id, flags)}`;
  const summary = await client.get<RunSummary>(path);
  const steps = await pages<Step>(client, `${path}/steps`, {}, flags.limit);
  print(io, flags.output, { ...summary, steps }, () => `${header(summary)}\n${stepTable(steps)}`);
  return 0;
}

export function runPath(id: string, flags: Pick<RunsFlags, "namespace" | "serviceAccount">): string {
  const parts = id.split("/");
  const [namespace, serviceAccount, run] =
    parts.length === 3 ? parts : [flags.namespace ?? "default", flags.serviceAccount ?? "local", id];
  return [namespace, serviceAccount, run].map((part) => encodeURIComponent(part ?? "")).join("/");
}

async function pages<T>(
  client: Client,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): Promise<T[]> {
  const items: T[] = [];
  let next: string | null = null;
  do {
    const size = String(Math.min(500, limit - items.length));
    const page: { items: readonly T[]; continue: string | null } = await client.get(path, {
      ...query,
      limit: size,
      continue: next ?? undefined,
    });
    items.push(...page.items);
    next = page.continue;
  } while (next !== null && items.length < limit);
  return items;
}

function header(run: RunSummary): string {
  const lines = [
    ["Run", `${run.namespace}/${run.serviceAccount}/${run.run}`],
    ["State", run.reason === null ? run.state : `${run.state}: ${run.reason}`],
    ["Agent", run.agent ?? "-"],
    ["Started", run.startedAt],
    ["Last step", run.lastAt],
    ["Cost", `$${run.cost.usd}, ${run.tokens} tokens`],
  ] as const;
  return lines.map(([name, value]) => `${`${name}:`.padEnd(11)}${printable(value)}\n`).join("");
}

function stepTable(steps: readonly Step[]): string {
  return table(steps, [
    { title: "seq", value: (step) => String(step.seq) },
    { title: "at", value: (step) => step.at },
    { title: "kind", value: (step) => step.kind },
    {
      title: "what",
      value: (step) =>
        [step.action, step.tool ?? step.model].filter((part) => part !== undefined).join(" ") || (step.uid ?? ""),
    },
    { title: "decision", value: (step) => step.response?.decision ?? step.outcome ?? step.event ?? "" },
    {
      title: "why",
      value: (step) => (step.response === undefined ? "" : step.response.message || step.response.reason),
    },
  ]);
}
