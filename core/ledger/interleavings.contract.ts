import assert from "node:assert/strict";
import { isRunlogError, type RunIdentity } from "#api";
import { manualClock } from "#runtime";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { LedgerContractOptions } from "./ledger.contract.ts";
import { type Ask, asks, counters, DAY, Driver, HOUR, MINUTE, NOON, RecordedRunLog, runOf } from "./ledger.fixture.ts";
import type { Amount, Ledger } from "./ledger.ts";
import type { LedgerLimits } from "./limits.ts";

const LIMIT = 20;
const runs: readonly RunIdentity[] = [
  runOf("root"),
  runOf("child"),
  runOf("leaf"),
  runOf("other"),
  runOf("else", "bot2"),
];
const parents = [undefined, runs[0], runs[1], undefined, undefined];

type Step =
  | { readonly do: "begin"; readonly run: number; readonly cost: number }
  | { readonly do: "again" | "amend"; readonly pick: number; readonly cost: number }
  | { readonly do: "finish"; readonly pick: number; readonly refuse: boolean; readonly crash: boolean }
  | { readonly do: "settle"; readonly pick: number; readonly cost: number; readonly skip: boolean }
  | { readonly do: "abandon"; readonly pick: number }
  | { readonly do: "sweep" | "crash" }
  | { readonly do: "wait"; readonly ms: number };

const pick = fc.nat(200);
const cost = fc.nat(12);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("begin" as const), run: fc.nat(4), cost }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("again" as const, "amend" as const), pick, cost }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("finish" as const), pick, refuse: fc.boolean(), crash: rarely() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("settle" as const), pick, cost, skip: rarely() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abandon" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("sweep" as const, "sweep" as const, "crash" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, MINUTE, 16 * MINUTE, 2 * HOUR) }),
  },
);

function rarely(): fc.Arbitrary<boolean> {
  return fc.nat(9).map((n) => n === 0);
}

/** One review as the straightforward model sees it: where it stands and what it is charged. */
interface Modelled {
  readonly ask: Ask & { readonly run: RunIdentity };
  readonly run: number;
  at: number;
  estimate: number;
  charged: number;
  state: "open" | "kept" | "expired" | "settled" | "gone";
  begun: number;
  calls: number;
}

/** Ledger and model side by side, driven by the same steps. */
class World {
  readonly clock = manualClock(NOON - 5 * DAY);
  readonly log = new RecordedRunLog();
  readonly #create: () => Promise<Ledger>;
  #drive: Driver;
  readonly reviews: Modelled[] = [];
  overrun = 0;

  readonly #roomy: boolean;

  private constructor(create: () => Promise<Ledger>, ledger: Ledger, roomy: boolean) {
    this.#create = create;
    this.#roomy = roomy;
    this.#drive = new Driver(ledger, this.log, () => this.clock.now());
  }

  static async start(
    create: (options: LedgerContractOptions) => Ledger | Promise<Ledger>,
    limits: Partial<LedgerLimits>,
  ): Promise<World> {
    let world: World | undefined;
    const make = async (): Promise<Ledger> => {
      if (world === undefined) throw new Error("the world is not there yet");
      const ledger = await create({ clock: world.clock, archive: world.log, limits });
      for (const event of world.log.events) ledger.restore(event);
      return ledger;
    };
    const placeholder = await create({ clock: manualClock(0), archive: new RecordedRunLog(), limits });
    world = new World(make, placeholder, Object.keys(limits).length === 0);
    await world.crash();
    return world;
  }

  async crash(): Promise<void> {
    for (const review of this.reviews) if (review.state === "open") this.#undo(review);
    this.#drive = new Driver(await this.#create(), this.log, () => this.clock.now());
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case "wait":
        this.clock.advance(next.ms);
        return;
      case "crash":
        await this.crash();
        return;
      case "sweep":
        await this.#sweep();
        return;
      case "begin":
        await this.#begin(next.run, next.cost);
        return;
      case "again":
      case "amend":
      case "finish":
      case "settle":
      case "abandon":
        await this.#onReview(next);
    }
  }

  async #onReview(next: Extract<Step, { pick: number }>): Promise<void> {
    const review = this.reviews[next.pick % Math.max(1, this.reviews.length)];
    if (review === undefined) return;
    if (next.do === "settle") await this.#settle(review, next);
    else if (next.do === "again") await this.#again(review);
    else if (review.state !== "open") return;
    else if (next.do === "amend") await this.#amend(review, next.cost);
    else if (next.do === "finish") await this.#finish(review, next);
    else await this.#abandon(review);
  }

  async #begin(run: number, estimate: number): Promise<void> {
    const identity = runs[run] ?? runOf("none");
    const parent = parents[run];
    const uid = `u${this.reviews.length}`;
    const limits = [{ counter: counters.cost("agent", "month"), limit: LIMIT }];
    const ask = { uid, run: identity, cost: estimate, limits, parent: parent && { run: parent } };
    const opened = await unlessFull(this.#drive.ledger.begin(asks(ask)));
    if (opened?.kind !== "open") return;
    const charged = opened.reserved ? estimate : 0;
    const fits = this.spent(run) + estimate <= LIMIT;
    assert.equal(opened.reserved, fits);
    this.reviews.push({ ask, run, at: this.clock.now(), estimate, charged, state: "open", begun: 1, calls: 1 });
  }

  /** The same uid once more, within the hour it is remembered. */
  async #again(review: Modelled): Promise<void> {
    if (this.clock.now() - review.at >= HOUR || review.state === "gone") return;
    const result = await unlessFull(this.#drive.ledger.begin(asks({ ...review.ask, cost: review.estimate })));
    if (result === undefined) return;
    assert.equal(result.kind, review.state === "open" ? "open" : "answered");
    if (result.kind !== "open") return;
    review.begun++;
    review.charged = result.reserved ? review.estimate : 0;
  }

  async #amend(review: Modelled, estimate: number): Promise<void> {
    const { reserved } = await this.#drive.ledger.amend(asks({ ...review.ask, cost: estimate }));
    review.charged = reserved ? estimate : 0;
    review.estimate = estimate;
  }

  /** As the line does: what is not reserved does not run. */
  async #finish(review: Modelled, { refuse, crash }: { refuse: boolean; crash: boolean }): Promise<void> {
    const mayRun = !refuse && review.charged === review.estimate;
    const ask = { ...review.ask, cost: review.estimate };
    if (crash) {
      const finish = { answer: "", decision: mayRun ? "allow" : "deny", mayRun, countsAsDenial: false } as const;
      this.log.record({ kind: "review", at: review.at, request: asks(ask), finish });
    } else {
      await this.#drive.finish(ask, { mayRun, at: review.at });
    }
    review.charged = mayRun ? review.estimate : 0;
    review.state = mayRun ? "kept" : "gone";
    if (crash) await this.crash();
  }

  async #settle(review: Modelled, { cost: actual, skip }: { cost: number; skip: boolean }): Promise<void> {
    const { run, uid } = review.ask;
    const charge: Amount | null = skip ? null : { cost: actual, tokens: 0 };
    const digest = JSON.stringify(charge);
    const result = await unlessFull(this.#drive.settle(uid, charge, { run, digest }));
    if (result === undefined) return;
    if (review.state === "kept" || review.state === "expired") {
      assert.equal(result, "settled");
      this.overrun += Math.max(0, (charge?.cost ?? 0) - review.estimate);
      review.charged = charge?.cost ?? 0;
      review.state = "settled";
    } else {
      assert.notEqual(result, "settled");
    }
  }

  async #abandon(review: Modelled): Promise<void> {
    await this.#drive.ledger.abandon(review.ask.run, review.ask.uid);
    review.begun--;
    if (review.begun === 0) this.#undo(review);
  }

  /** With memory enough exactly what was due is swept; with little, reservations may be put away, and charged, before. */
  async #sweep(): Promise<void> {
    const before = this.clock.now() - 15 * MINUTE;
    const due = (state: Modelled["state"]) =>
      this.reviews.filter((review) => review.state === state && review.at <= before);
    const kept = this.#roomy ? due("kept") : this.reviews.filter(({ state }) => state === "kept");
    const open = due("open");
    const { charged, released } = await this.#drive.sweep();
    const expired = kept.filter(({ ask }) => charged.some(({ uid }) => uid === ask.uid));
    const gone = open.filter(({ ask }) => released.some(({ uid }) => uid === ask.uid));
    assert.deepEqual([charged.length, released.length], [expired.length, gone.length]);
    if (this.#roomy) assert.deepEqual([expired, gone], [kept, open]);
    for (const review of expired) review.state = "expired";
    for (const review of gone) this.#undo(review);
  }

  #undo(review: Modelled): void {
    review.state = "gone";
    review.charged = 0;
    review.calls = 0;
  }

  spent(run: number): number {
    return this.#sum((other) => runs[other]?.serviceAccount === runs[run]?.serviceAccount);
  }

  #sum(counts: (run: number) => boolean, of: "charged" | "calls" = "charged"): number {
    return this.reviews.filter((review) => counts(review.run)).reduce((sum, review) => sum + review[of], 0);
  }

  /** Every sum the ledger tells is the model's, and none is over its limit but by what actions cost beyond their estimate. */
  async check(): Promise<void> {
    for (const [run, identity] of runs.entries()) {
      const month = await unlessFull(this.#drive.read(counters.cost("agent", "month"), { run: identity }));
      if (month === undefined) continue;
      assert.equal(month, this.spent(run));
      const tree = (other: number) => (run < 3 ? other < 3 : other === run);
      if ((await this.#drive.ledger.run(identity)) === undefined) continue;
      assert.equal(await this.#drive.read(counters.cost("run", "run"), { run: identity }), this.#sum(tree));
      assert.equal(
        await this.#drive.read(counters.cost("agent", "run"), { run: identity }),
        this.#sum((other) => other === run),
      );
    }
    assert.equal(
      await this.#drive.read(counters.cost("cluster", "month")),
      this.#sum(() => true),
    );
    assert.ok(this.spent(0) <= LIMIT + this.overrun, "over the limit");
  }
}

/** A ledger that is full says so and changes nothing. */
async function unlessFull<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isRunlogError(error) && (error.code === "RL_SATURATED" || error.code === "RL_RUN_UNKNOWN_STATE"))
      return undefined;
    throw error;
  }
}

/** Budgets under every order of begin, amend, finish, settle, abandon, sweep, repeats and crashes. */
export function interleavingsContract(
  name: string,
  create: (options: LedgerContractOptions) => Ledger | Promise<Ledger>,
  limits: Partial<LedgerLimits> = {},
): void {
  describe(`${name}: random interleavings`, () => {
    it("spends what a straightforward model spends, and never over the limit unless an action cost more than its estimate", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 100, size: "max" }), async (steps) => {
          const world = await World.start(create, limits);
          for (const next of steps) {
            await world.take(next);
            await world.check();
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}
