import { describe, expect, it } from "vitest";
import { helper, MINUTE, refusal, World } from "./decision.fixture.ts";

describe("a report", () => {
  it("replaces the estimate in full, more or less", async () => {
    await using world = await World.open();
    for (const [uid, usd] of [
      ["a", "0.02"],
      ["b", "0.90"],
    ] as const) {
      await world.ask({ uid, cost: { usd: "0.50" } });
      expect(await world.report(uid, { cost: { usd } })).toMatchObject({ uid, charged: { tokens: 0 } });
    }
    expect(await world.spent()).toBe(0.92);
  });

  it("in the day of the decision", async () => {
    await using world = await World.open();
    await world.ask({ uid: "a", cost: { usd: 1 } });
    world.clock.advance(13 * 60 * MINUTE);
    await world.report("a", { cost: { usd: 7 } });
    const { today, month } = await world.ledger.usage({ per: "cluster", zone: "UTC" });
    expect([today.cost, month.cost]).toEqual([0, 7_000_000]);
  });

  it("the first wins: the same again is answered alike, another is refused", async () => {
    await using world = await World.open();
    await world.ask({ uid: "a", cost: { usd: 1 } });
    const first = await world.report("a", { cost: { usd: 2 } });
    expect(await world.report("a", { cost: { usd: 2 } })).toEqual(first);
    expect(await refusal(world.report("a", { cost: { usd: 3 } }))).toBe("RL_ALREADY_REPORTED");
    expect(await refusal(world.report("a", { outcome: "skipped" }))).toBe("RL_ALREADY_REPORTED");
    expect(await world.spent()).toBe(2);
    expect((await world.steps()).filter((step) => step.kind === "report")).toHaveLength(1);
  });

  it("of twenty different ones at once, one wins", async () => {
    await using world = await World.open();
    await world.ask({ uid: "a", cost: { usd: 1 } });
    const reports = Array.from({ length: 20 }, (_, i) => refusal(world.report("a", { cost: { usd: i + 1 } })));
    const codes = await Promise.all(reports);
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "RL_ALREADY_REPORTED")).toHaveLength(19);
    expect(await world.spent()).toBe(1);
  });

  it("of a skipped action releases what it reserved", async () => {
    await using world = await World.open([{ id: "day", when: { cost_today: { gt: 1 } }, action: "deny" }]);
    await world.ask({ uid: "a", cost: { usd: 1 } });
    expect((await world.ask({ cost: { usd: 1 } })).decision).toBe("deny");
    expect(await world.report("a", { outcome: "skipped" })).toMatchObject({ charged: { tokens: 0 } });
    expect(await world.spent()).toBe(0);
    expect((await world.ask({ cost: { usd: 1 } })).decision).toBe("allow");
  });

  it("of a priced model charges the larger of reported and priced", async () => {
    await using world = await World.open();
    const llm = { action: "llm_call", tool: undefined, model: "gpt-x", args: { max_tokens: 100_000 } } as const;
    const charged = async (more: object): Promise<number> => {
      const before = await world.spent();
      const { uid } = await world.ask(llm);
      await world.report(uid, more);
      return Number(((await world.spent()) - before).toFixed(6));
    };
    expect(await charged({ cost: { usd: "0.000001" }, tokens: { input: 1_000, output: 1_000 } })).toBe(0.011);
    expect(await charged({ cost: { usd: "0.5" }, tokens: { input: 1_000, output: 1_000 } })).toBe(0.5);
    expect(await charged({ tokens: { input: 1_000, output: 0 } })).toBe(0.001);
    expect(await charged({ cost: { usd: "0.25" } })).toBe(0.25);
    expect(await charged({})).toBe(1);
  });

  it("comes also after the reservation expired", async () => {
    await using world = await World.open();
    await world.ask({ uid: "a", cost: { usd: 1 } });
    world.clock.advance(16 * MINUTE);
    await world.decider.sweep();
    expect(await world.spent()).toBe(1);
    await world.report("a", { cost: { usd: "0.10" } });
    expect(await world.spent()).toBe(0.1);
    expect((await world.steps()).map((step) => step.kind)).toEqual(["review", "sweep", "report"]);
    world.clock.advance(2 * 60 * MINUTE);
    await world.restart();
    expect(await world.spent()).toBe(0.1);
    expect(await refusal(world.report("a", { cost: { usd: 3 } }))).toBe("RL_ALREADY_REPORTED");
  });

  it("is refused for what was never allowed to run, and for what is another agent's", async () => {
    await using world = await World.open([{ id: "no", when: { tool: "no" }, action: "deny" }]);
    await world.ask({ uid: "denied", tool: "no", cost: { usd: 1 } });
    await world.ask({ uid: "a", cost: { usd: 1 } });
    expect(await refusal(world.report("denied"))).toBe("RL_NOT_REPORTABLE");
    expect(await refusal(world.report("unknown"))).toBe("RL_NOT_REPORTABLE");
    expect(await refusal(world.report("a", {}, helper))).toBe("RL_NOT_REPORTABLE");
    expect(await refusal(world.report("a", { cost: { usd: "100.01" } }))).toBe("RL_BAD_MONEY");
    expect(await world.spent()).toBe(1);
  });

  it("that cannot be written down charges nothing, and can be sent again", async () => {
    await using world = await World.open();
    await world.ask({ uid: "a", cost: { usd: 1 } });
    world.fault = () => Promise.reject(new Error("the disk is gone"));
    await expect(world.report("a", { cost: { usd: 5 } })).rejects.toThrow("the disk is gone");
    expect(await world.spent()).toBe(1);
    world.fault = undefined;
    await world.report("a", { cost: { usd: 5 } });
    expect(await world.spent()).toBe(5);
  });
});
