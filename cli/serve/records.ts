import { messageOf } from "#api";
import type { Approvals, ApprovalTransition } from "#approvals";
import type { AppliedChange, PolicyEntry, PolicySet } from "#policies";
import type { ApprovalRecord, LogRecord, PolicyRecord, RunLog } from "#runlog";
import type { Clock } from "#runtime";
import type { Logger } from "#telemetry";

const events: Readonly<Record<ApprovalTransition["event"], ApprovalRecord["event"]>> = {
  asked: "opened",
  voted: "vote",
  used: "used",
  withdrawn: "phase",
  expired: "phase",
  deleted: "phase",
};

/** Writes each step of an approval into the run log, beside the reviews it belongs to. */
export function recordApprovals(approvals: Approvals, runLog: RunLog, log: Logger): void {
  approvals.onTransition(({ event, to, at, request, vote, uid }) => {
    const { agent, run } = request.spec;
    const closed = to !== "Pending";
    append(runLog, log, {
      kind: "approval",
      at,
      namespace: agent.namespace,
      serviceAccount: agent.serviceAccount,
      run,
      name: request.metadata.name,
      phase: to,
      event: events[event],
      ...(uid === undefined ? {} : { uid }),
      ...(vote === undefined ? {} : { vote }),
      ...(event === "asked" || closed ? { spec: request.spec } : {}),
      ...(closed && request.status !== undefined ? { status: request.status } : {}),
    });
  });
}

/** Writes each version of a policy that comes into force, so that a decision can be explained later; first those that are in force already. */
export function recordPolicies(
  policies: PolicySet,
  runLog: RunLog,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): void {
  const write = (change: Pick<AppliedChange, "revision" | "accepted" | "removed">): void => {
    const at = clock.now();
    for (const entry of change.accepted) append(runLog, logger, inForce(entry, change.revision, at));
    for (const key of change.removed) append(runLog, logger, removed(key, change.revision, at));
  };
  write({
    revision: policies.index.revision,
    accepted: policies.entries().filter((entry) => entry.state === "enforced"),
    removed: [],
  });
  policies.onChange(write);
}

function inForce({ resource, key, generation }: PolicyEntry, revision: string, at: number): PolicyRecord {
  const { kind, metadata, spec } = resource;
  const { namespace, name, uid = key } = metadata;
  const policy = { kind, ...(namespace === undefined ? {} : { namespace }), name, uid, generation };
  return { kind: "policy", at, namespace: namespace ?? "", policy, revision, spec: { ...spec }, removed: false };
}

function removed(key: string, revision: string, at: number): PolicyRecord {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  const policy = {
    kind: kind === "ClusterAgentPolicy" ? kind : "AgentPolicy",
    ...(namespace === "" ? {} : { namespace }),
    name,
    uid: key,
    generation: 0,
  } as const;
  return { kind: "policy", at, namespace, policy, revision, removed: true };
}

function append(runLog: RunLog, log: Logger, record: LogRecord): void {
  runLog
    .append(record)
    .catch((error: unknown) => log.error({ err: messageOf(error), kind: record.kind }, "a record was not written"));
}
