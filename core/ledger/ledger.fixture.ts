import { type CounterReading, counterRef, type CounterRef, type RunIdentity } from "#api";
import type * as Contract from "./ledger.ts";

export const NOON = Date.UTC(2026, 4, 15, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function runOf(run: string, serviceAccount = "bot", namespace = "agents"): RunIdentity {
  return { namespace, serviceAccount, run };
}

export type Ask = Partial<Contract.BeginRequest> & { readonly uid: string };

export function asks(ask: Ask): Contract.BeginRequest {
  return {
    run: runOf("run-1"),
    requestDigest: `digest of ${ask.uid}`,
    action: "tool_call",
    tool: "mail.send",
    callDigest: `call ${ask.uid}`,
    cost: 0,
    tokens: 0,
    counters: [],
    limits: [],
    reserve: true,
    dryRun: false,
    resend: false,
    ...ask,
  };
}

export const counters = {
  cost: (per: CounterRef["per"], span: "run" | "day" | "month" = "day", zone = "UTC") =>
    counterRef(span === "run" ? { metric: "cost", span, per } : { metric: "cost", span, per, zone }),
  tokens: (per: CounterRef["per"], zone = "UTC") => counterRef({ metric: "tokens", span: "day", per, zone }),
  calls: (windowMs: number, tool?: string, per: CounterRef["per"] = "agent") =>
    counterRef({ metric: "calls", span: "window", per, windowMs, ...(tool === undefined ? {} : { tool }) }),
  toolCalls: (per: CounterRef["per"] = "agent") => counterRef({ metric: "tool_calls", span: "run", per }),
  callsToTool: (per: CounterRef["per"] = "agent") => counterRef({ metric: "calls_to_tool", span: "run", per }),
  identical: (per: CounterRef["per"] = "agent") => counterRef({ metric: "identical_calls", span: "run", per }),
  denials: (per: CounterRef["per"] = "agent") => counterRef({ metric: "denials", span: "run", per }),
  duration: (per: CounterRef["per"] = "agent") => counterRef({ metric: "run_duration", span: "run", per }),
};

/** What a run log would hold, in order; also the archive made of it. */
export class RecordedRunLog implements Contract.RunArchive {
  readonly events: Contract.RestoreEvent[] = [];
  down = false;
  lookups = 0;
  readonly #known = new Set<string>();
  readonly #rootOf = new Map<string, string>();

  // oxlint-disable-next-line typescript/require-await
  async history(run: RunIdentity, onEvent: (event: Contract.RestoreEvent) => void): Promise<void> {
    this.#look();
    const key = JSON.stringify(run);
    for (const event of this.events) {
      const owner = JSON.stringify(runOfEvent(event));
      if (owner === key || this.#rootOf.get(owner) === key) onEvent(event);
    }
  }

  // oxlint-disable-next-line typescript/require-await
  async review(run: RunIdentity, uid: string): Promise<readonly Contract.RestoreEvent[]> {
    this.#look();
    const key = JSON.stringify(run);
    return this.events.filter((event) => JSON.stringify(runOfEvent(event)) === key && uidOf(event) === uid);
  }

  record(event: Contract.RestoreEvent): void {
    if (event.kind === "review") {
      const { run, parent } = event.request;
      const above = parent && JSON.stringify(parent.run);
      if (above !== undefined) this.#rootOf.set(JSON.stringify(run), this.#rootOf.get(above) ?? above);
    }
    if (event.kind !== "review") {
      this.events.push(event);
      return;
    }
    const key = JSON.stringify(event.request.run);
    this.events.push({ ...event, opens: !this.#known.has(key) });
    this.#known.add(key);
  }

  #look(): void {
    this.lookups++;
    if (this.down) throw new Error("the run log is down");
  }
}

function runOfEvent(event: Contract.RestoreEvent): RunIdentity {
  return event.kind === "review" || event.kind === "settle" ? event.request.run : event.run;
}

function uidOf(event: Contract.RestoreEvent): string | undefined {
  if (event.kind === "closed") return undefined;
  return event.kind === "expired" ? event.uid : event.request.uid;
}

export interface Said {
  readonly mayRun?: boolean;
  readonly countsAsDenial?: boolean;
  readonly terminate?: Contract.FinishRequest["terminate"];
  readonly answer?: string;
  /** When it was begun, if not now. */
  readonly at?: number;
}

/** Drives a ledger as the way of a review does: record first, then tell the ledger. */
export class Driver {
  readonly ledger: Contract.Ledger;
  readonly log: RecordedRunLog;
  readonly #now: () => number;

  constructor(ledger: Contract.Ledger, log: RecordedRunLog, now: () => number) {
    this.ledger = ledger;
    this.log = log;
    this.#now = now;
  }

  async open(ask: Ask): Promise<Extract<Contract.BeginResult, { kind: "open" }>> {
    const result = await this.ledger.begin(asks(ask));
    if (result.kind !== "open") throw new Error(`expected the review to be open, it is ${result.kind}`);
    return result;
  }

  async finish(ask: Ask, said: Said = {}): Promise<Contract.FinishResult> {
    const request = asks(ask);
    const { run, uid, requestDigest } = request;
    const mayRun = said.mayRun ?? true;
    const decision = said.terminate !== undefined ? "terminate" : mayRun ? "allow" : "deny";
    const { terminate } = said;
    const finish = {
      answer: said.answer ?? `answer to ${uid}`,
      decision,
      mayRun,
      countsAsDenial: said.countsAsDenial ?? false,
      terminate,
    } as const;
    this.log.record({ kind: "review", at: said.at ?? this.#now(), request, finish });
    return await this.ledger.finish({ run, uid, requestDigest, ...finish });
  }

  /** A review from begin to finish; what it read. */
  async review(ask: Ask, said: Said = {}): Promise<ReadonlyMap<string, CounterReading>> {
    const { readings } = await this.open(ask);
    await this.finish(ask, said);
    return readings;
  }

  async read(counter: CounterRef, ask: Partial<Contract.BeginRequest> = {}): Promise<CounterReading | undefined> {
    const { readings } = await this.open({ uid: "only-reads", ...ask, dryRun: true, counters: [counter] });
    return readings.get(counter.key);
  }

  async settle(
    uid: string,
    charge: Contract.Amount | null,
    { run = runOf("run-1"), digest = `report of ${uid}` }: { run?: RunIdentity; digest?: string } = {},
  ): Promise<Contract.SettleResult["kind"]> {
    const before = await this.ledger.reservation(run, uid);
    const request = { run, uid, reportDigest: digest, charge };
    const { kind } = await this.ledger.settle(request);
    if (kind === "settled" && before?.charged !== undefined) {
      const { at, tool, user, charged } = before;
      this.log.record({ kind: "settle", at: this.#now(), request, replaces: { at, tool, user, charged } });
    }
    return kind;
  }

  async close(run: RunIdentity, closure: Contract.Closure, tree = false): Promise<Contract.Closure | undefined> {
    this.log.record({ kind: "closed", at: closure.at, run, closure, tree });
    return await this.ledger.close(run, closure, { tree });
  }

  async sweep(): Promise<Contract.Sweep> {
    const swept = await this.ledger.sweep();
    for (const { run, uid } of swept.charged) this.log.record({ kind: "expired", at: this.#now(), run, uid });
    for (const { run, closure } of swept.idle) {
      this.log.record({ kind: "closed", at: this.#now(), run, closure, tree: false });
    }
    return swept;
  }
}

export function closure(state: Contract.Closure["state"], at: number, message = "enough"): Contract.Closure {
  return { state, reason: state === "ended" ? "run_ended" : "policy", message, policy: null, at };
}
