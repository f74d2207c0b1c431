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
    sql: "@runlog.review",
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
    sql: "@runlog.report",
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

/**
 * Ending touches an active run only. Terminating also touches those below it (or the whole tree of `root`), ended ones too, for they answer
 * terminate from now on; a terminated run stays as it was.
 */
function closing(run: RunIdentity, closure: ClosureRecord, root: RunIdentity | undefined): Statement {
  const target = root ?? run;
  return {
    sql: closure.state === "ended" ? "@runlog.end" : root === undefined ? "@runlog.endBelow" : "@runlog.endTree",
    params: [closure.state, JSON.stringify(closure), closure.at, target.namespace, target.serviceAccount, target.run],
  };
}
