import { RunlogError } from "#api";
import { describe, expect, it } from "vitest";
import { bot, MINUTE, refusal, World, type Ask, type Rule } from "./decision.fixture.ts";

const down = () => Promise.reject(new RunlogError("RL_STORE_UNAVAILABLE", "no room"));

describe("a record that is refused", () => {
  it("permits nothing: the reservation is taken back, as if it had never been asked", async () => {
    await using world = await World.open([{ id: "calls", when: { tool_calls_in_run: { gt: 1 } }, action: "deny" }]);
    world.fault = down;
    for (let i = 0; i < 3; i++) {
      expect(await refusal(world.ask({ uid: "a", cost: { usd: 1 } }))).toBe("RL_STORE_UNAVAILABLE");
    }
    expect(await refusal(world.ask({ uid: "a", args: { other: 1 } }))).toBe("RL_STORE_UNAVAILABLE");
    expect(await world.spent()).toBe(0);
    expect(await world.state()).toBeUndefined();
    expect(world.outcomes).toEqual([]);
    world.fault = undefined;
    expect((await world.ask({ uid: "a", cost: { usd: 1 } })).allowed).toBe(true);
    expect((await world.ask()).allowed).toBe(false);
    expect(await world.spent()).toBe(1);
  });

  it("of a terminate ends nothing", async () => {
    await using world = await World.open([{ id: "bad", when: { tool: "bad" }, action: "terminate" }]);
    await world.ask();
    world.fault = down;
    expect(await refusal(world.ask({ tool: "bad" }))).toBe("RL_STORE_UNAVAILABLE");
    world.fault = undefined;
    expect((await world.ask()).allowed).toBe(true);
  });

  it("of a run's end leaves it active", async () => {
    await using world = await World.open();
    await world.ask();
    world.fault = down;
    expect(await refusal(world.decider.endRun(bot, "r"))).toBe("RL_STORE_UNAVAILABLE");
    expect(await world.state()).toBe("active");
  });

  it("of a run that is over refuses with the error, not with an answer that nobody can find again", async () => {
    await using world = await World.open();
    await world.ask();
    await world.decider.endRun(bot, "r");
    world.fault = down;
    expect(await refusal(world.ask())).toBe("RL_STORE_UNAVAILABLE");
  });

  it("while budgets are tight lets nobody past, and gives the money back to the next", async () => {
    await using world = await World.open([{ id: "day", when: { cost_today: { gt: 1 } }, action: "deny" }]);
    let n = 0;
    world.fault = (append) => (n++ % 2 === 0 ? down() : append());
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => world.ask({ cost: { usd: "0.10" } })));
    const allowed = answers.filter((one) => one.status === "fulfilled" && one.value.allowed).length;
    expect(allowed).toBeGreaterThan(0);
    expect(allowed).toBeLessThanOrEqual(10);
    expect(await world.spent()).toBeCloseTo(allowed / 10, 9);
  });

  it("is not waited for where the run log is not required", async () => {
    await using world = await World.open([], { required: false });
    world.fault = () => Promise.resolve({ kind: "dropped", reason: "unavailable" });
    expect((await world.ask({ cost: { usd: 1 } })).allowed).toBe(true);
    expect(await world.spent()).toBe(1);
  });
});

describe("a record that was overdue and written after all", () => {
  /** Asks while batches are written but not acknowledged in time. */
  async function late(world: World, ...asks: Ask[]): Promise<void> {
    world.fault = (append) => append().then(down);
    world.stalled = true;
    for (const ask of asks) expect(await refusal(world.ask(ask))).toBe("RL_STORE_UNAVAILABLE");
    world.fault = undefined;
    world.stalled = false;
  }

  it.each(["the first of its run", "a later one"])(
    "stands, %s: the retry gets its answer, also under other rules, and it counts once",
    async (which) => {
      await using world = await World.open();
      if (which === "a later one") await world.ask();
      await late(world, { uid: "a", cost: { usd: 1 } });
      expect(await world.spent()).toBe(1);
      world.enforce([{ id: "no", when: {}, action: "deny" }]);
      expect(await world.ask({ uid: "a", cost: { usd: 1 } })).toMatchObject({ decision: "allow", allowed: true });
      expect(await world.spent()).toBe(1);
      expect(await world.ask({ uid: "a", cost: { usd: 1 } })).toMatchObject({ decision: "allow" });
      expect((await world.steps()).filter((step) => step["uid"] === "a")).toHaveLength(1);
      await world.report("a", { cost: { usd: 2 } });
      expect(await world.spent()).toBe(2);
    },
  );

  it("and is never asked for again is charged, for nobody knows whether it ran", async () => {
    await using world = await World.open();
    await late(world, { uid: "a", cost: { usd: 1 } });
    world.clock.advance(16 * MINUTE);
    await world.decider.sweep();
    expect(await world.spent()).toBe(1);
    await world.restart();
    expect(await world.spent()).toBe(1);
  });

  it("is no such record if it was not: the sweep releases what it held", async () => {
    await using world = await World.open();
    world.fault = down;
    world.stalled = true;
    expect(await refusal(world.ask({ uid: "a", cost: { usd: 1 } }))).toBe("RL_STORE_UNAVAILABLE");
    world.fault = undefined;
    expect(await world.spent()).toBe(1);
    world.clock.advance(16 * MINUTE);
    await world.decider.sweep();
    expect(await world.spent()).toBe(0);
  });

  it("with other content is a uid used twice", async () => {
    await using world = await World.open();
    await late(world, { uid: "a", args: { n: 1 }, cost: { usd: 1 } });
    expect(await refusal(world.ask({ uid: "a", args: { n: 2 }, cost: { usd: 2 } }))).toBe("RL_UID_REUSED");
    expect((await world.ask({ uid: "a", args: { n: 1 }, cost: { usd: 1 } })).allowed).toBe(true);
    expect(await world.spent()).toBe(1);
  });

  it("of a terminate ends the run with the retry", async () => {
    await using world = await World.open([{ id: "bad", when: { tool: "bad" }, action: "terminate", message: "over" }]);
    await world.ask();
    await late(world, { uid: "a", tool: "bad" });
    world.enforce([]);
    expect(await world.ask({ uid: "a", tool: "bad" })).toMatchObject({ decision: "terminate", message: "over" });
    expect(await world.ask()).toMatchObject({ decision: "terminate", message: "over" });
  });

  it.each(["redacted", "digest"] as const)(
    "of a modified action gives its arguments, though the log keeps them %s",
    async (stored) => {
      const set = (value: number): Rule => ({
        id: "set",
        when: { tool: "t" },
        action: "modify",
        modify: [{ set: "args.n", value }],
      });
      await using world = await World.open([set(1)], { stored });
      await late(world, { uid: "a" }, { uid: "b" });
      expect(await world.ask({ uid: "a" })).toMatchObject({ decision: "modify", args: { n: 1 } });
      world.enforce([set(2)]);
      // Nobody can tell what was permitted, so nothing is.
      expect(await refusal(world.ask({ uid: "b" }))).toBe("RL_CONFLICT");
    },
  );
});

describe("what the log keeps", () => {
  it.each([
    ["full", { to: "a", text: "ssn 423-41-1164" }],
    ["redacted", { to: "a", text: "ssn <US_SSN>" }],
    ["digest", undefined],
  ] as const)("%s", async (stored, args) => {
    await using world = await World.open([], { stored });
    await world.ask({ action: "message", tool: undefined, args: { to: "a", text: "ssn 423-41-1164" } });
    const [step] = await world.steps();
    expect([step?.["args"], step?.["argsForm"]]).toEqual([args, stored]);
    expect(step?.["argsDigest"]).toMatch(/^sha256:/);
    expect(JSON.stringify(step).includes("423-41-1164")).toBe(stored === "full");
  });
});

it("a decision's duration is measured finer than a millisecond, and counted once", async () => {
  await using world = await World.open();
  await world.ask();
  await world.ask({ dryRun: true });
  const text = await world.registry.metrics();
  expect(text).toContain("runlog_decision_duration_seconds_count 2");
  const sum = Number(/runlog_decision_duration_seconds_sum (\S+)/.exec(text)?.[1]);
  expect(sum).toBeGreaterThan(0);
  expect(Number.isInteger(sum * 1_000)).toBe(false);
});
