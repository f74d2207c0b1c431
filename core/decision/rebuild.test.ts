import { counterRef, type CounterReading } from "#api";
import fc from "fast-check";
import { createMemoryLedger, type Ledger, type UsageQuery } from "#ledger";
import { describe, expect, it } from "vitest";
import { bot, helper, MINUTE, refusal, World, type Rules } from "./decision.fixture.ts";
import { createRunArchive, rebuildLedger } from "./rebuild.ts";

const rules: Rules = [
  { id: "budget", when: { cost_today: { gt: "3.00" } }, action: "deny" },
  { id: "tree", when: { cost_this_run: { gt: "2.00", per: "run" } }, action: "deny" },
  { id: "no", when: { tool: "no" }, action: "deny" },
  { id: "bad", when: { tool: "bad" }, action: "terminate" },
  { id: "retries", when: { denials_in_run: { gte: 4, per: "run" } }, action: "terminate" },
  { id: "loop", when: { identical_calls_in_run: { gt: 3 } }, action: "deny" },
  { id: "mail", when: { tool: "mail" }, action: "modify", modify: [{ remove: "args.n" }] },
  { id: "ask", when: { tool: "wire" }, action: "require_approval", approvers: ["sec"] },
];

const RUNS = ["r0", "r1", "r2"];
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("review" as const),
      by: fc.constantFrom(bot, helper),
      run: fc.constantFrom(...RUNS),
      parent: fc.constantFrom(undefined, "r0"),
      tool: fc.constantFrom("t", "no", "mail", "wire", "bad"),
      n: fc.integer({ min: 0, max: 2 }),
      usd: fc.constantFrom("0", "0.10", "0.75", "1.20"),
      user: fc.constantFrom(undefined, "ann"),
      again: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("report" as const),
      which: fc.nat(),
      usd: fc.constantFrom(undefined, "0.01", "2.00"),
      outcome: fc.constantFrom("success" as const, "error" as const, "skipped" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      minutes: fc.constantFrom(1, 16, 61, 13 * 60, 25 * 60),
      sweep: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), run: fc.constantFrom(...RUNS) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Of<D extends Step["do"]> = Extract<Step, { do: D }>;

interface Answered {
  readonly by: typeof bot;
  readonly run: string;
  readonly uid: string;
}

async function ask(world: World, { by, run, parent, tool, n, usd, user, again }: Of<"review">): Promise<Answered[]> {
  const uid = again ? { uid: `${run}-${tool}-${n}-${usd}` } : {};
  const parentRun = parent === undefined || run === parent ? {} : { parentRun: { run: parent } };
  const who = user === undefined ? {} : { user };
  const sent = world.ask({ by, run, tool, args: { n }, cost: { usd }, ...uid, ...parentRun, ...who });
  // A parent that is not there and a uid with other content are refused: that is part of a history.
  const answer = await sent.catch(() => undefined);
  return answer === undefined ? [] : [{ by, run, uid: answer.uid }];
}

async function tell(world: World, { which, usd, outcome }: Of<"report">, known: readonly Answered[]): Promise<void> {
  const of = known[which % Math.max(1, known.length)];
  if (of === undefined) return;
  const cost = usd === undefined ? {} : { cost: { usd } };
  await refusal(world.decider.report(of.by, { run: of.run, uid: of.uid, outcome, ...cost }));
}

/** Drives a world through a history. Returns what was answered. */
async function live(world: World, steps: readonly Step[]): Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  for (const one of steps) {
    if (one.do === "review") answers.push(...(await ask(world, one)));
    else if (one.do === "report") await tell(world, one, answers);
    else if (one.do === "end") await refusal(world.decider.endRun(bot, one.run));
    else {
      world.clock.advance(one.minutes * MINUTE);
      if (one.sweep) await world.decider.sweep();
    }
  }
  return answers;
}

const USAGE: readonly UsageQuery[] = ["UTC", "Pacific/Auckland", "America/Los_Angeles"].flatMap((zone) => [
  { per: "cluster", zone },
  { per: "namespace", namespace: "agents", zone },
  { per: "agent", namespace: "agents", serviceAccount: "bot", zone },
  { per: "agent", namespace: "agents", serviceAccount: "helper", zone },
  { per: "user", namespace: "agents", serviceAccount: "bot", user: "ann", zone },
]);

const COUNTERS = [
  counterRef({ metric: "cost", span: "run", per: "agent" }),
  counterRef({ metric: "cost", span: "run", per: "run" }),
  counterRef({ metric: "tool_calls", span: "run", per: "agent" }),
  counterRef({ metric: "tool_calls", span: "run", per: "run" }),
  counterRef({ metric: "calls_to_tool", span: "run", per: "agent" }),
  counterRef({ metric: "identical_calls", span: "run", per: "agent" }),
  counterRef({ metric: "denials", span: "run", per: "agent" }),
  counterRef({ metric: "denials", span: "run", per: "run" }),
  counterRef({ metric: "calls", span: "window", per: "agent", windowMs: 60 * MINUTE }),
  counterRef({ metric: "calls", span: "window", per: "namespace", windowMs: 24 * 60 * MINUTE, tool: "mail" }),
];

/** Everything that can be seen of a ledger. */
async function seen(ledger: Ledger): Promise<unknown> {
  const usage = [];
  for (const query of USAGE) usage.push(await ledger.usage(query));
  const runs: Record<string, unknown> = {};
  for (const { serviceAccount } of [bot, helper]) {
    for (const name of RUNS) {
      const run = { namespace: "agents", serviceAccount, run: name };
      const view = await ledger.run(run);
      runs[`${serviceAccount}/${name}`] = view && { ...view, readings: await readings(ledger, run) };
    }
  }
  return { usage, runs };
}

async function readings(
  ledger: Ledger,
  run: Parameters<Ledger["run"]>[0],
): Promise<Record<string, CounterReading> | string> {
  const begun = await ledger.begin({
    run,
    uid: "only-looks",
    requestDigest: "x",
    action: "tool_call",
    tool: "mail",
    callDigest: "x",
    cost: 0,
    tokens: 0,
    counters: COUNTERS,
    limits: [],
    reserve: false,
    dryRun: true,
    resend: false,
  });
  return begun.kind === "open" ? Object.fromEntries(begun.readings) : begun.kind;
}

describe("a ledger rebuilt from the log", () => {
  it(
    "is the ledger that wrote it: usage, runs, counters and answers, after any history",
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          await using world = await World.open(rules);
          const answers = await live(world, steps);
          await world.decider.sweep();
          const before = await seen(world.ledger);
          const rebuilt = createMemoryLedger({ clock: world.clock, archive: createRunArchive(world.runLog) });
          await rebuildLedger(rebuilt, world.runLog, world.clock.now());
          expect(await seen(rebuilt)).toEqual(before);
          for (const { by, run: name, uid } of answers) {
            const run = { namespace: "agents", serviceAccount: by.serviceAccount, run: name };
            expect(await rebuilt.reservation(run, uid)).toEqual(await world.ledger.reservation(run, uid));
          }
        }),
        { numRuns: 40 },
      );
    },
  );

  it("answers a repeat as before", async () => {
    await using world = await World.open(rules);
    const asks = ["t", "no", "mail", "wire"].map((tool) => ({
      uid: tool,
      tool,
      args: { n: 1 },
      cost: { usd: "0.10" },
    }));
    const before = [];
    for (const ask of asks) before.push(await world.ask(ask));
    await world.restart();
    world.enforce([]);
    for (const [i, ask] of asks.entries()) expect(await world.ask(ask)).toEqual(before[i]);
    expect(await world.spent()).toBe(0.2);
  });

  it("leaves out nothing for being started twice", async () => {
    await using world = await World.open(rules);
    await world.ask({ cost: { usd: 1 } });
    await world.restart();
    await world.restart();
    expect(await world.spent()).toBe(1);
    expect((await world.ask({ cost: { usd: "1.01" } })).decision).toBe("deny");
  });

  it("charges what nobody reported while it was down, and takes the report that comes late", async () => {
    await using world = await World.open(rules);
    await world.ask({ uid: "a", cost: { usd: 1 } });
    world.clock.advance(3 * 60 * MINUTE);
    await world.restart();
    await world.decider.sweep();
    expect(await world.spent()).toBe(1);
    await world.report("a", { cost: { usd: "0.50" } });
    expect(await world.spent()).toBe(0.5);
    await world.restart();
    expect(await world.spent()).toBe(0.5);
  });
});
