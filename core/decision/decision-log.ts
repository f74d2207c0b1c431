import { isRunlogError, RunlogError } from "#api";
import type { RunLog } from "#runlog";
import type { DecisionLog } from "./deciding.ts";

/** A batch that is overdue, or was under way when the writer died, may have been committed. */
const UNCERTAIN: ReadonlySet<string> = new Set(["stalled", "down"]);

/** The run log with its early refusal: what could not be written down is refused before anything is reserved. */
export function decisionLog(runLog: RunLog): DecisionLog {
  return {
    admit(dryRun) {
      if (dryRun || runLog.accepting()) return;
      const { ok, state, lastError } = runLog.health();
      if (!ok)
        throw new RunlogError("RL_STORE_UNAVAILABLE", `the run log takes no records: ${lastError ?? state}`, {
          retryAfter: 2,
        });
      throw new RunlogError("RL_SATURATED", "too many records are waiting to be written", { retryAfter: 1 });
    },
    mayBeWritten(error) {
      if (!isRunlogError(error) || error.code !== "RL_STORE_UNAVAILABLE") return false;
      return UNCERTAIN.has(runLog.health().state);
    },
    append: runLog.append.bind(runLog),
    review: runLog.review.bind(runLog),
  };
}
