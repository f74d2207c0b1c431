import { RunlogError, type RunIdentity } from "#api";
import type { Closure } from "#ledger";
import type { Caller } from "./caller.ts";
import type { Deciding } from "./deciding.ts";
import { runRecord } from "./record.ts";

/** The agent says that its run is over. Ending an ended run again succeeds; a terminated one stays terminated (RL_RUN_CLOSED). */
export async function endRun(deciding: Deciding, caller: Caller, run: string): Promise<Closure> {
  const identity = { namespace: caller.namespace, serviceAccount: caller.serviceAccount, run };
  const at = deciding.clock.now();
  return close(deciding, identity, {
    state: "ended",
    reason: "run_ended",
    message: "the agent ended the run",
    policy: null,
    at,
  });
}

/** A person ends the run and everything below it, for ever. */
export async function terminateRun(
  deciding: Deciding,
  identity: RunIdentity,
  reason: string,
  by: string,
): Promise<Closure> {
  const at = deciding.clock.now();
  return close(deciding, identity, {
    state: "terminated",
    reason: "terminated_by_person",
    message: `${by}: ${reason}`,
    policy: null,
    at,
  });
}

async function close(deciding: Deciding, wanted: { run: RunIdentity; closure: Closure; by?: string }): Promise<Closure> {
  const { run: identity, closure } = wanted;
  const view = await deciding.ledger.run(identity);
  if (view === undefined) throw new RunlogError("RL_NOT_FOUND", `there is no run ${identity.run}`, { path: "run" });
  const before = view.closure;
  if (before !== undefined && (before.state === closure.state || before.state === "terminated"))
    return kept(before, closure);
  deciding.runLog.admit(false);
  await deciding.runLog.append(runRecord({ ...wanted, tree: false }));
  const after = (await deciding.ledger.close(identity, closure, { tree: false })) ?? closure;
  await deciding.approvals.withdrawRun(
    identity,
    closure.state === "ended" ? "the run ended" : "the run was terminated",
  );
  return kept(after, closure);
}

function kept(inForce: Closure, wanted: Closure): Closure {
  if (inForce.state === wanted.state) return inForce;
  throw new RunlogError("RL_RUN_CLOSED", `the run is ${inForce.state}: ${inForce.message}`);
}
