/**
 * Plays recorded agent runs against a live decision point, one review per recorded step, and prints what was decided.
 * Where people are asked it answers as an approver would, waits for the answer and sends the approved action again.
 * It performs no action: it only asks, and reports what the recording says an action cost.
 *
 *   node examples/airline/play.ts --server http://127.0.0.1:8181 --runs RUNS.jsonl --approver-token .runlog/approver-token
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

interface Step {
  readonly run: string;
  readonly step: number;
  readonly end?: boolean;
  readonly agent: string;
  readonly user: string;
  readonly action: "tool_call" | "llm_call" | "message";
  readonly tool?: string;
  readonly model?: string;
  readonly args?: Record<string, unknown>;
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly costUsd?: string;
}

interface Answer {
  readonly decision: string;
  readonly allowed: boolean;
  readonly approval: { readonly namespace: string; readonly name: string; readonly wait: string } | null;
}

export interface PlayOptions {
  readonly server: string;
  readonly steps: readonly Step[];
  readonly approverToken: string;
  /** Put before every run id, so that the same recording can be played twice into one log. */
  readonly prefix?: string;
}

/** Decisions per action: `{ "tool_call cancel_reservation": { require_approval: 35, … } }`; tools are counted one by one. */
export type Counts = Record<string, Record<string, number>>;

export async function play(options: PlayOptions): Promise<Counts> {
  const counts: Counts = {};
  const over = new Set<string>();
  for (const step of options.steps) {
    const run = `${options.prefix ?? ""}${step.run}`;
    if (step.end === true) {
      if (!over.has(run)) await post(options, `/v1/runs/${run}/end`, {});
      continue;
    }
    if (over.has(run)) {
      count(counts, step, "after_the_end");
      continue;
    }
    const decision = await playStep(options, run, step);
    count(counts, step, decision);
    if (decision === "terminate") over.add(run);
  }
  return counts;
}

async function playStep(options: PlayOptions, run: string, step: Step): Promise<string> {
  const uid = `${run}-${step.step}`;
  const answer = await review(options, requestOf(run, uid, step));
  if (answer.approval === null) {
    if (answer.allowed) await settle(options, run, uid, step);
    return answer.decision;
  }
  const { namespace, name, wait } = answer.approval;
  await post(options, `/v1/approvals/${namespace}/${name}/vote`, { decision: "approve" }, options.approverToken);
  await call(options, wait, { method: "GET" });
  const again = await review(options, { ...requestOf(run, `${uid}-approved`, step), approval: name });
  if (again.allowed) await settle(options, run, `${uid}-approved`, step);
  return again.allowed ? "require_approval" : `require_approval, then ${again.decision}`;
}

function requestOf(run: string, uid: string, step: Step): Record<string, unknown> {
  const { action, tool, model, args, agent, user, tokens, costUsd } = step;
  const cost = costUsd === undefined ? undefined : { usd: costUsd };
  return { uid, run, step: step.step, action, tool, model, args, agent, user, tokens, cost };
}

async function review(options: PlayOptions, request: Record<string, unknown>): Promise<Answer> {
  const body = { apiVersion: "runlog.io/v1alpha1", kind: "ActionReview", request };
  const { response } = (await post(options, "/v1/review", body)) as { response: Answer };
  return response;
}

async function settle(options: PlayOptions, run: string, uid: string, step: Step): Promise<void> {
  const cost = step.costUsd === undefined ? undefined : { usd: step.costUsd };
  await post(options, "/v1/report", { run, uid, outcome: "success", tokens: step.tokens, cost });
}

async function post(options: PlayOptions, path: string, body: unknown, token?: string): Promise<unknown> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { "content-type": "application/json", ...authorization };
  return call(options, path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function call(options: PlayOptions, path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(`${options.server}${path}`, { ...init, signal: AbortSignal.timeout(70_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

function count(counts: Counts, step: Step, decision: string): void {
  const action = step.tool === undefined ? step.action : `${step.action} ${step.tool}`;
  const row = (counts[action] ??= {});
  row[decision] = (row[decision] ?? 0) + 1;
}

export async function readSteps(file: string): Promise<readonly Step[]> {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Step);
}

/** One line per action, decisions in the order of their strength. */
export function printCounts(counts: Counts): string {
  const rows = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...rows.map(([action]) => action.length));
  const order = ["allow", "modify", "require_approval", "deny", "terminate"];
  const place = (decision: string): number => (order.includes(decision) ? order.indexOf(decision) : order.length);
  return rows
    .map(([action, row]) => {
      const cells = Object.entries(row).sort(([a], [b]) => place(a) - place(b));
      return `${action.padEnd(width)}  ${cells.map(([decision, n]) => `${decision} ${n}`).join("  ")}`;
    })
    .join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      server: { type: "string", default: "http://127.0.0.1:8181" },
      runs: { type: "string" },
      "approver-token": { type: "string", default: ".runlog/approver-token" },
      prefix: { type: "string", default: "" },
    },
  });
  if (values.runs === undefined) {
    process.stderr.write("usage: node examples/airline/play.ts --runs RUNS.jsonl [--server URL] [--approver-token FILE] [--prefix TEXT]\n");
    process.exit(2);
  }
  const approverToken = (await readFile(values["approver-token"], "utf8")).trim();
  const counts = await play({ server: values.server, steps: await readSteps(values.runs), approverToken, prefix: values.prefix });
  process.stdout.write(`${printCounts(counts)}\n`);
}
