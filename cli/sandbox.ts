import { createApprovals, memoryApprovalStore } from "#approvals";
import { createDecider, createDisclosure, type Caller, type Decider } from "#decision";
import { createMemoryLedger, createPricing } from "#ledger";
import { FileSource, PolicySet } from "#policies";
import { memoryRunLog } from "#runlog";
import { systemClock } from "#runtime";
import { createLogger, createRegistry } from "#telemetry";

export interface SandboxFlags {
  readonly policies: readonly string[];
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sandbox {
  readonly source: FileSource;
  readonly set: PolicySet;
  readonly decider: Decider;
  readonly caller: Caller;
}

/** The real way of a review over stores in memory: counters start at nothing, nothing is kept. */
export async function openSandbox(flags: SandboxFlags): Promise<Sandbox> {
  const clock = systemClock;
  const registry = createRegistry();
  const log = createLogger({ level: "silent" });
  const set = new PolicySet({ now: () => clock.now() });
  const source = new FileSource({ paths: flags.policies, set, defaultNamespace: flags.namespace });
  await source.reload();
  const decider = createDecider({
    policies: set,
    ledger: createMemoryLedger({ clock }),
    approvals: createApprovals({ store: memoryApprovalStore(), clock, registry, log }),
    runLog: memoryRunLog(),
    pricing: createPricing(),
    maxCost: 100_000_000,
    disclosure: createDisclosure("full"),
    clock,
    registry,
    log,
  });
  const { namespace, serviceAccount, labels } = flags;
  return { source, set, decider, caller: { namespace, serviceAccount, labels, namespaceLabels: {} } };
}
