import type { ApprovalPhase, ApprovalRequest, RunIdentity } from "#api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { START, actionDigest, agent, request } from "./approvals.fixture.ts";
import { ORDINAL_ANNOTATION, QUESTION_LABEL } from "./name.ts";
import type { ApprovalStore, ApprovalWrite } from "./store.ts";

interface Changes {
  readonly name: string;
  readonly run?: RunIdentity;
  readonly question?: string;
  readonly ordinal?: number;
  readonly phase?: ApprovalPhase;
  readonly closesAt?: number;
  readonly changedAt?: number;
  readonly amount?: number;
}

/** Open requests close in an hour unless told otherwise. */
function entry(changes: Changes): ApprovalWrite {
  const {
    name,
    run = agent,
    question = "q",
    ordinal = 0,
    phase = "Pending",
    changedAt = START,
    amount = 900,
  } = changes;
  const base = request();
  const open = phase === "Pending" || phase === "Approved";
  const made: ApprovalRequest = {
    ...base,
    metadata: {
      name,
      namespace: run.namespace,
      labels: { [QUESTION_LABEL]: question },
      annotations: { [ORDINAL_ANNOTATION]: `${ordinal}` },
    },
    spec: {
      ...base.spec,
      run: run.run,
      agent: { namespace: run.namespace, serviceAccount: run.serviceAccount },
      action: { ...base.spec.action, digest: actionDigest({ amount }) },
    },
    status: { phase },
  };
  return { request: made, closesAt: changes.closesAt ?? (open ? START + 3_600_000 : 0), changedAt };
}

export interface StoreUnderTest {
  readonly store: ApprovalStore;
  close(): Promise<void>;
}

/** What every store promises (store.ts). */
export function approvalStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps approval requests`, () => {
    let opened: StoreUnderTest;
    let store: ApprovalStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    async function create(changes: Changes): Promise<void> {
      expect(await store.create(entry(changes))).toBeDefined();
    }
    const names = (items: readonly { request: ApprovalRequest }[]): string[] =>
      items.map(({ request: { metadata } }) => metadata.name);

    it("creates a name once", async () => {
      const write = entry({ name: "a" });
      const created = await store.create(write);
      expect(created?.request).toEqual(write.request);
      expect(await store.create(entry({ name: "a", amount: 1 }))).toBeUndefined();
      expect(await store.get(agent.namespace, "a")).toEqual(created);
      expect(await store.get("elsewhere", "a")).toBeUndefined();
      expect(await store.get(agent.namespace, "b")).toBeUndefined();
    });

    it("creates a name once, however many try at the same time", async () => {
      const tries = await Promise.all(
        Array.from({ length: 20 }, (_, n) => store.create(entry({ name: "a", amount: n }))),
      );
      const won = tries.filter((one) => one !== undefined);
      expect(won).toHaveLength(1);
      expect((await store.get(agent.namespace, "a"))?.request).toEqual(won[0]?.request);
    });

    it("replaces what was read, and nothing newer", async () => {
      const read = await store.create(entry({ name: "a" }));
      if (read === undefined) throw new Error("not created");
      const next = await store.replace(read, entry({ name: "a", phase: "Approved" }));
      expect(next?.request.status).toEqual({ phase: "Approved" });
      expect(next?.version).not.toBe(read.version);
      expect(await store.replace(read, entry({ name: "a", phase: "Denied" }))).toBeUndefined();
      expect(await store.get(agent.namespace, "a")).toEqual(next);
    });

    it("lets exactly one of many replace the same version", async () => {
      const read = await store.create(entry({ name: "a" }));
      if (read === undefined) throw new Error("not created");
      const tries = await Promise.all(
        Array.from({ length: 20 }, (_, n) => store.replace(read, { ...entry({ name: "a" }), changedAt: START + n })),
      );
      expect(tries.filter((one) => one !== undefined)).toHaveLength(1);
    });

    it("cannot replace what is gone", async () => {
      const read = await store.create(entry({ name: "a" }));
      if (read === undefined) throw new Error("not created");
      await store.forgetRun(agent);
      expect(await store.replace(read, entry({ name: "a" }))).toBeUndefined();
    });

    it("does not change with what it was given or gave", async () => {
      const write = entry({ name: "a" });
      const created = await store.create(write);
      if (created === undefined) throw new Error("not created");
      write.request.spec.run = "changed";
      created.request.spec.run = "changed";
      const read = await store.get(agent.namespace, "a");
      expect(read?.request.spec.run).toBe(agent.run);
      if (read !== undefined) read.request.spec.run = "changed";
      expect((await store.get(agent.namespace, "a"))?.request.spec.run).toBe(agent.run);
    });

    it("finds the newest of a question by its ordinal", async () => {
      await create({ name: "q2", ordinal: 2 });
      await create({ name: "q10", ordinal: 10 });
      await create({ name: "q9", ordinal: 9 });
      await create({ name: "other", ordinal: 11, question: "other" });
      await create({ name: "far", ordinal: 12, run: { ...agent, namespace: "elsewhere" } });
      expect((await store.newest(agent.namespace, "q"))?.request.metadata.name).toBe("q10");
      expect(await store.newest(agent.namespace, "none")).toBeUndefined();
    });

    it("finds the next newest when the newest was pruned", async () => {
      await create({ name: "old", ordinal: 1, phase: "Denied" });
      await create({ name: "new", ordinal: 2, phase: "Consumed" });
      expect(await store.prune(START + 1)).toBe(1);
      expect((await store.newest(agent.namespace, "q"))?.request.metadata.name).toBe("old");
    });

    it("finds what a run was denied, whatever question it was", async () => {
      await create({ name: "a", phase: "Denied", question: "q1" });
      await create({ name: "b", phase: "Expired", amount: 5 });
      expect((await store.denied(agent, actionDigest({ amount: 900 })))?.request.metadata.name).toBe("a");
      expect(await store.denied(agent, actionDigest({ amount: 5 }))).toBeUndefined();
      expect(await store.denied({ ...agent, run: "run_2" }, actionDigest({ amount: 900 }))).toBeUndefined();
      expect(await store.denied({ ...agent, serviceAccount: "x" }, actionDigest({ amount: 900 }))).toBeUndefined();
    });

    it("counts what is open, per agent and namespace", async () => {
      await create({ name: "a" });
      await create({ name: "b", run: { ...agent, run: "run_2" }, phase: "Approved" });
      await create({ name: "c", run: { ...agent, serviceAccount: "other" } });
      await create({ name: "d", run: { ...agent, namespace: "elsewhere" } });
      await create({ name: "e", phase: "Denied" });
      await create({ name: "f", closesAt: START });
      expect(await store.openCounts(agent.namespace, agent.serviceAccount, START)).toEqual({ agent: 2, namespace: 3 });
      expect(await store.openCounts("nowhere", "x", START)).toEqual({ agent: 0, namespace: 0 });
    });

    it("finds what is open in a run", async () => {
      await create({ name: "a" });
      await create({ name: "b", phase: "Approved" });
      await create({ name: "c", phase: "Consumed" });
      await create({ name: "d", run: { ...agent, run: "run_2" } });
      expect(names(await store.openOf(agent, 10)).sort()).toEqual(["a", "b"]);
      expect(await store.openOf(agent, 1)).toHaveLength(1);
    });

    it("finds what is overdue", async () => {
      await create({ name: "a", closesAt: START + 10 });
      await create({ name: "b", closesAt: START + 11 });
      await create({ name: "c", phase: "Denied" });
      expect(names(await store.overdue(START + 10, 10))).toEqual(["a"]);
      expect(await store.overdue(START + 11, 1)).toHaveLength(1);
    });

    it("lists newest first, in pages, by phase at the time", async () => {
      for (const n of [1, 2, 3, 4, 5]) await create({ name: `a${n}`, ...(n === 2 ? { closesAt: START + 5 } : {}) });
      await create({ name: "b", run: { ...agent, namespace: "elsewhere" } });
      await create({ name: "c", phase: "Expired", run: { ...agent, serviceAccount: "other", run: "run_2" } });
      const here = { namespace: agent.namespace };
      const first = await store.list(here, { limit: 4 }, START);
      expect(names(first.items)).toEqual(["c", "a5", "a4", "a3"]);
      const rest = await store.list(here, { limit: 4, continue: first.continue ?? "" }, START);
      expect(names(rest.items)).toEqual(["a2", "a1"]);
      expect(rest.continue).toBeNull();
      const ask = async (filter: Parameters<ApprovalStore["list"]>[0], now: number) =>
        names((await store.list(filter, { limit: 50 }, now)).items);
      expect(await ask({ phase: "Pending" }, START)).toEqual(["b", "a5", "a4", "a3", "a2", "a1"]);
      expect(await ask({ ...here, phase: "Expired" }, START + 5)).toEqual(["c", "a2"]);
      expect(await ask({ ...here, phase: "Pending" }, START + 5)).toEqual(["a5", "a4", "a3", "a1"]);
      expect(await ask({ serviceAccount: "other" }, START)).toEqual(["c"]);
      expect(await ask({ run: "run_2" }, START)).toEqual(["c"]);
      await expect(store.list({}, { limit: 5, continue: "1 OR 1=1" }, START)).rejects.toMatchObject({
        code: "RL_INVALID",
      });
    });

    it("counts by phase at the time", async () => {
      await create({ name: "a" });
      await create({ name: "b", closesAt: START + 5 });
      await create({ name: "c", phase: "Denied" });
      expect(Object.fromEntries(await store.countByPhase(START))).toEqual({ Pending: 2, Denied: 1 });
      expect(Object.fromEntries(await store.countByPhase(START + 5))).toEqual({ Pending: 1, Expired: 1, Denied: 1 });
    });

    it("prunes what is closed and old, but never a no", async () => {
      await create({ name: "open" });
      await create({ name: "denied", phase: "Denied" });
      await create({ name: "old", phase: "Expired" });
      await create({ name: "young", phase: "Consumed", changedAt: START + 10 });
      expect(await store.prune(START + 10)).toBe(1);
      expect(names((await store.list({}, { limit: 50 }, START)).items)).toEqual(["young", "denied", "open"]);
    });

    it("forgets a run whole, and only that", async () => {
      await create({ name: "a", phase: "Denied" });
      await create({ name: "b" });
      await create({ name: "c", run: { ...agent, run: "run_2" } });
      await store.forgetRun(agent);
      expect(names((await store.list({}, { limit: 50 }, START)).items)).toEqual(["c"]);
      expect(await store.newest(agent.namespace, "q")).toMatchObject({ request: { metadata: { name: "c" } } });
      expect(await store.create(entry({ name: "a" }))).toBeDefined();
    });

    it("tells of each write once it can be read, until told to stop", async () => {
      const told: string[] = [];
      const stop = store.watch((namespace, changed) => told.push(`${namespace}/${changed}`));
      const read = await store.create(entry({ name: "a" }));
      if (read === undefined) throw new Error("not created");
      await store.create(entry({ name: "a" }));
      await store.replace(read, entry({ name: "a", phase: "Approved" }));
      await store.replace(read, entry({ name: "a", phase: "Denied" }));
      expect(told).toEqual(["agents/a", "agents/a"]);
      stop();
      await store.create(entry({ name: "b" }));
      expect(told).toHaveLength(2);
    });
  });
}
