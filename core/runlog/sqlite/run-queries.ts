import { type Decision, decisions, formatUsd, type RunIdentity, type RunState, type RunSummary } from "#api";
import type { Reader, SqlValue } from "#storage";
import { pageToken, parsePageToken } from "../page-token.ts";
import type { ClosureRecord } from "../record.ts";
import type { ArchivedRun, Page, PageOf, RunQuery } from "../run-log.ts";

type RunRow = {
  readonly id: number;
  readonly ns: string;
  readonly sa: string;
  readonly run: string;
  readonly agent: string | null;
  readonly state: RunState;
  readonly closure: string | null;
  readonly ended_at: number | null;
  readonly parent_ns: string | null;
  readonly parent_sa: string | null;
  readonly parent_run: string | null;
  readonly root_ns: string;
  readonly root_sa: string;
  readonly root_run: string;
  readonly depth: number;
  readonly started_at: number;
  readonly last_at: number;
  readonly first_seq: number;
  readonly steps: number;
  readonly cost: number;
  readonly tokens: number;
} & { readonly [count in `n_${Decision}`]: number };

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function closureOf(row: RunRow): ClosureRecord | undefined {
  return row.closure === null ? undefined : (JSON.parse(row.closure) as ClosureRecord);
}

function summaryOf(row: RunRow): RunSummary {
  const counts = decisions.map((decision) => [decision, row[`n_${decision}`]] as const);
  return {
    namespace: row.ns,
    serviceAccount: row.sa,
    run: row.run,
    agent: row.agent,
    state: row.state,
    reason: closureOf(row)?.reason ?? null,
    startedAt: iso(row.started_at),
    lastAt: iso(row.last_at),
    endedAt: row.ended_at === null ? null : iso(row.ended_at),
    parent:
      row.parent_run === null
        ? null
        : { namespace: row.parent_ns ?? "", serviceAccount: row.parent_sa ?? "", run: row.parent_run },
    root: { namespace: row.root_ns, serviceAccount: row.root_sa, run: row.root_run },
    depth: row.depth,
    steps: row.steps,
    decisions: Object.fromEntries(counts) as Record<Decision, number>,
    cost: { usd: formatUsd(row.cost) },
    tokens: row.tokens,
  };
}

type Condition = readonly [sql: string, value: SqlValue];

function conditionsOf(query: RunQuery): readonly Condition[] {
  const all: readonly (readonly [string, SqlValue | undefined])[] = [
    ["ns = ?", query.namespace],
    ["sa = ?", query.serviceAccount],
    ["agent = ?", query.agent],
    ["state = ?", query.state],
    ["last_at >= ?", query.since],
    ["started_at < ?", query.until],
    // A column name from a closed list, never from outside.
    [`n_${decisions.find((decision) => decision === query.decision) ?? "deny"} >= ?`, query.decision && 1],
  ];
  return all.filter((condition): condition is Condition => condition[1] !== undefined);
}

export async function listRuns(reader: Reader, query: RunQuery, page: Page): Promise<PageOf<RunSummary>> {
  const from: readonly Condition[] =
    page.continue === undefined ? [] : [["id < ?", parsePageToken("runs", page.continue)]];
  const conditions = [...conditionsOf(query), ...from];
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([sql]) => sql).join(" AND ")}`;
  const { rows } = await reader.read<RunRow>(`SELECT * FROM runs ${where} ORDER BY id DESC LIMIT ?`, [
    ...conditions.map(([, value]) => value),
    page.limit + 1,
  ]);
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(summaryOf),
    continue: rows.length > shown.length && last !== undefined ? pageToken("runs", last.id) : null,
  };
}

export async function findRun(reader: Reader, run: RunIdentity): Promise<ArchivedRun | undefined> {
  const { rows } = await reader.read<RunRow & { readonly anchor: number }>(
    "SELECT runs.*, (SELECT anchor_seq FROM storage_chains WHERE name = 'records') AS anchor FROM runs WHERE ns = ? AND sa = ? AND run = ?",
    [run.namespace, run.serviceAccount, run.run],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return { summary: summaryOf(row), closure: closureOf(row), complete: row.first_seq > row.anchor };
}
