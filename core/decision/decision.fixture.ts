import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunlogError, messageOf } from "#api";
import type { PolicySpec, Report, ReviewRequest, ReviewResponse, Vote } from "#api";
import { createApprovals, memoryApprovalStore, type Approvals } from "#approvals";
import { compileEdits, compilePolicy, emptyIndex, type RuleIndex } from "#engine";
import { createMemoryLedger, createPricing, type Ledger, type UsageQuery } from "#ledger";
import type { RunLog } from "#runlog";
// oxlint-disable-next-line no-restricted-imports -- the line is tested over the real store; only compositions may open it otherwise
import { runLogSchema, sqliteRunLog } from "#runlog/sqlite";
import { manualClock, type ManualClock } from "#runtime";
// oxlint-disable-next-line no-restricted-imports
import { openDatabase } from "#storage";
import { createLogger, createRegistry, type MetricsRegistry } from "#telemetry";
import type { Caller } from "./caller.ts";
import { createDecider, type Decider } from "./decider.ts";
import { createDisclosure, type StoredArgs } from "./disclosure.ts";
import type { Outcome } from "./outcome.ts";
import { createRunArchive, rebuildLedger } from "./rebuild.ts";
import type { Reported } from "./report.ts";

export const NOON = Date.UTC(2026, 4, 15, 12);
export const MINUTE = 60_000;

export const bot: Caller = Object.freeze({
  namespace: "agents",
  serviceAccount: "bot",
  labels: {},
  namespaceLabels: {},
});
export const helper: Caller = Object.freeze({ ...bot, serviceAccount: "helper" });

export type Rules = NonNullable<PolicySpec["rules"]>;
export type Rule = Rules[number];

/** What a review must say besides the parts a test is about. */
export type Ask = Partial<ReviewRequest> & { readonly by?: Caller };

export interface WorldOptions {
  readonly stored?: StoredArgs;
  readonly required?: boolean;
}

/** The whole line over a run log in a folder of its own, with a clock that the test moves. */
export class World implements AsyncDisposable {
  readonly clock: ManualClock = manualClock(NOON);
  readonly outcomes: Outcome[] = [];
  /** Stands between the line and the run log, for faults no real one can be told to show. */
  fault: ((append: () => ReturnType<RunLog["append"]>) => ReturnType<RunLog["append"]>) | undefined;
  /** The run log says that a batch is overdue. */
  stalled = false;
  policies: { index: RuleIndex } = { index: emptyIndex() };
  registry!: MetricsRegistry;
  ledger!: Ledger;
  approvals!: Approvals;
  runLog!: RunLog;
  decider!: Decider;
  readonly #folder = mkdtempSync(join(tmpdir(), "runlog-line-"));
  readonly #options: WorldOptions;
  readonly #store = memoryApprovalStore();
  #uid = 0;

  private constructor(options: WorldOptions) {
    this.#options = options;
  }

  static async open(rules: Rules = [], options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    world.enforce(rules);
    await world.#start();
    return world;
  }

  async #start(): Promise<void> {
    const { clock } = this;
    const logger = createLogger({ level: "silent" });
    const metrics = (this.registry = createRegistry());
    const database = await openDatabase({
      file: join(this.#folder, "runlog.db"),
      schema: [runLogSchema],
      durability: "committed",
      clock,
      logger,
      metrics,
    });
    this.runLog = sqliteRunLog({ database, required: this.#options.required ?? true, clock, logger, metrics });
    this.ledger = createMemoryLedger({ clock, archive: createRunArchive(this.runLog) });
    await rebuildLedger(this.ledger, this.runLog, clock.now());
    const common = { clock, log: logger, registry: metrics };
    this.approvals = createApprovals({
      ...common,
      store: this.#store,
      electorate: {},
      ballotError: (vote) => compileEdits(vote.edits ?? []).diagnostics[0]?.message,
    });
    this.decider = createDecider({
      ...common,
      policies: this.policies,
      ledger: this.ledger,
      approvals: this.approvals,
      runLog: this.#faulty(),
      pricing: createPricing({ models: { "gpt-*": { input: "1.00", cachedInput: "0.10", output: "10.00" } } }),
      maxCost: 100_000_000,
      disclosure: createDisclosure(this.#options.stored ?? "full"),
      onDecision: (outcome) => this.outcomes.push(outcome),
    });
  }

  #faulty(): RunLog {
    const { runLog } = this;
    return {
      ...runLog,
      append: (record, body) => {
        const append = () => runLog.append(record, body);
        return this.fault === undefined ? append() : this.fault(append);
      },
      health: () => (this.stalled ? { ...runLog.health(), ok: false, state: "stalled" } : runLog.health()),
    };
  }

  /** Puts these rules, and nothing else, into force as the policy agents/test. */
  enforce(rules: Rules, more: Record<string, Rules> = {}): void {
    const set = Object.entries({ test: rules, ...more }).map(([name, list]) => {
      const { policy, diagnostics } = compilePolicy({
        apiVersion: "runlog.io/v1alpha1",
        kind: "AgentPolicy",
        metadata: { name, namespace: "agents", generation: 1 },
        spec: { rules: list },
      });
      if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
      return policy;
    });
    this.policies.index = emptyIndex().with({ set, remove: [] });
  }

  request(ask: Ask = {}): ReviewRequest {
    const { by: _, ...rest } = ask;
    return { uid: `u${this.#uid++}`, run: "r", action: "tool_call", tool: "t", ...rest } as ReviewRequest;
  }

  ask(ask: Ask = {}): Promise<ReviewResponse> {
    return this.decider.review(ask.by ?? bot, this.request(ask));
  }

  batch(...asks: Ask[]): Promise<readonly ReviewResponse[]> {
    return this.decider.reviewBatch(
      bot,
      asks.map((ask) => this.request(ask)),
    );
  }

  report(uid: string, more: Partial<Report> = {}, by = bot): Promise<Reported> {
    return this.decider.report(by, { run: "r", uid, outcome: "success", ...more } as Report);
  }

  vote(name: string, vote: Vote = { decision: "approve" }, user = "alice"): ReturnType<Approvals["vote"]> {
    const target = { namespace: "agents", name, mayApprove: true };
    return this.approvals.vote(target, { username: user, groups: ["sec"] }, vote);
  }

  /** USD of today, over everything unless said otherwise. */
  async spent(query: Partial<UsageQuery> = {}): Promise<number> {
    const { today } = await this.ledger.usage({ per: "cluster", zone: "UTC", ...query });
    return today.cost / 1_000_000;
  }

  async state(run = "r", by = bot): Promise<string | undefined> {
    return (await this.ledger.run({ namespace: by.namespace, serviceAccount: by.serviceAccount, run }))?.state;
  }

  async steps(run = "r", by = bot): Promise<readonly { readonly kind: string; readonly [field: string]: unknown }[]> {
    const identity = { namespace: by.namespace, serviceAccount: by.serviceAccount, run };
    return (await this.runLog.steps(identity, { limit: 500 })).items;
  }

  /** Ends as a crash would, but for what was answered, and starts again from the log. */
  async restart(): Promise<void> {
    await this.runLog.close(5_000);
    await this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runLog.close(5_000);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The code of the error a promise ends with. */
export async function refusal(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (isRunlogError(error) ? error.code : messageOf(error)),
  );
}
