import { type Decision, decisions, type RunIdentity } from "#api";
import type { ChainedRow, SqlValue, Statement } from "#storage";
import type { ClosureRecord, LogRecord, ReportRecord, ReviewRecord, RunRecord } from "../record.ts";
import { RECORDS } from "./schema.ts";

/** What queries look at, in the order of RECORD_COLUMNS. `verify` holds it against the body. */
export function recordColumns(record: LogRecord): SqlValue[] {
  const { serviceAccount, run } = record.kind === "policy" ? { serviceAccount: "", run: "" } : record;
  const uid = "uid" in record ? (record.uid ?? null) : null;
  const [step, decision] = record.kind === "review" ? [record.step ?? null, record.response.decision] : [null, null];
  return [record.at, record.kind, record.namespace, serviceAccount, run, uid, step, decision];
}

/** The record as a row, with what it changes in `runs`. */
export function rowOf(record: LogRecord, body: string): ChainedRow {
  return { table: RECORDS, columns: recordColumns(record), body, also: summaryOf(record) };
}

function summaryOf(record: LogRecord): Statement[] {
  switch (record.kind) {
    case "review":
      return record.terminate === undefined
        ? [reviewStatement(record)]
        : [
            reviewStatement(record),
            closing(record, record.terminate.closure, record.terminate.tree ? record.root : undefined),
          ];
    case "report":
      return [reportStatement(record)];
    case "run":
      return runStatements(record);
    case "approval":
    case "policy":
    case "sweep":
      return [];
    default:
      return record satisfies never;
  }
}

// The first statement beside a row sees its seq as last_insert_rowid(). Depth follows the parent's row; a parent nobody knows counts as a root.
const UPSERT = `INSERT INTO runs (ns, sa, run, agent, parent_ns, parent_sa, parent_run, root_ns, root_sa, root_run, depth, started_at, last_at, first_seq,
  steps, ${decisions.map((decision) => `n_${decision}`).join(", ")}, cost, tokens)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
    CASE WHEN ?7 IS NULL THEN 0 ELSE 1 + coalesce((SELECT depth FROM runs WHERE ns = ?5 AND sa = ?6 AND run = ?7), 0) END,
    ?11, ?11, last_insert_rowid(), ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
  ON CONFLICT (ns, sa, run) DO UPDATE SET agent = coalesce(agent, excluded.agent), last_at = max(last_at, excluded.last_at), steps = steps + excluded.steps,
    ${decisions.map((decision) => `n_${decision} = n_${decision} + excluded.n_${decision}`).join(", ")},
    cost = cost + excluded.cost, tokens = tokens + excluded.tokens`;

interface RunFacts extends RunIdentity {
  readonly at: number;
  readonly agent?: string | undefined;
  readonly parent?: RunIdentity | undefined;
  readonly root?: RunIdentity | undefined;
}
interface Delta {
  readonly steps: number;
  readonly decision: Decision | undefined;
  readonly cost: number;
  readonly tokens: number;
}

function upsert(run: RunFacts, delta: Delta): Statement {
  const parent = run.parent;
  const root = run.root ?? run;
  return {
    sql: UPSERT,
    params: [
      run.namespace,
      run.serviceAccount,
      run.run,
      run.agent ?? null,
      parent?.namespace ?? null,
      parent?.serviceAccount ?? null,
      parent?.run ?? null,
      root.namespace,
      root.serviceAccount,
      root.run,
      run.at,
      delta.steps,
      ...decisions.map((decision) => (decision === delta.decision ? 1 : 0)),
      delta.cost,
      delta.tokens,
    ],
  };
}

function reviewStatement(record: ReviewRecord): Statement {
  return upsert(record, {
    steps: 1,
    decision: record.response.decision,
    cost: charged(record, record.cost),
    tokens: charged(record, record.tokens),
  });
}

/** Money and tokens: only actions that may run; an estimate that is not known counts when it is reported. */
function charged(record: ReviewRecord, reading: ReviewRecord["cost"]): number {
  return record.mayRun && typeof reading === "number" ? reading : 0;
}

function reportStatement(record: ReportRecord): Statement {
  const charge = record.charge ?? { cost: 0, tokens: 0 };
  return {
    sql: "UPDATE runs SET cost = cost + ?, tokens = tokens + ?, last_at = max(last_at, ?) WHERE ns = ? AND sa = ? AND run = ?",
    params: [
      charge.cost - record.replaces.charged.cost,
      charge.tokens - record.replaces.charged.tokens,
      record.at,
      record.namespace,
      record.serviceAccount,
      record.run,
    ],
  };
}

function runStatements(record: RunRecord): Statement[] {
  const row = upsert(record, { steps: 0, decision: undefined, cost: 0, tokens: 0 });
  if (record.closure === undefined) return [row];
  return [row, closing(record, record.closure, record.tree === true ? (record.root ?? record) : undefined)];
}

const SET_CLOSED = "UPDATE runs SET state = ?1, closure = ?2, ended_at = coalesce(ended_at, ?3)";
const ENDED = `${SET_CLOSED} WHERE state = 'active' AND ns = ?4 AND sa = ?5 AND run = ?6`;
const TREE = `${SET_CLOSED} WHERE state <> 'terminated' AND root_ns = ?4 AND root_sa = ?5 AND root_run = ?6`;
const SUBTREE = `${SET_CLOSED} WHERE state <> 'terminated' AND id IN (WITH RECURSIVE below (id, ns, sa, run) AS (
  SELECT id, ns, sa, run FROM runs WHERE ns = ?4 AND sa = ?5 AND run = ?6
  UNION SELECT r.id, r.ns, r.sa, r.run FROM runs r JOIN below b ON r.parent_ns = b.ns AND r.parent_sa = b.sa AND r.parent_run = b.run)
  SELECT id FROM below)`;

/**
 * Ending touches an active run only. Terminating also touches those below it (or the whole tree of `root`), ended ones too, for they answer
 * terminate from now on; a terminated run stays as it was.
 */
function closing(run: RunIdentity, closure: ClosureRecord, root: RunIdentity | undefined): Statement {
  const target = root ?? run;
  return {
    sql: closure.state === "ended" ? ENDED : root === undefined ? SUBTREE : TREE,
    params: [closure.state, JSON.stringify(closure), closure.at, target.namespace, target.serviceAccount, target.run],
  };
}
