import { RunlogError, type RunIdentity } from "#api";
import type { Ledger, RestoreEvent, RunArchive } from "#ledger";
import type { LogRecord, ReviewRecord, RunLog } from "#runlog";

/** A day longer than the longest month in any zone, so that every budget of today and this month is whole again. */
export const REBUILD_SPAN_MS = 33 * 86_400_000;

/**
 * Tells the ledger what the run log knows, oldest first, so that budgets are right from the first review on.
 * Resolves to the number of records that counted.
 */
export async function rebuildLedger(ledger: Ledger, runLog: Pick<RunLog, "replay">, now: number): Promise<number> {
  let counted = 0;
  await runLog.replay(now - REBUILD_SPAN_MS, (record) => {
    for (const event of eventsOf(record)) {
      ledger.restore(event);
      counted++;
    }
  });
  return counted;
}

/** The run log as the ledger's archive: where a run that is no longer in memory is looked up. */
export function createRunArchive(runLog: Pick<RunLog, "history" | "ofUid">): RunArchive {
  return {
    async history(run: RunIdentity, onEvent) {
      const known = await runLog.history(run, (record) => {
        for (const event of eventsOf(record)) onEvent(event);
      });
      if (known === undefined) return;
      const { closure, complete } = known;
      if (closure !== undefined) onEvent({ kind: "closed", at: closure.at, run, closure, tree: false });
      else if (!complete) {
        throw new RunlogError(
          "RL_RUN_UNKNOWN_STATE",
          `retention took records of run ${run.run}: its counters are not known any more`,
        );
      }
    },
    async review(run, uid) {
      return (await runLog.ofUid(run, uid)).flatMap(eventsOf);
    },
  };
}

/** What a record means to the counters. */
export function eventsOf(record: LogRecord): readonly RestoreEvent[] {
  if (record.kind === "review") return [reviewEvent(record)];
  const run =
    "run" in record
      ? { namespace: record.namespace, serviceAccount: record.serviceAccount, run: record.run }
      : undefined;
  if (record.kind === "report" && run !== undefined) {
    const { uid, reportDigest, charge, replaces, at } = record;
    return [{ kind: "settle", at, request: { run, uid, reportDigest, charge }, replaces }];
  }
  if (record.kind === "sweep" && run !== undefined) return [{ kind: "expired", at: record.at, run, uid: record.uid }];
  if (record.kind === "run" && record.closure !== undefined && run !== undefined) {
    return [{ kind: "closed", at: record.at, run, closure: record.closure, tree: record.tree === true }];
  }
  return [];
}

function reviewEvent(record: ReviewRecord): RestoreEvent {
  const { namespace, serviceAccount, run, parent } = record;
  return {
    kind: "review",
    at: record.at,
    request: {
      run: { namespace, serviceAccount, run },
      uid: record.uid,
      requestDigest: record.requestDigest,
      parent: parent && {
        run: { namespace: parent.namespace, serviceAccount: parent.serviceAccount, run: parent.run },
        delegation: parent.delegation,
      },
      agent: record.agent,
      user: record.user,
      action: record.action,
      tool: record.tool,
      model: record.model,
      callDigest: record.callDigest,
      cost: record.cost,
      tokens: record.tokens,
      resend: record.resend,
      delegate: record.delegate,
    },
    opens: record.opens,
    finish: {
      answer: JSON.stringify(record.response),
      decision: record.response.decision,
      mayRun: record.mayRun,
      countsAsDenial: record.countsAsDenial,
      terminate: record.terminate,
    },
  };
}
