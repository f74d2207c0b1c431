import { Registry } from "prom-client";
import { manualClock } from "#runtime";
import { describe, expect, it } from "vitest";
import { interleavingsContract } from "./interleavings.contract.ts";
import { ledgerContract } from "./ledger.contract.ts";
import { asks, closure, counters, DAY, Driver, HOUR, MINUTE, NOON, RecordedRunLog, runOf } from "./ledger.fixture.ts";
import type { LedgerLimits } from "./limits.ts";
import { createMemoryLedger } from "./memory.ts";

ledgerContract("memory ledger", (options) => createMemoryLedger(options));
interleavingsContract("memory ledger", (options) => createMemoryLedger(options));
interleavingsContract("memory ledger that holds four runs and six answers", (options) => createMemoryLedger(options), {
  maxRunsInMemory: 4,
  maxAnswers: 6,
  maxAnswerBytes: 40,
});

function small(limits: Partial<LedgerLimits>, archived = true) {
  const clock = manualClock(NOON);
  const log = new RecordedRunLog();
  const metrics = new Registry();
  const ledger = createMemoryLedger({ clock, limits, metrics, ...(archived ? { archive: log } : {}) });
  return { clock, log, ledger, metrics, drive: new Driver(ledger, log, () => clock.now()) };
}

async function inMemory(metrics: Registry, name: string): Promise<number | undefined> {
  const metric = await metrics.getSingleMetric(name)?.get();
  return metric?.values[0]?.value;
}

describe("bounded memory", () => {
  it("a run that was put away comes back with its counters, its tree, its answers and its closure", async () => {
    const { drive, ledger, metrics } = small({ maxRunsInMemory: 3 });
    await drive.review({ uid: "a", cost: 5, callDigest: "same" });
    await drive.review({ uid: "b", cost: 7, run: runOf("child"), parent: { run: runOf("run-1") } });
    await drive.settle("a", { cost: 4, tokens: 0 });
    await drive.settle("b", { cost: 8, tokens: 0 }, { run: runOf("child") });
    await drive.review({ uid: "skipped", cost: 9 });
    await drive.settle("skipped", null);
    const end = closure("terminated", NOON);
    await drive.review({ uid: "t", run: runOf("dead") }, { mayRun: false, terminate: { closure: end, tree: false } });
    for (let i = 0; i < 10; i++) {
      await drive.review({ uid: "x", run: runOf(`filler-${i}`) });
      await drive.settle("x", null, { run: runOf(`filler-${i}`) });
    }
    expect(await inMemory(metrics, "runlog_ledger_runs")).toBe(3);
    expect(await drive.read(counters.cost("run", "run"), { run: runOf("child") })).toBe(12);
    expect(await drive.read(counters.cost("run", "day"), { run: runOf("child") })).toBe(12);
    expect(await drive.read(counters.cost("agent", "run"))).toBe(4);
    expect(await drive.read(counters.calls(HOUR, "mail.send", "run"))).toBe(3);
    expect(await drive.read(counters.identical(), { callDigest: "same" })).toBe(2);
    expect(await drive.read(counters.cost("agent"))).toBe(12);
    expect(await ledger.begin(asks({ uid: "a" }))).toEqual({ kind: "answered", answer: "answer to a" });
    expect(await ledger.begin(asks({ uid: "n", run: runOf("dead") }))).toEqual({ kind: "closed", closure: end });
    expect(await drive.settle("a", { cost: 9, tokens: 0 }, { digest: "another" })).toBe("conflict");
  });

  it("an answer that was put away is read again, and its uid never counts twice", async () => {
    const { drive, ledger, log, metrics } = small({ maxAnswers: 4 });
    for (let i = 0; i < 12; i++) await drive.review({ uid: `u${i}`, cost: 1 });
    expect(await inMemory(metrics, "runlog_ledger_reviews")).toBe(4);
    const lookups = log.lookups;
    expect(await ledger.begin(asks({ uid: "u0", cost: 1 }))).toEqual({ kind: "answered", answer: "answer to u0" });
    expect(await ledger.begin(asks({ uid: "u1", requestDigest: "other" }))).toEqual({ kind: "uid_reused" });
    expect(log.lookups).toBe(lookups + 2);
    expect(await drive.read(counters.cost("agent"))).toBe(12);
    expect(await drive.settle("u2", { cost: 3, tokens: 0 })).toBe("settled");
    expect(await drive.read(counters.cost("agent"))).toBe(14);
    const { charged } = await ledger.sweep();
    expect(charged.map(({ uid }) => uid)).toEqual(["u3", "u4", "u5", "u6", "u7", "u8", "u9", "u10"]);
    log.down = true;
    await expect(ledger.begin(asks({ uid: "u3", cost: 1 }))).rejects.toMatchObject({ code: "RL_RUN_UNKNOWN_STATE" });
  });

  it("keeps the texts of answers within their bytes", async () => {
    const { drive, ledger, log } = small({ maxAnswerBytes: 100 });
    for (const uid of ["a", "b", "c"]) await drive.review({ uid }, { answer: uid.repeat(60) });
    const before = log.lookups;
    expect(await ledger.begin(asks({ uid: "c" }))).toEqual({ kind: "answered", answer: "c".repeat(60) });
    expect(log.lookups).toBe(before);
    expect(await ledger.begin(asks({ uid: "a" }))).toEqual({ kind: "answered", answer: "a".repeat(60) });
    expect(log.lookups).toBe(before + 1);
  });

  it("without an archive it refuses rather than forget", async () => {
    const runs = small({ maxRunsInMemory: 2 }, false);
    await runs.drive.review({ uid: "a" });
    await runs.drive.review({ uid: "a", run: runOf("run-2") });
    await expect(runs.ledger.begin(asks({ uid: "a", run: runOf("run-3") }))).rejects.toMatchObject({
      code: "RL_SATURATED",
    });
    await runs.drive.close(runOf("run-2"), closure("terminated", NOON));
    await runs.drive.close(runOf("run-1"), closure("ended", NOON));
    runs.clock.advance(31 * DAY);
    await runs.ledger.sweep();
    expect((await runs.ledger.begin(asks({ uid: "n", run: runOf("run-2") }))).kind).toBe("closed");
    expect((await runs.ledger.begin(asks({ uid: "a", run: runOf("run-3") }))).kind).toBe("open");
    const answers = small({ maxAnswers: 2 }, false);
    await answers.drive.review({ uid: "a" });
    await answers.drive.review({ uid: "b" });
    await expect(answers.ledger.begin(asks({ uid: "c" }))).rejects.toMatchObject({ code: "RL_SATURATED" });
    expect(await answers.drive.read(counters.toolCalls())).toBe(3);
    answers.clock.advance(HOUR);
    await answers.ledger.sweep();
    expect((await answers.ledger.begin(asks({ uid: "c" }))).kind).toBe("open");
  });

  it("never puts away a run that money waits for", async () => {
    const { drive, ledger } = small({ maxRunsInMemory: 2 });
    await drive.open({ uid: "a", cost: 5 });
    await drive.review({ uid: "a", run: runOf("run-2") });
    await expect(ledger.begin(asks({ uid: "a", run: runOf("run-3") }))).rejects.toMatchObject({ code: "RL_SATURATED" });
    await drive.settle("a", null, { run: runOf("run-2") });
    expect((await ledger.begin(asks({ uid: "a", run: runOf("run-3") }))).kind).toBe("open");
    expect(await drive.finish({ uid: "a", cost: 5 })).toMatchObject({ first: true });
  });

  it("does not put away the parent to make room for its child", async () => {
    const { drive } = small({ maxRunsInMemory: 3 });
    const tree = [runOf("run-1"), runOf("mid"), runOf("leaf")] as const;
    await drive.review({ uid: "a", run: tree[0] });
    await drive.settle("a", { cost: 1, tokens: 0 });
    await drive.review({ uid: "a", run: tree[1], parent: { run: tree[0] } });
    await drive.settle("a", { cost: 10, tokens: 0 }, { run: tree[1] });
    await drive.review({ uid: "a", run: runOf("later") });
    await drive.settle("a", null, { run: runOf("later") });
    await drive.review({ uid: "a", cost: 100, run: tree[2], parent: { run: tree[1] } });
    for (const run of tree) expect(await drive.read(counters.cost("run", "run"), { run })).toBe(111);
  });

  it("users beyond the bound share one budget, and none escapes", async () => {
    const { drive } = small({ maxUsersPerAgent: 2 });
    for (const [i, user] of ["u1", "u2", "u3", "u4"].entries()) await drive.review({ uid: user, user, cost: 10 ** i });
    const read = (user: string) => drive.read(counters.cost("user"), { user });
    expect([await read("u1"), await read("u2"), await read("u3"), await read("u4")]).toEqual([1, 10, 1100, 1100]);
  });

  it("calls beyond the bound are unreadable, not guessed", async () => {
    const { drive } = small({ maxCallsPerRun: 2, maxToolsPerRun: 1 });
    for (const uid of ["a", "b", "c"]) await drive.review({ uid, callDigest: uid, tool: `tool.${uid}` });
    expect(await drive.read(counters.identical(), { callDigest: "a" })).toBe(2);
    expect(await drive.read(counters.identical(), { callDigest: "c" })).toEqual({
      unreadable: "too_many_calls_in_run",
    });
    expect(await drive.read(counters.callsToTool(), { tool: "tool.b" })).toEqual({
      unreadable: "too_many_tools_in_run",
    });
    expect(await drive.read(counters.toolCalls())).toBe(4);
  });

  it("restores into too little memory without losing a budget, a tree or a termination", async () => {
    const before = small({});
    const { clock, log } = before;
    await before.drive.review({ uid: "a", cost: 1 });
    for (let i = 0; i < 6; i++) {
      const run = runOf(`child-${i}`);
      await before.drive.review({ uid: "a", cost: 10, run, parent: { run: runOf("run-1") } });
      await before.drive.settle("a", { cost: 20, tokens: 0 }, { run });
    }
    const end = closure("terminated", NOON);
    await before.drive.close(runOf("child-0"), end);
    const ledger = createMemoryLedger({ clock, archive: log, limits: { maxRunsInMemory: 3 } });
    for (const event of log.events) ledger.restore(event);
    const drive = new Driver(ledger, log, () => clock.now());
    expect(await drive.read(counters.cost("agent"))).toBe(121);
    expect(await drive.read(counters.cost("run", "run"))).toBe(121);
    expect(await drive.read(counters.toolCalls("run"), { run: runOf("child-3") })).toBe(8);
    expect(await ledger.begin(asks({ uid: "n", run: runOf("child-0") }))).toEqual({ kind: "closed", closure: end });
  });

  it("restores a tree whose root stayed in memory while its sub-runs did not", async () => {
    const { clock, log, drive } = small({});
    await drive.review({ uid: "kept", cost: 1 });
    for (const uid of ["a", "b"]) {
      for (let i = 0; i < 4; i++) {
        const run = runOf(`child-${i}`);
        await drive.review({ uid, cost: 10, run, ...(uid === "a" ? { parent: { run: runOf("run-1") } } : {}) });
        await drive.settle(uid, { cost: 20, tokens: 0 }, { run });
      }
    }
    const ledger = createMemoryLedger({ clock, archive: log, limits: { maxRunsInMemory: 2 } });
    for (const event of log.events) ledger.restore(event);
    const restored = new Driver(ledger, log, () => clock.now());
    expect(await restored.read(counters.cost("run", "run"))).toBe(161);
    expect(await restored.read(counters.cost("run", "day"))).toBe(161);
    expect(await restored.read(counters.cost("agent"))).toBe(161);
    expect(await restored.settle("kept", { cost: 2, tokens: 0 })).toBe("settled");
    expect(await restored.read(counters.cost("run", "run"))).toBe(162);
  });

  it("a termination from before what is restored still holds, for the sub-runs too", async () => {
    const { clock, log, drive } = small({});
    const end = closure("terminated", NOON);
    await drive.review({ uid: "a", cost: 1 });
    await drive.review({ uid: "a", run: runOf("child"), parent: { run: runOf("run-1") } });
    await drive.close(runOf("run-1"), end);
    const before = log.events.length;
    clock.advance(40 * DAY);
    for (const run of [runOf("run-1"), runOf("child")]) {
      const finish = { answer: "", decision: "terminate", mayRun: false, countsAsDenial: false } as const;
      log.record({ kind: "review", at: clock.now(), request: asks({ uid: "late", run }), finish });
    }
    for (const idle of [0, 2 * DAY]) {
      const ledger = createMemoryLedger({ clock, archive: log });
      for (const event of log.events.slice(before)) ledger.restore(event);
      clock.advance(idle);
      expect((await ledger.sweep()).idle).toEqual([]);
      expect(await ledger.begin(asks({ uid: "n", run: runOf("child") }))).toEqual({ kind: "closed", closure: end });
      expect(await ledger.begin(asks({ uid: "n" }))).toEqual({ kind: "closed", closure: end });
    }
  });

  it("a run from before what is restored has all its counters", async () => {
    const { clock, log, drive } = small({});
    await drive.review({ uid: "a", cost: 1 });
    await drive.review({ uid: "b", cost: 10, run: runOf("child"), parent: { run: runOf("run-1") } });
    const before = log.events.length;
    await drive.review({ uid: "c", cost: 100, run: runOf("child") });
    const ledger = createMemoryLedger({ clock, archive: log });
    for (const event of log.events.slice(before)) ledger.restore(event);
    const restored = new Driver(ledger, log, () => clock.now());
    expect(await restored.read(counters.cost("agent", "run"), { run: runOf("child") })).toBe(110);
    expect(await restored.read(counters.cost("run", "run"), { run: runOf("child") })).toBe(111);
    expect(await ledger.run(runOf("child"))).toMatchObject({ parent: runOf("run-1"), depth: 2 });
    expect(await restored.settle("c", { cost: 50, tokens: 0 }, { run: runOf("child") })).toBe("settled");
    expect(await restored.read(counters.cost("run", "run"))).toBe(61);
  });

  it("a run of which only the end is known stays ended", async () => {
    const { log, ledger } = small({});
    const end = closure("terminated", NOON - DAY);
    log.record({ kind: "closed", at: end.at, run: runOf("run-1"), closure: end, tree: false });
    expect(await ledger.begin(asks({ uid: "a" }))).toEqual({ kind: "closed", closure: end });
  });

  it("ends a run that went idle while it was put away", async () => {
    const { drive, ledger, clock } = small({ maxRunsInMemory: 1 });
    await drive.review({ uid: "a" });
    await drive.settle("a", null);
    await drive.review({ uid: "b", run: runOf("run-2") });
    await drive.settle("b", null, { run: runOf("run-2") });
    clock.advance(25 * HOUR);
    expect(await ledger.begin(asks({ uid: "c" }))).toMatchObject({ kind: "closed", closure: { reason: "run_idle" } });
    expect((await drive.sweep()).idle.map(({ run }) => run.run)).toContain("run-1");
  });

  it("gives up on an archive that does not answer", async () => {
    const clock = manualClock(NOON);
    const never = new Promise<never>(() => undefined);
    const archive = { history: () => never, review: () => never };
    const ledger = createMemoryLedger({ clock, archive, limits: { archiveTimeoutMs: 5 } });
    await expect(ledger.begin(asks({ uid: "a" }))).rejects.toMatchObject({ code: "RL_RUN_UNKNOWN_STATE" });
  });

  it("looks a run up once however many ask for it, and only so many at a time", async () => {
    const { ledger, log } = small({ maxArchiveLookups: 1 });
    const [first, second] = await Promise.all([ledger.begin(asks({ uid: "a" })), ledger.begin(asks({ uid: "b" }))]);
    expect([first.kind, second.kind]).toEqual(["open", "open"]);
    expect(log.lookups).toBe(1);
    const other = Promise.all(["run-2", "run-3"].map((run) => ledger.begin(asks({ uid: "a", run: runOf(run) }))));
    await expect(other).rejects.toMatchObject({ code: "RL_SATURATED" });
  });

  it("counts its reservations", async () => {
    const { drive, metrics, clock } = small({});
    await drive.open({ uid: "a" });
    await drive.review({ uid: "b" });
    await drive.review({ uid: "c" }, { mayRun: false });
    expect(await inMemory(metrics, "runlog_reservations")).toBe(2);
    clock.advance(15 * MINUTE);
    await drive.sweep();
    expect(await inMemory(metrics, "runlog_reservations")).toBe(0);
  });
});
