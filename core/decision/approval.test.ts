import { describe, expect, it } from "vitest";
import { bot, helper, MINUTE, refusal, World, type Ask, type Rule, type Rules } from "./decision.fixture.ts";

const ask: Rule = { id: "ask", when: { tool: "wire" }, action: "require_approval", approvers: ["sec"] };
const wire = { tool: "wire", args: { amount: 5, to: "x" } } as const;

/** The name of the request that this action asks for. */
async function name(world: World, more: Ask = {}): Promise<string> {
  const answer = await world.ask({ ...wire, ...more });
  expect(answer).toMatchObject({ decision: "require_approval", allowed: false, reservation: null });
  return answer.approval?.name ?? "";
}
const uses = async (world: World, request: string): Promise<number> =>
  (await world.approvals.get("agents", request)).status?.uses?.length ?? 0;

describe("asking", () => {
  it("opens one request however often it is asked, and reserves nothing", async () => {
    await using world = await World.open([ask]);
    const names = await Promise.all(Array.from({ length: 10 }, () => name(world, { cost: { usd: 1 } })));
    expect(new Set(names).size).toBe(1);
    expect(await world.spent()).toBe(0);
    expect(await name(world, { args: { amount: 6, to: "x" } })).not.toBe(names[0]);
    expect(await name(world, { run: "other" })).not.toBe(names[0]);
  });

  it("is over once it was denied: every re-ask of the run is refused, another run may ask", async () => {
    await using world = await World.open([
      ask,
      { id: "three", when: { denials_in_run: { gt: 3 } }, action: "terminate" },
    ]);
    await world.vote(await name(world), { decision: "deny", comment: "never" });
    expect(await world.ask(wire)).toMatchObject({ decision: "deny", reason: "approval_denied" });
    await name(world, { run: "other" });
    await world.restart();
    expect(await world.ask(wire)).toMatchObject({ decision: "deny", reason: "approval_denied" });
  });

  it("asks the rules of the same id in two policies both, also when the second one only fits what was modified", async () => {
    await using world = await World.open();
    const first = { id: "big", when: { tool: "wire", args: { exists: true } }, action: "require_approval" } as const;
    world.enforce(
      [{ id: "set", when: { tool: "wire" }, action: "modify", modify: [{ set: "args.checked", value: true }] }],
      {
        one: [{ ...first, approvers: ["sec"] }],
        two: [{ ...first, when: { tool: "wire", "args.checked": true }, approvers: ["finance"] }],
      },
    );
    const request = await world.approvals.get("agents", await name(world));
    expect(request.spec.requirements.map((one) => [one.policy.name, one.rule, one.approvers])).toEqual([
      ["one", "big", ["sec"]],
      ["two", "big", ["finance"]],
    ]);
  });
});

describe("execution", () => {
  it("happens exactly once under twenty sends at once, with money reserved once", async () => {
    await using world = await World.open([ask]);
    const approval = await name(world);
    await world.vote(approval);
    const sends = Array.from({ length: 20 }, () => world.ask({ ...wire, approval, cost: { usd: 1 } }));
    const ends = await Promise.allSettled(sends);
    const allowed = ends.filter((end) => end.status === "fulfilled" && end.value.allowed);
    const refused = ends.filter((end) => end.status === "rejected" && end.reason.code === "RL_GRANT_MISMATCH");
    expect([allowed.length, refused.length]).toEqual([1, 19]);
    expect(await world.spent()).toBe(1);
    expect(await uses(world, approval)).toBe(1);
  });

  it("of the same uid is one use and one answer, however often it is sent", async () => {
    await using world = await World.open([ask]);
    const approval = await name(world);
    await world.vote(approval);
    const send = { ...wire, approval, uid: "same", cost: { usd: 1 } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.ask(send)));
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]).toMatchObject({ decision: "allow", reason: "approved", reservation: "r/same" });
    expect(await world.spent()).toBe(1);
    expect(await uses(world, approval)).toBe(1);
  });

  it("whose record is refused may be sent again: its use is still its own", async () => {
    await using world = await World.open([ask]);
    const approval = await name(world);
    await world.vote(approval);
    world.fault = () => Promise.reject(new Error("the disk is gone"));
    await expect(world.ask({ ...wire, approval, uid: "same" })).rejects.toThrow("gone");
    world.fault = undefined;
    expect(await refusal(world.ask({ ...wire, approval, uid: "another" }))).toBe("RL_GRANT_MISMATCH");
    expect((await world.ask({ ...wire, approval, uid: "same" })).allowed).toBe(true);
    expect(await uses(world, approval)).toBe(1);
  });

  it("does not count as another call", async () => {
    await using world = await World.open([ask, { id: "two", when: { tool_calls_in_run: { gt: 2 } }, action: "deny" }]);
    const approval = await name(world);
    await world.vote(approval);
    await world.ask({ ...wire, approval });
    expect((await world.ask()).allowed).toBe(true);
    expect((await world.ask()).allowed).toBe(false);
  });

  it("is for this agent, run and action, before its time is over; a mismatch uses nothing", async () => {
    await using world = await World.open([{ ...ask, approval: { grantFor: "10m" } }]);
    const approval = await name(world);
    const send = (more: Ask = {}) => refusal(world.ask({ ...wire, approval, ...more }));
    expect(await send()).toBe("RL_GRANT_MISMATCH");
    await world.vote(approval);
    expect(await send({ args: { amount: 6, to: "x" } })).toBe("RL_GRANT_MISMATCH");
    expect(await send({ tool: "other" })).toBe("RL_GRANT_MISMATCH");
    expect(await send({ run: "other" })).toBe("RL_GRANT_MISMATCH");
    expect(await send({ by: helper })).toBe("RL_GRANT_MISMATCH");
    expect(await send({ approval: "nothing" })).toBe("RL_NOT_FOUND");
    world.clock.advance(10 * MINUTE + 1);
    expect(await send()).toBe("RL_GRANT_MISMATCH");
    expect(await uses(world, approval)).toBe(0);
    expect(await world.state("other")).toBeUndefined();
  });

  it("in a run that is over is refused", async () => {
    await using world = await World.open([ask]);
    const approval = await name(world);
    await world.vote(approval);
    await world.decider.endRun(bot, "r");
    expect(await world.ask({ ...wire, approval })).toMatchObject({ decision: "deny", reason: "run_ended" });
    expect(await uses(world, approval)).toBe(0);
  });
});

describe("what an approver edited", () => {
  const edits = [{ set: "args.amount", value: 4 }];
  const approved = async (world: World, change: object[] = edits): Promise<string> => {
    const approval = await name(world);
    await world.vote(approval, { decision: "approve", edits: change as never });
    return approval;
  };

  it("is what runs, what is recorded and what counts", async () => {
    await using world = await World.open([ask]);
    const approval = await approved(world);
    expect(await world.ask({ ...wire, approval, uid: "run" })).toMatchObject({
      decision: "modify",
      allowed: true,
      reason: "approved",
      args: { amount: 4, to: "x" },
      patch: [{ op: "replace", path: "/amount", value: 4 }],
    });
    const step = (await world.steps()).find((one) => one["uid"] === "run");
    expect(step?.["args"]).toEqual({ amount: 4, to: "x" });
  });

  it("is refused when a rule denies it, and uses nothing", async () => {
    await using world = await World.open([
      ask,
      { id: "no4", when: { "args.amount": 4 }, action: "deny", message: "not 4" },
    ]);
    const approval = await approved(world);
    expect(await world.ask({ ...wire, approval })).toMatchObject({ decision: "deny", message: "not 4" });
    expect(await uses(world, approval)).toBe(0);
    expect(await world.spent()).toBe(0);
  });

  it("ends the run when a rule says so", async () => {
    await using world = await World.open([ask, { id: "end", when: { "args.amount": 4 }, action: "terminate" }]);
    const approval = await approved(world);
    expect((await world.ask({ ...wire, approval })).decision).toBe("terminate");
    expect(await world.state()).toBe("terminated");
  });

  it("that a rule would change again is unstable, and denied", async () => {
    await using world = await World.open([
      ask,
      { id: "clamp", when: { tool: "wire" }, action: "modify", modify: [{ clamp: "args.amount", min: 5 }] },
    ]);
    const approval = await approved(world);
    expect(await world.ask({ ...wire, approval })).toMatchObject({ decision: "deny", reason: "modify_unstable" });
  });

  it("for which another rule asks is asked for anew, and the new answer can be used", async () => {
    await using world = await World.open([
      ask,
      { id: "four", when: { tool: "wire", "args.amount": 4 }, action: "require_approval", approvers: ["sec"] },
    ]);
    const first = await approved(world);
    const anew = await world.ask({ ...wire, approval: first });
    expect(anew).toMatchObject({ decision: "require_approval", args: null });
    const second = anew.approval?.name ?? "";
    expect(second).not.toBe(first);
    const request = await world.approvals.get("agents", second);
    expect(request.spec.requirements.map((one) => one.rule).sort()).toEqual(["ask", "four"]);
    expect(request.spec.action.args).toEqual(wire.args);
    await world.vote(second, { decision: "approve", edits });
    expect(await world.ask({ ...wire, approval: second })).toMatchObject({ decision: "modify", args: { amount: 4 } });
    expect([await uses(world, first), await uses(world, second)]).toEqual([0, 1]);
  });
});

describe("rules that change between the answer and the use", () => {
  const other: Rule = { id: "other", when: { tool: "wire" }, action: "require_approval", approvers: ["finance"] };

  it.each<[string, Rules, string]>([
    ["a rule that denies by now wins", [ask, { id: "no", when: { tool: "wire" }, action: "deny" }], "deny"],
    ["a rule that asks no more is no hindrance", [], "allow"],
    ["words and order are no change", [{ ...ask, message: "please", name: "x" }], "allow"],
    ["another rule that asks is asked anew", [ask, other], "require_approval"],
    ["the same rule under another id is another", [{ ...ask, id: "renamed" }], "require_approval"],
    ["a rule that reads differently is a conflict", [{ ...ask, approvers: ["finance"] }], "RL_GRANT_MISMATCH"],
    ["a wider rule is a conflict, too", [{ ...ask, when: {} }], "RL_GRANT_MISMATCH"],
  ])("%s", async (_, rules, expected) => {
    await using world = await World.open([ask]);
    const approval = await name(world);
    await world.vote(approval);
    world.enforce(rules);
    const sent = world.ask({ ...wire, approval });
    const result = await sent.then(
      (answer) => answer.decision,
      (error: { code: string }) => error.code,
    );
    expect(result).toBe(expected);
    expect(await uses(world, approval)).toBe(expected === "allow" ? 1 : 0);
  });

  it("the budget is looked at when it runs, not when it was asked", async () => {
    await using world = await World.open([ask, { id: "day", when: { cost_today: { gt: 1 } }, action: "deny" }]);
    const approval = await name(world, { cost: { usd: "0.60" } });
    await world.vote(approval);
    await world.ask({ cost: { usd: "0.60" } });
    expect((await world.ask({ ...wire, approval, cost: { usd: "0.60" } })).decision).toBe("deny");
    expect(await uses(world, approval)).toBe(0);
    expect((await world.ask({ ...wire, approval, cost: { usd: "0.40" } })).decision).toBe("allow");
  });
});
