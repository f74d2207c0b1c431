import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApprovals, memoryApprovalStore } from "#approvals";
import { createDecider, createDisclosure, type Caller, type Decider } from "#decision";
import { createMemoryLedger, createPricing } from "#ledger";
import { FileSource, PolicySet } from "#policies";
import { runLogSchema, sqliteRunLog } from "#runlog/sqlite";
import { systemClock } from "#runtime";
import { openDatabase } from "#storage";
import { createLogger, createRegistry } from "#telemetry";
import { loadHash } from "./hash-key.ts";

export interface SandboxFlags {
  readonly policies: readonly string[];
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hashKeyFile?: string | undefined;
}

export interface Sandbox extends AsyncDisposable {
  readonly source: FileSource;
  readonly decider: Decider;
  readonly caller: Caller;
}

/** The real way of a review over a run log in a folder that is removed afterwards: counters start at nothing, nothing is kept. */
export async function openSandbox(flags: SandboxFlags): Promise<Sandbox> {
  const clock = systemClock;
  const metrics = createRegistry();
  const logger = createLogger({ level: "silent" });
  const now = (): number => clock.now();
  const set = new PolicySet({ now, hash: await loadHash(flags.hashKeyFile) });
  const source = new FileSource({ paths: flags.policies, set, defaultNamespace: flags.namespace, now });
  await source.reload();
  const folder = await mkdtemp(join(tmpdir(), "runlog-"));
  const schema = [runLogSchema];
  const database = await openDatabase({
    file: join(folder, "runlog.db"),
    schema,
    durability: "buffered",
    clock,
    logger,
    metrics,
  });
  const runLog = sqliteRunLog({ database, required: true, clock, logger, metrics });
  const decider = createDecider({
    policies: set,
    ledger: createMemoryLedger({ clock }),
    approvals: createApprovals({ store: memoryApprovalStore(), clock, log: logger, registry: metrics, electorate: {} }),
    runLog,
    pricing: createPricing(),
    maxCost: 100_000_000,
    disclosure: createDisclosure("full"),
    clock,
    registry: metrics,
    log: logger,
  });
  const { namespace, serviceAccount, labels } = flags;
  return {
    source,
    decider,
    caller: { namespace, serviceAccount, labels, namespaceLabels: {} },
    async [Symbol.asyncDispose]() {
      await runLog.close(2_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
