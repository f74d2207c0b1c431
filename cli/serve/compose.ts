import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, RunlogError, type RunIdentity } from "#api";
import { createApprovals, createLocalApprovers, loadApprovers, type Approvals, type Approvers } from "#approvals";
import { approvalsSchema, sqliteApprovalStore } from "#approvals/sqlite";
import {
  createDecider,
  createDisclosure,
  createRunArchive,
  rebuildLedger,
  type Decider,
  type DeciderOptions,
} from "#decision";
import { compileEdits, compileGrant } from "#engine";
import { healthRoutes, startServer, type RunningServer } from "#http";
import { createMemoryLedger, createPricing, pricingSchema, type Ledger, type Pricing } from "#ledger";
import { FileSource, hasErrors, PolicySet, type Finding } from "#policies";
import type { RunLog } from "#runlog";
import { runLogSchema, sqliteRunLog } from "#runlog/sqlite";
import { createShutdown, systemClock, type Clock, type Shutdown } from "#runtime";
import { openDatabase } from "#storage";
import { createLogger, createRegistry, type Logger, type MetricsRegistry } from "#telemetry";
import { apiRoutes, embeddedIdentity, readAgentTokens } from "#webhook";
import { parse } from "yaml";
import { loadHash } from "../hash-key.ts";
import { openApiDocument } from "./openapi.ts";
import type { ServeSettings } from "./options.ts";
import { recordApprovals, recordPolicies } from "./records.ts";

/** A decision point that listens: everything embedded, policies from files. */
export interface Serving {
  readonly server: RunningServer;
  readonly policies: PolicySet;
  readonly source: FileSource;
  readonly approvers: Approvers;
  /** Records the counters were rebuilt from. */
  readonly rebuilt: number;
  readonly shutdown: Shutdown;
  readonly log: Logger;
}

export interface ComposeHooks {
  readonly onDecision: NonNullable<DeciderOptions["onDecision"]>;
  /** Findings of files that changed while serving. */
  readonly onReload: (findings: readonly Finding[], accepted: number, rejected: number) => void;
  /** What is wrong with the policies at the start: nothing is served then. */
  readonly onFindings: (findings: readonly Finding[]) => void;
}

interface Base {
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

const SWEEP_MS = 5_000;
const PRUNE_MS = 600_000;

/** The composition root of `runlog serve`. Throws RunlogError; what was opened until then is closed again. */
export async function compose(settings: ServeSettings, hooks: ComposeHooks): Promise<Serving> {
  const shutdown = createShutdown();
  const base = {
    clock: systemClock,
    metrics: createRegistry({ processMetrics: true }),
    logger: createLogger({ level: settings.logLevel }),
    shutdown,
  };
  try {
    return await open(settings, hooks, base);
  } catch (error) {
    await shutdown.run("start failed");
    throw error;
  }
}

async function open(settings: ServeSettings, hooks: ComposeHooks, base: Base): Promise<Serving> {
  refuseOpenDoor(settings);
  const { policies, source } = await loadPolicies(settings, hooks, base);
  const identityParts = { agents: settings.tokens === undefined ? undefined : await readAgentTokens(settings.tokens) };
  const pricing = await loadPricing(settings.pricing);
  await mkdir(settings.state, { recursive: true, mode: 0o700 });
  const stores = await openStores(settings, base);
  const rebuilt = await rebuildLedger(stores.ledger, stores.runLog, base.clock.now());
  const approvers =
    settings.approvers === undefined
      ? await createLocalApprovers(settings.state)
      : await loadApprovers(settings.approvers);
  const approvals = openApprovals(stores, approvers, base);
  const decider = decide(settings, hooks, { ...base, ...stores, policies, approvals, pricing });
  const { namespace, serviceAccount, labels } = settings;
  const identity = embeddedIdentity({
    ...identityParts,
    localCaller: Object.freeze({ namespace, serviceAccount, labels, namespaceLabels: {} }),
    approver: (token) => approvers.identify(token),
  });
  recordApprovals(approvals, stores.runLog, base.logger);
  recordPolicies(policies, stores.runLog, base);
  const routes = [
    ...apiRoutes({ ...stores, decider, approvals, policies, identity, clock: base.clock }),
    ...healthRoutes({ ready: readiness(stores.runLog, policies), registry: base.metrics }),
    openApiDocument(),
  ];
  const server = await startServer({ ...listenOn(settings), routes, log: base.logger, metrics: base.metrics });
  base.shutdown.add("listener", settings.drain + 1_000, async () => {
    approvals.close();
    const { dropped } = await server.close(settings.drain);
    return dropped > 0 ? `${dropped} requests were cut off` : undefined;
  });
  keepHouse(settings, hooks, { ...base, ...stores, decider, approvals, source });
  return { server, policies, source, approvers, rebuilt, shutdown: base.shutdown, log: base.logger };
}

/** Without tokens anybody who reaches the port is the agent: then it must not be reached from elsewhere. */
function refuseOpenDoor({ host, tokens, ...settings }: ServeSettings): void {
  const local = host === "localhost" || host === "::1" || host.startsWith("127.");
  if (!local && tokens === undefined) {
    throw new RunlogError(
      "RL_CONFIG",
      `--host ${host} can be reached from other machines: name the agents with --tokens FILE`,
    );
  }
  if ((settings["tls.cert"] === undefined) !== (settings["tls.key"] === undefined)) {
    throw new RunlogError("RL_CONFIG", "--tls-cert and --tls-key belong together");
  }
}

async function loadPolicies(
  settings: ServeSettings,
  hooks: ComposeHooks,
  base: Base,
): Promise<{ policies: PolicySet; source: FileSource }> {
  const now = (): number => base.clock.now();
  const hash = await loadHash(settings["detection.hashKeyFile"]);
  const policies = new PolicySet({ now, registry: base.metrics, hash });
  const source = new FileSource({ paths: settings.policies, set: policies, defaultNamespace: settings.namespace, now });
  const { findings } = await source.reload();
  hooks.onFindings(findings);
  if (hasErrors(findings))
    throw new RunlogError("RL_POLICY_INVALID", "the policies have errors: nothing is served until they are mended");
  if (policies.index.policies === 0)
    throw new RunlogError("RL_POLICY_INVALID", "there is no policy: without one, every action would be allowed");
  return { policies, source };
}

async function loadPricing(file: string | undefined): Promise<Pricing> {
  if (file === undefined) return createPricing();
  try {
    return createPricing(pricingSchema.parse(parse(await readFile(file, "utf8"), { maxAliasCount: 0 })));
  } catch (error) {
    throw new RunlogError("RL_CONFIG", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

interface Stores {
  readonly runLog: RunLog;
  readonly ledger: Ledger;
  readonly approvalStore: ReturnType<typeof sqliteApprovalStore>;
}

async function openStores(settings: ServeSettings, { clock, metrics, logger, shutdown }: Base): Promise<Stores> {
  const schema = [runLogSchema, approvalsSchema];
  const durability = settings["runLog.durability"];
  const database = await openDatabase({
    file: join(settings.state, "runlog.db"),
    schema,
    durability,
    clock,
    logger,
    metrics,
  });
  const runLog = sqliteRunLog({ database, required: settings["runLog.required"], clock, logger, metrics });
  shutdown.add("run log", 6_000, async () => {
    const { left } = await runLog.close(5_000);
    return left > 0 ? `${left} records were left unwritten` : undefined;
  });
  const ledger = createMemoryLedger({
    clock,
    archive: createRunArchive(runLog),
    metrics,
    limits: { idleTimeoutMs: settings["runs.idleTimeout"], maxActivePerAgent: settings["runs.maxActivePerAgent"] },
  });
  return { runLog, ledger, approvalStore: sqliteApprovalStore(database) };
}

function openApprovals(
  { approvalStore: store, ledger }: Stores,
  approvers: Approvers,
  { clock, logger, metrics }: Base,
): Approvals {
  return createApprovals({
    store,
    clock,
    log: logger,
    registry: metrics,
    electorate: approvers.electorate,
    runTree: (run) => accountsAbove(ledger, run),
    ballotError(vote) {
      const wrong = [
        ...(vote.edits === undefined ? [] : compileEdits(vote.edits).diagnostics),
        ...(vote.grant?.args === undefined ? [] : compileGrant(vote.grant.args).diagnostics),
      ];
      return wrong.find((one) => one.severity === "error")?.message;
    },
  });
}

/** The ServiceAccounts of a run and of those above it: none of them may vote on what the run asks. */
async function accountsAbove(ledger: Ledger, run: RunIdentity): Promise<readonly RunIdentity[]> {
  const accounts: RunIdentity[] = [];
  for (let view = await ledger.run(run); view !== undefined; view = view.parent && (await ledger.run(view.parent))) {
    accounts.push(view.identity);
  }
  return accounts;
}

interface Deciders extends Base, Stores {
  readonly policies: PolicySet;
  readonly approvals: Approvals;
  readonly pricing: Pricing;
}

function decide(settings: ServeSettings, hooks: ComposeHooks, parts: Deciders): Decider {
  return createDecider({
    policies: parts.policies,
    ledger: parts.ledger,
    approvals: parts.approvals,
    runLog: parts.runLog,
    pricing: parts.pricing,
    maxCost: settings["limits.maxCostUsd"],
    disclosure: createDisclosure(settings["runLog.storeArgs"]),
    clock: parts.clock,
    registry: parts.metrics,
    log: parts.logger,
    onDecision: hooks.onDecision,
  });
}

function readiness(runLog: RunLog, policies: PolicySet): Parameters<typeof healthRoutes>[0]["ready"] {
  return {
    policies: () => ({ ok: policies.index.policies > 0, reason: `${policies.index.policies} policies` }),
    "run log": () => {
      const { ok, state, lastError } = runLog.health();
      return { ok, reason: lastError === undefined ? state : `${state}: ${lastError}` };
    },
  };
}

function listenOn(settings: ServeSettings) {
  const { host, port, "tls.cert": certFile, "tls.key": keyFile } = settings;
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  return { host, port, ratePerCaller: settings["limits.rate"], maxInFlight: settings["limits.maxInFlight"], tls };
}

interface House extends Base, Stores {
  readonly decider: Decider;
  readonly approvals: Approvals;
  readonly source: FileSource;
}

/** Reloads, sweeps and prunes until the shutdown. */
function keepHouse(settings: ServeSettings, hooks: ComposeHooks, house: House): void {
  const { decider, approvals, source, runLog, logger, shutdown } = house;
  const every = (ms: number, what: string, work: () => Promise<unknown>): void => {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      work()
        .catch((error: unknown) => logger.error({ err: error }, `${what} failed; it is tried again`))
        .finally(() => (busy = false));
    }, ms);
    shutdown.add(what, 1_000, async () => clearInterval(timer));
  };
  every(settings.reload, "policy reload", async () => {
    const { changed, findings, applied } = await source.reload();
    if (changed)
      hooks.onReload(
        findings,
        (applied?.accepted.length ?? 0) + (applied?.removed.length ?? 0),
        applied?.rejected.length ?? 0,
      );
  });
  every(SWEEP_MS, "housekeeping", async () => {
    await decider.sweep();
    await approvals.sweep();
  });
  every(PRUNE_MS, "retention", () => {
    const runRetentionMs = Math.max(settings["runLog.retention"], 30 * 86_400_000);
    return runLog.prune({
      maxAgeMs: settings["runLog.retention"],
      maxBytes: settings["runLog.maxSize"],
      runRetentionMs,
    });
  });
}
