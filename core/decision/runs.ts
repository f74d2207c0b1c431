import { RunlogError, type RunIdentity } from "#api";
import type { Closure } from "#ledger";
import type { Caller } from "./caller.ts";
import type { Deciding } from "./deciding.ts";
import { runRecord } from "./record.ts";

/** The agent says that its run is over. Ending an ended run again succeeds; a terminated one stays terminated (RL_RUN_CLOSED). */
export async function endRun(deciding: Deciding, caller: Caller, run: string): Promise<Closure> {
  const at = deciding.clock.now();
  const closure = {
    state: "ended",
    reason: "run_ended",
    message: "the agent ended the run",
    policy: null,
    at,
  } as const;
  const identity = { namespace: caller.namespace, serviceAccount: caller.serviceAccount, run };
  return close(deciding, { run: identity, closure });
}

export interface Termination {
  readonly run: RunIdentity;
  readonly reason: string;
  /** The person, as verified by the door. */
  readonly by: string;
}

/** A person ends the run and everything below it, for ever. */
export async function terminateRun(deciding: Deciding, { run, reason, by }: Termination): Promise<Closure> {
  const at = deciding.clock.now();
  const closure = { state: "terminated", reason: "terminated_by_person", message: reason, policy: null, at } as const;
  return close(deciding, { run, closure, by });
}

interface Closing {
  readonly run: RunIdentity;
  readonly closure: Closure;
  readonly by?: string | undefined;
}

async function close(deciding: Deciding, { run, closure, by }: Closing): Promise<Closure> {
  const view = await deciding.ledger.run(run);
  if (view === undefined) throw new RunlogError("RL_NOT_FOUND", `there is no run ${run.run}`);
  const before = view.closure;
  if (before !== undefined && (before.state === closure.state || before.state === "terminated")) {
    return kept(before, closure);
  }
  deciding.runLog.admit(false);
  await deciding.runLog.append(runRecord({ run, closure, tree: false, by }));
  const after = (await deciding.ledger.close(run, closure, { tree: false })) ?? closure;
  await deciding.approvals.withdrawRun(run, closure.state === "ended" ? "the run ended" : "the run was terminated");
  return kept(after, closure);
}

function kept(inForce: Closure, wanted: Closure): Closure {
  if (inForce.state === wanted.state) return inForce;
  throw new RunlogError("RL_RUN_CLOSED", `the run is ${inForce.state}: ${inForce.message}`);
}
