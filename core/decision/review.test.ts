import { describe, expect, it } from "vitest";
import { bot, helper, refusal, World } from "./decision.fixture.ts";

const budget = [{ id: "day", when: { cost_today: { gt: "1.00" } }, action: "deny", message: "daily budget" }] as const;

describe("budgets", () => {
  it("are exact however many reviews of one agent come at once", async () => {
    await using world = await World.open([...budget]);
    const asks = Array.from({ length: 60 }, (_, i) => world.ask({ run: `r${i % 7}`, cost: { usd: "0.03" } }));
    const allowed = (await Promise.all(asks)).filter((answer) => answer.allowed);
    expect(allowed).toHaveLength(33);
    expect(await world.spent()).toBe(0.99);
    expect((await world.ask({ cost: { usd: "0.01" } })).allowed).toBe(true);
    expect(await world.ask({ cost: { usd: "0.000001" } })).toMatchObject({ decision: "deny", message: "daily budget" });
    expect(await world.spent()).toBe(1);
  });

  it("are not held up by an estimate that does not fit: it reserves nothing while it is refused", async () => {
    await using world = await World.open([...budget]);
    const answers = await Promise.all([
      world.ask({ cost: { usd: "99" } }),
      world.ask({ cost: { usd: "0.50" } }),
      world.ask({ cost: { usd: "99" } }),
      world.ask({ cost: { usd: "0.50" } }),
    ]);
    expect(answers.map((answer) => answer.decision)).toEqual(["deny", "allow", "deny", "allow"]);
    expect(await world.spent()).toBe(1);
  });

  it("of one agent are not another's, and those of the whole tree are everybody's in it", async () => {
    await using world = await World.open([...budget]);
    expect((await world.ask({ cost: { usd: 1 } })).allowed).toBe(true);
    expect((await world.ask({ by: helper, cost: { usd: 1 } })).allowed).toBe(true);
    world.enforce([{ id: "tree", when: { cost_this_run: { gt: 1, per: "run" } }, action: "deny", message: "tree" }]);
    const parentRun = { run: "r" };
    expect(await world.ask({ run: "child", parentRun, cost: { usd: "0.01" } })).toMatchObject({ message: "tree" });
    expect((await world.ask({ run: "alone", cost: { usd: "0.01" } })).allowed).toBe(true);
  });

  it("are reserved by an Audit rule's review too, and an Audit rule refuses nothing", async () => {
    await using world = await World.open([{ ...budget[0], mode: "Audit" }]);
    expect(await world.ask({ cost: { usd: 5 } })).toMatchObject({
      decision: "allow",
      matchedTotal: 0,
      audit: [{ rule: "day", decision: "deny", mode: "Audit" }],
    });
    expect(await world.spent()).toBe(5);
  });
});

describe("a repeat of a uid", () => {
  it("gets the same answer, counts nothing and leaves one record", async () => {
    await using world = await World.open([{ id: "calls", when: { tool_calls_in_run: { gt: 2 } }, action: "deny" }]);
    const request = { uid: "same", cost: { usd: "0.10" } };
    const first = await world.ask(request);
    for (let i = 0; i < 5; i++) expect(await world.ask(request)).toEqual(first);
    expect(await world.spent()).toBe(0.1);
    expect((await world.ask()).allowed).toBe(true);
    expect((await world.ask()).allowed).toBe(false);
    expect((await world.steps()).filter((step) => step["uid"] === "same")).toHaveLength(1);
  });

  it("also when they come at once, and a policy that changes between them changes nothing", async () => {
    await using world = await World.open([...budget]);
    const request = { uid: "same", cost: { usd: "0.60" } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.ask(request)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await world.spent()).toBe(0.6);
    expect(await world.steps()).toHaveLength(1);
    world.enforce([{ id: "no", when: {}, action: "deny" }]);
    expect(await world.ask(request)).toEqual(answers[0]);
    expect((await world.ask()).decision).toBe("deny");
  });

  it("with other content is refused, and the first answer stands", async () => {
    await using world = await World.open();
    const first = await world.ask({ uid: "same", args: { n: 1 } });
    for (const other of [{ args: { n: 2 } }, { args: { n: 1 }, step: 2 }, { args: { n: 1 }, dryRun: true }]) {
      expect(await refusal(world.ask({ uid: "same", ...other }))).toBe("RL_UID_REUSED");
    }
    expect(await world.ask({ uid: "same", args: { n: 1 } })).toEqual(first);
  });

  it("in another run, or an hour later, is another question", async () => {
    await using world = await World.open();
    await world.ask({ uid: "same", cost: { usd: 1 } });
    await world.ask({ uid: "same", run: "other", cost: { usd: 1 } });
    expect(await world.spent()).toBe(2);
    world.clock.advance(61 * 60_000);
    await world.decider.sweep();
    await world.ask({ uid: "same", cost: { usd: 1 }, args: { n: 2 } });
    expect(await world.spent()).toBe(3);
  });
});

describe("dryRun", () => {
  it("decides, but adds to nothing, creates nothing and is not written down", async () => {
    await using world = await World.open([
      { id: "ask", when: { tool: "wire" }, action: "require_approval", approvers: ["sec"] },
      { id: "end", when: { tool: "bad" }, action: "terminate" },
      { id: "loop", when: { identical_calls_in_run: { gt: 1 } }, action: "deny" },
      { id: "mail", when: { tool: "mail" }, action: "modify", modify: [{ set: "args.x", value: 1 }] },
      ...budget,
    ]);
    for (let i = 0; i < 3; i++) {
      expect((await world.ask({ dryRun: true, cost: { usd: 1 } })).decision).toBe("allow");
      expect(await world.ask({ dryRun: true, tool: "wire" })).toMatchObject({
        decision: "require_approval",
        approval: null,
        reservation: null,
      });
      expect((await world.ask({ dryRun: true, tool: "bad" })).decision).toBe("terminate");
      expect(await world.ask({ dryRun: true, tool: "mail" })).toMatchObject({ decision: "modify", args: { x: 1 } });
      expect((await world.ask({ dryRun: true, cost: { usd: 2 } })).decision).toBe("deny");
    }
    expect(await world.spent()).toBe(0);
    expect(await world.state()).toBeUndefined();
    expect((await world.approvals.list({}, { limit: 10 })).items).toEqual([]);
    expect((await world.runLog.runs({}, { limit: 10 })).items).toEqual([]);
    await world.ask({ cost: { usd: "0.40" } });
    expect((await world.ask({ dryRun: true, cost: { usd: "0.61" } })).decision).toBe("deny");
    expect((await world.ask({ dryRun: true, cost: { usd: "0.60" }, args: { other: 1 } })).decision).toBe("allow");
  });

  it("of a run that is over says so", async () => {
    await using world = await World.open();
    await world.ask();
    await world.decider.endRun(bot, "r");
    expect(await world.ask({ dryRun: true })).toMatchObject({ decision: "deny", reason: "run_ended" });
    expect(await world.steps()).toHaveLength(2);
  });
});

describe("modify", () => {
  it("counts the changed arguments as identical, prices what is left of max_tokens, and records what would run", async () => {
    await using world = await World.open([
      {
        id: "clamp",
        when: { action: "llm_call" },
        action: "modify",
        modify: [{ clamp: "args.max_tokens", max: 1_000 }],
      },
      { id: "strip", when: { tool: "t" }, action: "modify", modify: [{ remove: "args.nonce" }] },
      { id: "loop", when: { identical_calls_in_run: { gt: 2 } }, action: "deny", message: "loop" },
    ]);
    const llm = { action: "llm_call", model: "gpt-x", tool: undefined, args: { max_tokens: 1_000_000 } } as const;
    expect(await world.ask(llm)).toMatchObject({ decision: "modify", args: { max_tokens: 1_000 } });
    expect(await world.spent()).toBe(0.01);
    expect((await world.ask({ args: { nonce: 1 } })).decision).toBe("modify");
    expect((await world.ask({ args: { nonce: 2 } })).decision).toBe("modify");
    expect(await world.ask({ args: { nonce: 3 } })).toMatchObject({ decision: "deny", message: "loop" });
    const kept = (await world.steps()).filter((step) => step["tool"] === "t").map((step) => step["args"]);
    expect(kept).toEqual([{}, {}, {}]);
  });

  it("shows what it changed as a patch, and what it changed is what is charged for in another order as well", async () => {
    await using world = await World.open([
      { id: "set", when: { tool: "t" }, action: "modify", modify: [{ set: "args.a", value: 2 }] },
    ]);
    expect(await world.ask({ args: { a: 1, b: [1] } })).toMatchObject({
      decision: "modify",
      allowed: true,
      args: { a: 2, b: [1] },
      patch: [{ op: "replace", path: "/a", value: 2 }],
    });
    expect(await world.ask({ args: { a: 2 } })).toMatchObject({ decision: "allow", args: null, patch: null });
  });
});

describe("a batch", () => {
  it("is answered in order, and each item sees what those before it reserved", async () => {
    await using world = await World.open([...budget]);
    const items = ["0.40", "0.40", "0.40", "0.20", "0.01"].map((usd) => ({ cost: { usd } }));
    const answers = await world.batch(...items);
    expect(answers.map((answer) => answer.decision)).toEqual(["allow", "allow", "deny", "allow", "deny"]);
    expect(answers.map((answer) => answer.uid)).toEqual((await world.steps()).map((step) => step["uid"]));
    expect(await world.spent()).toBe(1);
  });

  it("after a terminate the rest terminate", async () => {
    await using world = await World.open([{ id: "bad", when: { tool: "bad" }, action: "terminate", message: "over" }]);
    const answers = await world.batch({}, { tool: "bad" }, {}, { tool: "good" });
    expect(answers.map((answer) => answer.decision)).toEqual(["allow", "terminate", "terminate", "terminate"]);
    expect(answers[3]).toMatchObject({ message: "over", reason: "policy" });
  });

  it("a bad item ends it with its place; the items before it stand, and a retry gets their answers", async () => {
    await using world = await World.open();
    const good = { uid: "good", cost: { usd: "0.10" } };
    const bad = { uid: "bad", cost: { usd: "-1" } };
    await expect(world.batch(good, bad, { uid: "never" })).rejects.toMatchObject({
      code: "RL_BAD_MONEY",
      path: expect.stringContaining("1"),
    });
    expect(await world.spent()).toBe(0.1);
    const answers = await world.batch(good, { uid: "bad" }, { uid: "never" });
    expect(answers.map((answer) => answer.allowed)).toEqual([true, true, true]);
    expect(await world.spent()).toBe(0.1);
    expect(await world.steps()).toHaveLength(3);
  });

  it("of two runs is refused before anything happens", async () => {
    await using world = await World.open();
    expect(await refusal(world.batch({ cost: { usd: 1 } }, { run: "other" }))).toBe("RL_INVALID");
    expect(await world.spent()).toBe(0);
  });
});
