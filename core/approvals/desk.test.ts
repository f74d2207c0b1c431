import { approvalRequestSchema, digestOf } from "#api";
import { manualClock } from "#runtime";
import { describe, expect, it } from "vitest";
import {
  MINUTE,
  START,
  actionDigest,
  agent,
  alice,
  bob,
  newDesk,
  person,
  presentation,
  question,
  requirement,
} from "./approvals.fixture.ts";
import { memoryApprovalStore } from "./memory-store.ts";
import type { ApprovalStore } from "./store.ts";
import type { ApprovalTransition } from "./transitions.ts";

const { namespace } = agent;
function use(name: string, uid = "uid-1") {
  return { namespace, name, uid, requestDigest: presentation(name, { uid }).requestDigest };
}

describe("asking", () => {
  it("makes a request the resource accepts", async () => {
    const { ask } = newDesk();
    const asked = await ask(question({ pod: "pod-1", agentName: "bot", requirements: [requirement({ quorum: 2 })] }));
    expect(approvalRequestSchema.parse(asked)).toEqual(asked);
    expect(asked).toMatchObject({
      metadata: { namespace, creationTimestamp: new Date(START).toISOString() },
      spec: {
        run: agent.run,
        agent: { serviceAccount: agent.serviceAccount, pod: "pod-1", name: "bot" },
        action: {
          type: "tool_call",
          tool: "stripe.refund",
          args: { amount: 900 },
          digest: actionDigest({ amount: 900 }),
        },
        uses: 1,
        grantFor: "10m",
        expiresAt: new Date(START + 30 * MINUTE).toISOString(),
      },
      status: { phase: "Pending", votes: "0/2" },
    });
  });

  it("the same question while it is open is the same request, also once it is approved", async () => {
    const { ask, approve } = newDesk();
    const first = await ask();
    expect((await ask()).metadata.name).toBe(first.metadata.name);
    await approve(first.metadata.name);
    const again = await ask();
    expect(again.metadata.name).toBe(first.metadata.name);
    expect(again.status?.phase).toBe("Approved");
  });

  it("the same question from everywhere at once is one request", async () => {
    const { desk, ask } = newDesk();
    const asked = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(new Set(asked.map(({ metadata }) => metadata.name)).size).toBe(1);
    expect((await desk.list({}, { limit: 100 })).items).toHaveLength(1);
  });

  it("does not show arguments again for a question that stands already", async () => {
    const { ask } = newDesk();
    let shown = 0;
    const asked = question();
    const display = () => {
      shown++;
      return { amount: 900 };
    };
    await ask({ ...asked, action: { ...asked.action, display } });
    await ask({ ...asked, action: { ...asked.action, display } });
    expect(shown).toBe(1);
  });

  it("keeps the display copy within its size, whatever it was given", async () => {
    const { ask } = newDesk();
    const args = { text: "x".repeat(100_000), many: Array.from({ length: 50_000 }, (_, n) => n) };
    const asked = await ask(question({ args }));
    expect(JSON.stringify(asked.spec.action.args).length).toBeLessThanOrEqual(32 * 1024);
    expect(asked.spec.action.digest).toBe(actionDigest(args));
  });

  it("again after the use is a new request with the next name", async () => {
    const { desk, ask, approve } = newDesk();
    const names: string[] = [];
    for (let n = 0; n < 6; n++) {
      const { name } = (await ask()).metadata;
      names.push(name);
      await approve(name);
      expect(await desk.consume(use(name, `uid-${n}`))).toBe("consumed");
    }
    expect(new Set(names).size).toBe(6);
  });

  it("again after a withdrawal is a new request", async () => {
    const { desk, ask } = newDesk();
    const first = await ask();
    expect(await desk.withdrawRun(agent, "the operator took it back")).toBe(1);
    expect((await desk.get(namespace, first.metadata.name)).status).toMatchObject({ phase: "Withdrawn" });
    expect((await ask()).metadata.name).not.toBe(first.metadata.name);
  });

  it("is over for the run once it was denied, also when other rules ask by then", async () => {
    const { desk, ask, deny, clock } = newDesk();
    const { name } = (await ask()).metadata;
    await deny(name);
    clock.advance(40 * 86_400_000);
    await desk.sweep();
    const denied = { kind: "denied", reason: "approval_denied" };
    expect(await desk.ask(question())).toMatchObject(denied);
    expect(await desk.ask(question({ requirements: [requirement({ ruleHash: digestOf("v2") })] }))).toMatchObject(
      denied,
    );
    expect(await desk.ask(question({ args: { amount: 901 } }))).toMatchObject({ kind: "open" });
    expect(await desk.ask(question({ identity: { ...agent, run: "run_2" } }))).toMatchObject({ kind: "open" });
  });

  it("tells the agent what the person wrote", async () => {
    const { desk, ask } = newDesk();
    const { name } = (await ask()).metadata;
    await desk.vote({ namespace, name, mayApprove: false }, alice, {
      decision: "deny",
      comment: "ask the customer first",
    });
    expect(await desk.ask(question())).toMatchObject({
      message: expect.stringContaining("ask the customer first") as string,
    });
  });

  it("is over after three times without an answer", async () => {
    const { desk, ask, clock } = newDesk();
    for (let n = 0; n < 3; n++) {
      await ask();
      clock.advance(31 * MINUTE);
    }
    expect(await desk.ask(question())).toMatchObject({ kind: "denied", reason: "too_many_expired_approvals" });
    expect(await desk.ask(question({ args: { amount: 1 } }))).toMatchObject({ kind: "open" });
  });

  it("is not over because an approval was used only in part", async () => {
    const { desk, ask, approve, clock } = newDesk();
    for (let n = 0; n < 5; n++) {
      const { name } = (await ask(question({ uses: 2 }))).metadata;
      await approve(name);
      await desk.consume(use(name, `uid-${n}`));
      clock.advance(31 * MINUTE);
      expect((await desk.get(namespace, name)).status?.phase).toBe("Expired");
    }
  });

  it("is limited per agent and per namespace, exactly, however many ask at once", async () => {
    const { desk } = newDesk({ limits: { openPerAgent: 20, openPerNamespace: 30 } });
    const flood = (serviceAccount: string) =>
      Promise.all(
        Array.from({ length: 100 }, (_, nonce) =>
          desk.ask(question({ identity: { ...agent, serviceAccount }, args: { amount: 900, nonce } })),
        ),
      );
    const answers = [await flood("a"), await flood("b")];
    expect(answers.map((all) => all.filter(({ kind }) => kind === "open").length)).toEqual([20, 10]);
    const refused = answers.flat().filter((one) => one.kind === "denied");
    expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(["too_many_open_approvals"]));
    expect((await desk.list({ phase: "Pending" }, { limit: 500 })).items).toHaveLength(30);
  });

  it("finds room again when open requests are decided or run out", async () => {
    const { desk, ask, deny, clock } = newDesk({ limits: { openPerAgent: 1 } });
    const { name } = (await ask()).metadata;
    const other = question({ args: { amount: 1 } });
    expect((await desk.ask(other)).kind).toBe("denied");
    await deny(name);
    await ask(other);
    clock.advance(31 * MINUTE);
    await ask(question({ args: { amount: 2 } }));
  });

  it("is refused when more rules ask than a request can hold", async () => {
    const { desk } = newDesk();
    const requirements = Array.from({ length: 65 }, (_, n) => requirement({ rule: `r${n}` }));
    expect(await desk.ask(question({ requirements }))).toMatchObject({
      kind: "denied",
      reason: "too_many_requirements",
    });
  });
});

describe("executing", () => {
  it("checks without using, then takes the use once", async () => {
    const { desk, ask, approve } = newDesk();
    const { name } = (await ask()).metadata;
    await approve(name, alice, { edits: [{ set: "args.amount", value: 500 }] });
    for (let n = 0; n < 3; n++) {
      const valid = await desk.present(presentation(name));
      expect(valid).toMatchObject({ kind: "valid", used: false, edits: [{ set: "args.amount", value: 500 }] });
    }
    expect(await desk.consume(use(name))).toBe("consumed");
    expect(await desk.consume(use(name))).toBe("repeat");
    expect(await desk.present(presentation(name))).toMatchObject({ used: true });
    expect(await desk.consume(use(name, "uid-2"))).toBe("exhausted");
    expect((await desk.get(namespace, name)).status).toMatchObject({ phase: "Consumed", uses: [{ uid: "uid-1" }] });
  });

  it("knows the rules it was approved for", async () => {
    const { desk, ask, approve } = newDesk();
    const { name } = (await ask()).metadata;
    await approve(name);
    const { covers } = await desk.present(presentation(name));
    expect(covers(requirement())).toBe(true);
    expect(covers(requirement({ rule: "another" }))).toBe(false);
    expect(covers(requirement({ uid: "policy-2" }))).toBe(false);
    expect(() => covers(requirement({ ruleHash: digestOf("edited") }))).toThrow(
      expect.objectContaining({ code: "RL_GRANT_MISMATCH" }) as Error,
    );
  });

  it("gives one use to one of many who race for it", async () => {
    const { desk, ask, approve } = newDesk();
    const { name } = (await ask(question({ uses: 3 }))).metadata;
    await approve(name);
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => desk.consume(use(name, `uid-${n}`))));
    expect(results.filter((one) => one === "consumed")).toHaveLength(3);
    expect(results.filter((one) => one === "exhausted")).toHaveLength(47);
    expect((await desk.get(namespace, name)).status?.uses).toHaveLength(3);
  });

  it("gives one use to one of several replicas on one store", async () => {
    const store = memoryApprovalStore();
    const clock = manualClock(START);
    const replicas = Array.from({ length: 8 }, () => newDesk({ store, clock }));
    const [first] = replicas;
    if (first === undefined) throw new Error("no replica");
    const { name } = (await first.ask()).metadata;
    await first.approve(name);
    const results = await Promise.all(replicas.map(({ desk }, n) => desk.consume(use(name, `uid-${n}`))));
    expect(results.filter((one) => one === "consumed")).toHaveLength(1);
    expect((await first.desk.get(namespace, name)).status?.uses).toHaveLength(1);
  });

  it("is one use when the write was acknowledged to nobody", async () => {
    const inner = memoryApprovalStore();
    let lose = false;
    const lossy: ApprovalStore = new Proxy(inner, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          const result: unknown = await Reflect.apply(member, target, args);
          if (key === "replace" && lose) {
            lose = false;
            throw new Error("the connection broke");
          }
          return result;
        };
      },
    });
    const { desk, ask, approve } = newDesk({ store: lossy });
    const { name } = (await ask()).metadata;
    await approve(name);
    lose = true;
    await expect(desk.consume(use(name))).rejects.toThrow("the connection broke");
    expect(await desk.present(presentation(name))).toMatchObject({ used: true });
    expect(await desk.consume(use(name))).toBe("repeat");
    expect(await desk.consume(use(name, "uid-2"))).toBe("exhausted");
  });
});

describe("voting", () => {
  it("from 50 people at once has one result, and every vote is one entry", async () => {
    const { desk, ask } = newDesk();
    const { name } = (await ask(question({ requirements: [requirement({ quorum: 5 })] }))).metadata;
    const votes = Array.from({ length: 50 }, (_, n) =>
      desk.vote({ namespace, name, mayApprove: false }, person(`p${n}`, "security-team"), {
        decision: n % 10 === 9 ? "deny" : "approve",
      }),
    );
    const settled = await Promise.allSettled(votes);
    const counted = settled.filter(({ status }) => status === "fulfilled").length;
    const { status } = await desk.get(namespace, name);
    expect(status).toMatchObject({ phase: "Approved", votes: "5/5" });
    expect(status?.decisions).toHaveLength(counted);
    for (const one of settled)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "RL_NOT_PENDING" });
  });

  it("twice the same is a success that counts once", async () => {
    const { desk, ask, approve } = newDesk();
    const { name } = (await ask(question({ requirements: [requirement({ quorum: 2 })] }))).metadata;
    await approve(name);
    await approve(name);
    expect((await desk.get(namespace, name)).status).toMatchObject({ phase: "Pending", votes: "1/2" });
    expect((await approve(name, bob)).status?.phase).toBe("Approved");
  });

  it("asks for the run tree when a ServiceAccount votes, and fails when that cannot be told", async () => {
    const approvers = ["serviceaccount:teams/planner", "serviceaccount:ops/bot"];
    const planner = person("system:serviceaccount:teams:planner");
    const ops = person("system:serviceaccount:ops:bot");
    const tree = newDesk({ runTree: () => Promise.resolve([{ namespace: "teams", serviceAccount: "planner" }]) });
    const { name } = (await tree.ask(question({ requirements: [requirement({ approvers })] }))).metadata;
    await expect(tree.approve(name, planner)).rejects.toMatchObject({ code: "RL_VOTE_REFUSED" });
    expect((await tree.approve(name, ops)).status?.phase).toBe("Approved");
    const blind = newDesk({ runTree: () => Promise.reject(new Error("ledger is away")) });
    await blind.ask(question({ requirements: [requirement({ approvers })] }));
    await expect(blind.approve(name, ops)).rejects.toThrow("ledger is away");
    expect((await blind.desk.get(namespace, name)).status).toMatchObject({ phase: "Pending" });
  });

  it("is not for a request that does not exist", async () => {
    await expect(newDesk().approve("apr-none")).rejects.toMatchObject({ code: "RL_NOT_FOUND" });
  });
});

describe("deleting", () => {
  it("an open request is a no", async () => {
    const { desk, ask } = newDesk();
    const { name } = (await ask()).metadata;
    expect((await desk.delete(namespace, name, "root")).status).toMatchObject({
      phase: "Denied",
      reason: "deleted by root",
    });
    expect(await desk.ask(question())).toMatchObject({ kind: "denied", reason: "approval_denied" });
  });

  it("a closed request is refused, so that a no cannot be deleted", async () => {
    const { desk, ask, deny } = newDesk();
    const { name } = (await ask()).metadata;
    await deny(name);
    await expect(desk.delete(namespace, name, "root")).rejects.toMatchObject({ code: "RL_NOT_PENDING" });
  });

  it("comes with the run that is forgotten", async () => {
    const { desk, ask, deny } = newDesk();
    const { name } = (await ask()).metadata;
    await deny(name);
    await desk.forgetRun(agent);
    await expect(desk.get(namespace, name)).rejects.toMatchObject({ code: "RL_NOT_FOUND" });
  });
});

describe("waiting", () => {
  const LONG = { timeoutMs: 60_000 };

  it("ends with the answer", async () => {
    const { desk, ask, approve } = newDesk();
    const { name } = (await ask(question({ requirements: [requirement({ quorum: 2 })] }))).metadata;
    const waiting = desk.wait(agent, name, LONG);
    await approve(name);
    await approve(name, bob);
    expect((await waiting).status?.phase).toBe("Approved");
    expect((await desk.wait(agent, name, LONG)).status?.phase).toBe("Approved");
  });

  it("ends when the run is withdrawn", async () => {
    const { desk, ask } = newDesk();
    const { name } = (await ask()).metadata;
    const waiting = desk.wait(agent, name, LONG);
    await desk.withdrawRun(agent, "the run was terminated");
    expect((await waiting).status).toMatchObject({ phase: "Withdrawn", reason: "the run was terminated" });
  });

  it("ends when voting ends, without anything being written", async () => {
    const clock = manualClock(START);
    const { desk, ask } = newDesk({ clock });
    const { name } = (await ask()).metadata;
    clock.set(START + 30 * MINUTE - 20);
    const waiting = desk.wait(agent, name, LONG);
    await new Promise((parked) => setImmediate(parked));
    clock.advance(20);
    expect((await waiting).status?.phase).toBe("Expired");
  });

  it("ends with its time, the signal, and the desk, still Pending", async () => {
    const { desk, ask } = newDesk();
    const { name } = (await ask()).metadata;
    expect((await desk.wait(agent, name, { timeoutMs: 0 })).status?.phase).toBe("Pending");
    expect((await desk.wait(agent, name, { timeoutMs: 5 })).status?.phase).toBe("Pending");
    const controller = new AbortController();
    const aborted = desk.wait(agent, name, { ...LONG, signal: controller.signal });
    controller.abort();
    expect((await aborted).status?.phase).toBe("Pending");
    const closing = desk.wait(agent, name, LONG);
    desk.close();
    expect((await closing).status?.phase).toBe("Pending");
  });

  it("is for the agent that asked", async () => {
    const { desk, ask } = newDesk();
    const { name } = (await ask()).metadata;
    for (const other of [
      { ...agent, serviceAccount: "other" },
      { ...agent, namespace: "other" },
    ])
      await expect(desk.wait(other, name, LONG)).rejects.toMatchObject({ code: "RL_NOT_FOUND" });
    await expect(desk.wait(agent, "apr-none", LONG)).rejects.toMatchObject({ code: "RL_NOT_FOUND" });
  });

  it("costs one look at the store for each change, not for each moment", async () => {
    const store = memoryApprovalStore();
    let reads = 0;
    const get = store.get.bind(store);
    store.get = (space, name) => {
      reads++;
      return get(space, name);
    };
    const { desk, ask, approve } = newDesk({ store, waits: { perRequest: 100 } });
    const { name } = (await ask()).metadata;
    const waits = Array.from({ length: 100 }, () => desk.wait(agent, name, LONG));
    await approve(name);
    await Promise.all(waits);
    expect(reads).toBeLessThan(250);
  });
});

describe("transitions", () => {
  it("are told once, in order, with phases and cause", async () => {
    const { desk, ask, approve, clock } = newDesk();
    const told: ApprovalTransition[] = [];
    desk.onTransition((transition) => told.push(transition));
    const { name } = (await ask(question({ uses: 2, requirements: [requirement({ quorum: 2 })] }))).metadata;
    await ask(question({ uses: 2, requirements: [requirement({ quorum: 2 })] }));
    await approve(name);
    await approve(name);
    await approve(name, bob);
    await desk.consume(use(name, "u1"));
    await desk.consume(use(name, "u1"));
    await desk.consume(use(name, "u2"));
    await ask(question({ args: { amount: 1 } }));
    clock.advance(31 * MINUTE);
    expect(await desk.sweep()).toEqual({ expired: 1, pruned: 0 });
    expect(await desk.sweep()).toEqual({ expired: 0, pruned: 0 });
    expect(told.map(({ event, from, to, uid, vote }) => [event, from, to, uid ?? vote?.by.username])).toEqual([
      ["asked", undefined, "Pending", undefined],
      ["voted", "Pending", "Pending", "alice"],
      ["voted", "Pending", "Approved", "bob"],
      ["used", "Approved", "Approved", "u1"],
      ["used", "Approved", "Consumed", "u2"],
      ["asked", undefined, "Pending", undefined],
      ["expired", "Pending", "Expired", undefined],
    ]);
  });

  it("reach the other listeners when one fails", async () => {
    const { desk, ask, faults } = newDesk();
    const told: string[] = [];
    desk.onTransition(() => {
      throw new Error("broken listener");
    });
    const stop = desk.onTransition(({ event }) => told.push(event));
    await ask();
    stop();
    await ask(question({ args: { amount: 1 } }));
    expect(told).toEqual(["asked"]);
    expect(faults).toHaveLength(2);
  });
});

describe("sweeping", () => {
  it("prunes what is past retention and keeps a no", async () => {
    const { desk, ask, deny, clock } = newDesk({ retentionMs: 60 * MINUTE });
    const { name } = (await ask()).metadata;
    await deny(name);
    await ask(question({ args: { amount: 1 } }));
    clock.advance(31 * MINUTE);
    expect(await desk.sweep()).toEqual({ expired: 1, pruned: 0 });
    clock.advance(61 * MINUTE);
    expect(await desk.sweep()).toEqual({ expired: 0, pruned: 1 });
    expect((await desk.list({}, { limit: 10 })).items.map(({ metadata }) => metadata.name)).toEqual([name]);
  });

  it("writes down more than one batch", async () => {
    const { desk, ask, clock } = newDesk({ limits: { openPerAgent: 500 } });
    for (let amount = 0; amount < 250; amount++) await ask(question({ args: { amount } }));
    clock.advance(31 * MINUTE);
    expect((await desk.sweep()).expired).toBe(250);
  });
});

describe("metrics", () => {
  it("count requests by phase as they are now, and how long people took", async () => {
    const { ask, approve, registry, clock } = newDesk();
    const { name } = (await ask()).metadata;
    await ask(question({ args: { amount: 1 } }));
    clock.advance(40_000);
    await approve(name);
    const text = await registry.metrics();
    expect(text).toContain('runlog_approvals{phase="Pending"} 1');
    expect(text).toContain('runlog_approvals{phase="Approved"} 1');
    expect(text).toContain('runlog_approvals{phase="Denied"} 0');
    expect(text).toContain('runlog_approval_wait_seconds_bucket{le="15"} 0');
    expect(text).toContain('runlog_approval_wait_seconds_bucket{le="60"} 1');
    expect(text).toContain("runlog_approval_wait_seconds_sum 40");
    clock.advance(31 * MINUTE);
    expect(await registry.metrics()).toContain('runlog_approvals{phase="Expired"} 2');
  });

  it("keep their last numbers and the rest of the page when the store cannot answer", async () => {
    const store = memoryApprovalStore();
    const { registry, ask, faults } = newDesk({ store });
    await ask();
    await registry.metrics();
    store.countByPhase = () => Promise.reject(new Error("away"));
    expect(await registry.metrics()).toContain('runlog_approvals{phase="Pending"} 1');
    expect(faults).toHaveLength(1);
  });
});
