import { describe, expect, it } from "vitest";
import { bot, helper, MINUTE, refusal, World } from "./decision.fixture.ts";

const rules = [
  { id: "bad", when: { tool: "bad" }, action: "terminate", message: "over" },
  { id: "tree", when: { tool: "tree", tool_calls_in_run: { gt: 0, per: "run" } }, action: "terminate", message: "all" },
  { id: "no", when: { tool: "no" }, action: "deny" },
] as const;

describe("a run", () => {
  it("that ended refuses, still answers what it answered, and can be ended again", async () => {
    await using world = await World.open([...rules]);
    const before = await world.ask({ uid: "before" });
    expect(await world.decider.endRun(bot, "r")).toMatchObject({ state: "ended" });
    expect(await world.decider.endRun(bot, "r")).toMatchObject({ state: "ended" });
    expect(await world.ask()).toMatchObject({ decision: "deny", reason: "run_ended", reservation: null });
    expect(await world.ask({ uid: "before" })).toEqual(before);
    expect(await world.state()).toBe("ended");
  });

  it("that was terminated answers terminate for ever, to repeats as well, whatever the policies say by then", async () => {
    await using world = await World.open([...rules]);
    await world.ask({ uid: "before" });
    expect(await world.ask({ tool: "bad" })).toMatchObject({ decision: "terminate", policy: { rule: "bad" } });
    world.enforce([]);
    const over = { decision: "terminate", reason: "policy", message: "over", policy: { rule: "bad" }, allowed: false };
    expect(await world.ask()).toMatchObject(over);
    expect(await world.ask({ uid: "before" })).toMatchObject(over);
    expect(await refusal(world.decider.endRun(bot, "r"))).toBe("RL_RUN_CLOSED");
    world.clock.advance(400 * 86_400_000);
    await world.decider.sweep();
    expect(await world.ask()).toMatchObject(over);
    await world.restart();
    expect(await world.ask()).toMatchObject(over);
    expect((await world.ask({ run: "another" })).allowed).toBe(true);
  });

  it("spends nothing once it is over", async () => {
    await using world = await World.open([...rules]);
    await world.ask({ tool: "bad", cost: { usd: 1 } });
    await world.ask({ cost: { usd: 1 } });
    expect(await world.spent()).toBe(0);
  });

  it("is ended by a person for good, with who did it in the log", async () => {
    await using world = await World.open();
    await world.ask();
    const run = { namespace: "agents", serviceAccount: "bot", run: "r" };
    await world.decider.terminateRun({ run, reason: "stop it", by: "alice" });
    await world.decider.terminateRun({ run, reason: "again", by: "bob" });
    expect(await world.ask()).toMatchObject({
      decision: "terminate",
      reason: "terminated_by_person",
      message: "stop it",
    });
    const [record, ...more] = (await world.steps()).filter((step) => step.kind === "run");
    expect([record?.["by"], more]).toEqual(["alice", []]);
  });

  it("that nobody knows cannot be ended, nor another agent's", async () => {
    await using world = await World.open();
    expect(await refusal(world.decider.endRun(bot, "nowhere"))).toBe("RL_NOT_FOUND");
    await world.ask();
    expect(await refusal(world.decider.endRun(helper, "r"))).toBe("RL_NOT_FOUND");
    expect(await world.state()).toBe("active");
    await world.ask({ by: helper, cost: { usd: 1 } });
    expect(await world.state("r", helper)).toBe("active");
    await world.decider.endRun(bot, "r");
    expect(await world.state("r", helper)).toBe("active");
  });

  it("that nothing happens in ends by itself, and that is in the log", async () => {
    await using world = await World.open();
    await world.ask();
    world.clock.advance(24 * 60 * MINUTE + 1);
    await world.decider.sweep();
    expect(await world.state()).toBe("ended");
    expect((await world.steps()).map((step) => step.kind)).toEqual(["review", "sweep", "run"]);
    await world.restart();
    expect((await world.ask()).reason).toBe("run_ended");
  });

  it("withdraws its open questions when it is over", async () => {
    await using world = await World.open([
      { id: "ask", when: { tool: "wire" }, action: "require_approval", approvers: ["sec"] },
      ...rules,
    ]);
    for (const run of ["ended", "terminated"]) await world.ask({ run, tool: "wire" });
    await world.decider.endRun(bot, "ended");
    await world.ask({ run: "terminated", tool: "bad" });
    await expect
      .poll(async () => (await world.approvals.list({}, { limit: 9 })).items.map((one) => one.status?.phase))
      .toEqual(["Withdrawn", "Withdrawn"]);
  });
});

describe("sub-runs", () => {
  const child = { run: "child", parentRun: { run: "r" } };

  it("end with their parent, not the parent with them", async () => {
    await using world = await World.open([...rules]);
    await world.ask();
    await world.ask(child);
    await world.ask({ run: "grandchild", parentRun: { run: "child" } });
    expect((await world.ask({ ...child, tool: "bad" })).decision).toBe("terminate");
    expect(await world.ask({ run: "grandchild" })).toMatchObject({ decision: "terminate", message: "over" });
    expect((await world.ask()).decision).toBe("allow");
  });

  it("take the root with them only if a fact about the whole tree held", async () => {
    await using world = await World.open([...rules]);
    await world.ask();
    await world.ask(child);
    expect((await world.ask({ ...child, tool: "tree" })).decision).toBe("terminate");
    expect(await world.ask()).toMatchObject({ decision: "terminate", message: "all" });
    await world.restart();
    expect(await world.ask()).toMatchObject({ decision: "terminate", message: "all" });
  });

  it("need an active parent that is theirs from the first review on", async () => {
    await using world = await World.open([...rules]);
    expect(await refusal(world.ask(child))).toBe("RL_PARENT_REFUSED");
    expect(await world.state("child")).toBeUndefined();
    await world.ask();
    await world.ask({ run: "other" });
    await world.ask(child);
    expect((await world.ask({ run: "child" })).allowed).toBe(true);
    expect(await refusal(world.ask({ run: "child", parentRun: { run: "other" } }))).toBe("RL_PARENT_REFUSED");
    expect(await refusal(world.ask({ run: "other", parentRun: { run: "r" } }))).toBe("RL_PARENT_REFUSED");
    await world.decider.endRun(bot, "r");
    expect(await refusal(world.ask({ run: "late", parentRun: { run: "r" } }))).toBe("RL_PARENT_REFUSED");
  });

  it("of another ServiceAccount need an allowed delegation that names them, once", async () => {
    await using world = await World.open([...rules]);
    await world.ask();
    const parentRun = { namespace: "agents", serviceAccount: "bot", run: "r" };
    const help = (run: string, delegation?: string) =>
      world.ask({ by: helper, run, parentRun: { ...parentRun, ...(delegation === undefined ? {} : { delegation }) } });
    expect(await refusal(help("h"))).toBe("RL_PARENT_REFUSED");
    expect(await refusal(help("h", "made-up"))).toBe("RL_PARENT_REFUSED");
    await world.ask({ uid: "plain" });
    expect(await refusal(help("h", "plain"))).toBe("RL_PARENT_REFUSED");
    await world.ask({
      uid: "to-other",
      action: "delegation",
      tool: undefined,
      args: { to: "somebody-else", task: "x" },
    });
    expect(await refusal(help("h", "to-other"))).toBe("RL_PARENT_REFUSED");
    await world.ask({ uid: "to-helper", action: "delegation", tool: undefined, args: { to: "helper", task: "x" } });
    expect((await help("h", "to-helper")).allowed).toBe(true);
    expect(await refusal(help("h2", "to-helper"))).toBe("RL_PARENT_REFUSED");
    expect((await world.ask({ by: helper, run: "h" })).allowed).toBe(true);
  });
});
