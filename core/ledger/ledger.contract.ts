import { manualClock, type Clock, type ManualClock } from "#runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { asks, closure, counters, DAY, Driver, HOUR, MINUTE, NOON, RecordedRunLog, runOf } from "./ledger.fixture.ts";
import type { Ledger, RunArchive } from "./ledger.ts";
import type { LedgerLimits } from "./limits.ts";

export interface LedgerContractOptions {
  readonly clock: Clock;
  readonly archive: RunArchive;
  readonly limits: Partial<LedgerLimits>;
}

/** What every ledger must do, whatever it is kept in. `create` gives a new, empty one. */
export function ledgerContract(
  name: string,
  create: (options: LedgerContractOptions) => Ledger | Promise<Ledger>,
): void {
  describe(`${name}: the contract`, () => {
    let clock: ManualClock;
    let log: RecordedRunLog;
    let drive: Driver;
    let ledger: Ledger;

    async function fresh(limits: Partial<LedgerLimits> = {}, start = NOON): Promise<Driver> {
      clock = manualClock(start);
      log = new RecordedRunLog();
      ledger = await create({ clock, archive: log, limits });
      drive = new Driver(ledger, log, () => clock.now());
      return drive;
    }

    beforeEach(async () => {
      await fresh();
    });

    describe("same question, same answer", () => {
      it("gives a repeat the same answer and counts nothing", async () => {
        await drive.review({ uid: "a", cost: 5 });
        expect(await ledger.begin(asks({ uid: "a", cost: 5 }))).toEqual({ kind: "answered", answer: "answer to a" });
        expect(await drive.read(counters.toolCalls())).toBe(2);
        expect(await drive.read(counters.cost("agent"))).toBe(5);
      });

      it("refuses the uid for another request, answered or not, also as dryRun", async () => {
        await drive.open({ uid: "a" });
        expect(await ledger.begin(asks({ uid: "a", requestDigest: "other" }))).toEqual({ kind: "uid_reused" });
        await drive.finish({ uid: "a" });
        expect(await ledger.begin(asks({ uid: "a", requestDigest: "other" }))).toEqual({ kind: "uid_reused" });
        expect(await ledger.begin(asks({ uid: "a", requestDigest: "other", dryRun: true }))).toEqual({
          kind: "uid_reused",
        });
      });

      it("scopes the uid to the run", async () => {
        await drive.review({ uid: "a" });
        expect((await drive.open({ uid: "a", run: runOf("run-2") })).newRun).toBe(true);
      });

      it("remembers an answer for one hour", async () => {
        await drive.review({ uid: "a" });
        clock.advance(HOUR - 1);
        expect((await ledger.begin(asks({ uid: "a" }))).kind).toBe("answered");
        await ledger.sweep();
        clock.advance(1);
        await ledger.sweep();
        expect((await ledger.begin(asks({ uid: "a" }))).kind).toBe("open");
      });

      it("evaluates a reservation without an answer again and adds nothing", async () => {
        const limits = [{ counter: counters.cost("agent"), limit: 10 }];
        const first = await drive.open({ uid: "a", cost: 6, limits, counters: [counters.toolCalls()] });
        const again = await drive.open({ uid: "a", cost: 6, limits, counters: [counters.toolCalls()] });
        expect([first.reserved, again.reserved]).toEqual([true, true]);
        expect(again.readings).toEqual(first.readings);
        expect(again.reservation).toBe(first.reservation);
        await drive.finish({ uid: "a", cost: 6 });
        expect(await drive.read(counters.cost("agent"))).toBe(6);
        expect(await drive.read(counters.toolCalls())).toBe(2);
      });

      it("keeps the first of two answers to the same uid", async () => {
        await drive.open({ uid: "a", cost: 6 });
        await drive.open({ uid: "a", cost: 6 });
        expect(await drive.finish({ uid: "a" }, { answer: "first" })).toEqual({ first: true, answer: "first" });
        expect(await drive.finish({ uid: "a" }, { answer: "second", mayRun: false })).toEqual({
          first: false,
          answer: "first",
        });
        expect(await ledger.begin(asks({ uid: "a" }))).toEqual({ kind: "answered", answer: "first" });
        expect(await drive.read(counters.cost("agent"))).toBe(6);
      });

      it("abandon leaves nothing: no count, no money, no answer, no run", async () => {
        await drive.open({ uid: "a", cost: 6, tokens: 3 });
        await ledger.abandon(runOf("run-1"), "a");
        expect(await ledger.run(runOf("run-1"))).toBeUndefined();
        const again = await drive.open({ uid: "b", counters: [counters.cost("agent"), counters.toolCalls()] });
        expect([...again.readings.values()]).toEqual([0, 1]);
        expect(again.newRun).toBe(true);
      });

      it("abandon undoes a uid begun twice only when both gave up", async () => {
        await drive.open({ uid: "a", cost: 6 });
        await drive.open({ uid: "a", cost: 6 });
        await ledger.abandon(runOf("run-1"), "a");
        expect(await drive.read(counters.cost("agent"))).toBe(6);
        await drive.finish({ uid: "a" });
        expect(await drive.read(counters.cost("agent"))).toBe(6);
      });

      it("abandon after finish takes the denial back too", async () => {
        await drive.review({ uid: "a" });
        await drive.review({ uid: "b", cost: 6 }, { mayRun: false, countsAsDenial: true });
        await ledger.abandon(runOf("run-1"), "b");
        expect(await drive.read(counters.denials())).toBe(0);
        expect(await drive.read(counters.toolCalls())).toBe(2);
      });

      it("refuses to finish what is no longer under way", async () => {
        await expect(drive.finish({ uid: "never" })).rejects.toMatchObject({ code: "RL_DEADLINE" });
      });
    });

    describe("what counts", () => {
      it("counts refused calls, but not the re-send of an approved one", async () => {
        const seen = [counters.toolCalls(), counters.callsToTool(), counters.identical()];
        const same = { callDigest: "same", counters: seen };
        expect([...(await drive.review({ uid: "a", ...same }, { mayRun: false })).values()]).toEqual([1, 1, 1]);
        expect([...(await drive.review({ uid: "b", ...same, resend: true })).values()]).toEqual([1, 1, 1]);
        expect([...(await drive.review({ uid: "c", ...same })).values()]).toEqual([2, 2, 2]);
        const other = await drive.review({ uid: "d", tool: "db.query", counters: seen });
        expect([...other.values()]).toEqual([3, 1, 1]);
        const call = await drive.review({
          uid: "e",
          action: "llm_call",
          tool: undefined,
          callDigest: undefined,
          counters: seen,
        });
        expect([...call.values()]).toEqual([3, 0, 0]);
      });

      it("counts denials by policy only", async () => {
        await drive.review({ uid: "a" }, { mayRun: false, countsAsDenial: true });
        await drive.review({ uid: "b" }, { mayRun: false });
        expect(await drive.read(counters.denials())).toBe(1);
      });

      it("a dryRun adds nothing and creates nothing", async () => {
        const probe = await drive.open({ uid: "a", cost: 6, dryRun: true, counters: [counters.cost("agent")] });
        expect(probe).toMatchObject({ reserved: false, reservation: "", newRun: true });
        expect(probe.readings.get(counters.cost("agent").key)).toBe(6);
        expect(await ledger.run(runOf("run-1"))).toBeUndefined();
        expect(await drive.read(counters.cost("agent"))).toBe(0);
      });

      it("counts per agent, namespace, user, cluster and tree, each apart", async () => {
        await drive.review({ uid: "a", cost: 1, user: "u1" });
        await drive.review({ uid: "b", cost: 10, user: "u2", run: runOf("run-2") });
        await drive.review({ uid: "c", cost: 100, user: "u1", run: runOf("run-3", "other") });
        await drive.review({ uid: "d", cost: 1000, run: runOf("run-4", "bot", "elsewhere") });
        const pers = ["agent", "namespace", "cluster", "run", "user"] as const;
        const read = await Promise.all(pers.map((per) => drive.read(counters.cost(per), { user: "u1" })));
        expect(read).toEqual([11, 111, 1111, 1, 1]);
        expect(await drive.read(counters.cost("agent", "run"))).toBe(1);
        expect(await drive.read(counters.cost("user"))).toEqual({ unreadable: "no_user" });
      });

      it("an estimate that cannot be read makes cost counters unreadable and reserves nothing", async () => {
        const cost = { unreadable: "unknown_model_price" };
        const limits = [{ counter: counters.cost("agent"), limit: 100 }];
        const opened = await drive.open({ uid: "a", cost, tokens: 7, limits, counters: [counters.tokens("agent")] });
        expect(opened.reserved).toBe(false);
        expect(opened.readings.get(counters.cost("agent").key)).toEqual(cost);
        expect(opened.readings.get(counters.tokens("agent").key)).toBe(7);
        await drive.finish({ uid: "a", cost, tokens: 7 });
        expect(await drive.settle("a", { cost: 40, tokens: 9 })).toBe("settled");
        expect(await drive.read(counters.cost("agent"))).toBe(40);
        expect(await drive.read(counters.tokens("agent"))).toBe(9);
      });

      it("counts a tree as a whole only per run", async () => {
        const child = { run: runOf("child"), parent: { run: runOf("run-1") } };
        await drive.review({ uid: "a", cost: 1, callDigest: "same" });
        await drive.review({ uid: "b", cost: 10, callDigest: "same", ...child }, { mayRun: true });
        await drive.review({ uid: "c", ...child }, { mayRun: false, countsAsDenial: true });
        const alone = { run: runOf("run-1"), callDigest: "same" };
        expect(await drive.read(counters.cost("run", "run"), alone)).toBe(11);
        expect(await drive.read(counters.cost("run", "day"), alone)).toBe(11);
        expect(await drive.read(counters.cost("agent", "run"), alone)).toBe(1);
        expect(await drive.read(counters.toolCalls("run"), alone)).toBe(4);
        expect(await drive.read(counters.toolCalls(), alone)).toBe(2);
        expect(await drive.read(counters.identical("run"), alone)).toBe(3);
        expect(await drive.read(counters.identical(), alone)).toBe(2);
        expect(await drive.read(counters.denials("run"), alone)).toBe(1);
        expect(await drive.read(counters.denials(), alone)).toBe(0);
      });

      it("measures how long the run has been going on, per run from the root's first review", async () => {
        await drive.review({ uid: "a" });
        clock.advance(MINUTE);
        await drive.review({ uid: "b", run: runOf("child"), parent: { run: runOf("run-1") } });
        clock.advance(MINUTE);
        expect(await drive.read(counters.duration(), { run: runOf("child") })).toBe(MINUTE);
        expect(await drive.read(counters.duration("run"), { run: runOf("child") })).toBe(2 * MINUTE);
      });

      it("calls_in_window counts those that may run, plus this one, and leaves them behind", async () => {
        const window = counters.calls(HOUR, "mail.*");
        await drive.review({ uid: "a" });
        clock.advance(30 * MINUTE);
        await drive.review({ uid: "b" }, { mayRun: false });
        await drive.review({ uid: "c", tool: "db.query" });
        await drive.review({ uid: "d", action: "llm_call", tool: undefined });
        expect(await drive.read(window)).toBe(2);
        expect(await drive.read(window, { tool: "db.query" })).toBe(1);
        expect(await drive.read(counters.calls(HOUR))).toBe(4);
        expect(await drive.read(counters.calls(HOUR, "mail.send", "cluster"))).toBe(2);
        clock.advance(30 * MINUTE - 1);
        expect(await drive.read(window)).toBe(2);
        clock.advance(1);
        expect(await drive.read(window)).toBe(1);
      });

      it("takes a place in the window only within the limit", async () => {
        const limits = [{ counter: counters.calls(HOUR, "mail.send"), limit: 2 }];
        const taken: boolean[] = [];
        for (const uid of ["a", "b", "c"]) {
          const { reserved } = await drive.open({ uid, limits });
          taken.push(reserved);
          await drive.finish({ uid }, { mayRun: reserved });
        }
        expect(taken).toEqual([true, true, false]);
      });

      it("amend replaces the call and the estimate", async () => {
        const counted = [counters.identical(), counters.cost("agent"), counters.toolCalls()];
        await drive.review({ uid: "a", callDigest: "y" });
        await drive.open({ uid: "b", callDigest: "x", cost: 5 });
        const limits = [{ counter: counters.cost("agent"), limit: 8 }];
        const amended = await ledger.amend(asks({ uid: "b", callDigest: "y", cost: 8, counters: counted, limits }));
        expect([...amended.readings.values()]).toEqual([2, 8, 2]);
        expect(amended.reserved).toBe(true);
        const beyond = await ledger.amend(asks({ uid: "b", callDigest: "y", cost: 9, counters: counted, limits }));
        expect([...beyond.readings.values()]).toEqual([2, 9, 2]);
        expect(beyond.reserved).toBe(false);
        await drive.finish({ uid: "b" }, { mayRun: false });
        expect(await drive.read(counters.identical(), { callDigest: "x" })).toBe(1);
        expect(await drive.read(counters.identical(), { callDigest: "y" })).toBe(3);
        expect(await drive.read(counters.cost("agent"))).toBe(0);
      });

      it("amend of a dryRun adds nothing", async () => {
        await drive.review({ uid: "a", cost: 2 });
        const amended = await ledger.amend(
          asks({ uid: "b", dryRun: true, cost: 3, counters: [counters.cost("agent")] }),
        );
        expect(amended).toEqual({ readings: new Map([[counters.cost("agent").key, 5]]), reserved: false });
        expect(await drive.read(counters.cost("agent"))).toBe(2);
      });
    });

    describe("days and months", () => {
      it("a new policy sees the whole day in its own zone", async () => {
        await fresh({}, Date.UTC(2026, 4, 14, 21, 50));
        await drive.review({ uid: "a", cost: 1 });
        clock.set(Date.UTC(2026, 4, 14, 22, 5));
        await drive.review({ uid: "b", cost: 10 });
        clock.set(Date.UTC(2026, 4, 15, 0, 5));
        await drive.review({ uid: "c", cost: 100 });
        expect(await drive.read(counters.cost("agent", "day", "UTC"))).toBe(100);
        expect(await drive.read(counters.cost("agent", "day", "Europe/Berlin"))).toBe(110);
        expect(await drive.read(counters.cost("agent", "day", "America/New_York"))).toBe(111);
        expect(await drive.read(counters.cost("agent", "day", "Asia/Kathmandu"))).toBe(111);
        expect(await drive.read(counters.cost("agent", "day", "Nowhere/At_All"))).toEqual({
          unreadable: "unknown_time_zone",
        });
      });

      it("counts a month in its own zone", async () => {
        await fresh({}, Date.UTC(2026, 3, 30, 23));
        await drive.review({ uid: "a", cost: 1 });
        clock.set(Date.UTC(2026, 4, 20));
        await drive.review({ uid: "b", cost: 10, run: runOf("later") });
        expect(await drive.read(counters.cost("agent", "month", "UTC"))).toBe(10);
        expect(await drive.read(counters.cost("agent", "month", "Europe/Berlin"))).toBe(11);
        clock.set(Date.UTC(2026, 4, 31, 22, 30));
        expect(await drive.read(counters.cost("agent", "month", "Europe/Berlin"), { run: runOf("last") })).toBe(0);
        expect(await drive.read(counters.cost("agent", "month", "UTC"), { run: runOf("last") })).toBe(10);
      });

      it("tells people what was used", async () => {
        await drive.review({ uid: "a", cost: 3, tokens: 4, user: "u1" });
        const amount = { cost: 3, tokens: 4 };
        const whose = { namespace: "agents", serviceAccount: "bot", user: "u1", zone: "UTC" };
        for (const per of ["agent", "user", "namespace", "cluster"] as const) {
          expect(await ledger.usage({ per, ...whose })).toEqual({ today: amount, month: amount });
        }
        expect((await ledger.usage({ per: "user", ...whose, user: "u2" })).today).toEqual({ cost: 0, tokens: 0 });
        await expect(ledger.usage({ per: "agent", zone: "UTC" })).rejects.toMatchObject({ code: "RL_INVALID" });
      });
    });

    describe("money", () => {
      const limits = [{ counter: counters.cost("agent"), limit: 10 }];

      it("reserves up to the limit, and beyond it nothing", async () => {
        expect((await drive.open({ uid: "a", cost: 6, limits })).reserved).toBe(true);
        const over = await drive.open({ uid: "b", cost: 5, limits });
        expect(over.reserved).toBe(false);
        expect(over.readings.get(counters.cost("agent").key)).toBe(11);
        expect((await drive.open({ uid: "c", cost: 4, limits })).reserved).toBe(true);
        expect(await drive.read(counters.cost("agent"))).toBe(10);
      });

      it("one agent's absurd estimate denies nobody else", async () => {
        const cluster = [{ counter: counters.cost("cluster"), limit: 10 }];
        await drive.open({ uid: "a", cost: 999_999_000_000, limits: cluster });
        expect((await drive.open({ uid: "b", run: runOf("r", "other"), cost: 10, limits: cluster })).reserved).toBe(
          true,
        );
      });

      it("reserves nothing for what is refused already", async () => {
        const refused = await drive.open({ uid: "a", cost: 6, reserve: false, counters: [counters.cost("agent")] });
        expect(refused.reserved).toBe(false);
        expect(refused.readings.get(counters.cost("agent").key)).toBe(6);
        expect(await drive.read(counters.cost("agent"))).toBe(0);
      });

      it("adds at the end what a limit kept out, if the action may run all the same", async () => {
        await drive.review({ uid: "a", cost: 11, limits });
        expect(await drive.read(counters.cost("agent"))).toBe(11);
      });

      it("takes back what a refused action had reserved", async () => {
        await drive.review({ uid: "a", cost: 6, limits }, { mayRun: false });
        expect(await drive.read(counters.cost("agent"))).toBe(0);
        expect(await ledger.reservation(runOf("run-1"), "a")).toMatchObject({ state: "released" });
        expect(await drive.settle("a", { cost: 1, tokens: 0 })).toBe("unknown");
      });

      it("replaces the estimate by the report; the first report wins", async () => {
        await drive.review({ uid: "a", cost: 6, tokens: 2 });
        expect(await ledger.reservation(runOf("run-1"), "a")).toMatchObject({ state: "kept", cost: 6, at: NOON });
        expect(await drive.settle("a", { cost: 9, tokens: 5 })).toBe("settled");
        expect(await drive.settle("a", { cost: 9, tokens: 5 })).toBe("repeat");
        expect(await drive.settle("a", { cost: 1, tokens: 5 }, { digest: "another" })).toBe("conflict");
        expect(await drive.settle("b", { cost: 1, tokens: 5 })).toBe("unknown");
        expect(await drive.settle("a", null, { run: runOf("run-1", "thief") })).toBe("unknown");
        expect(await drive.read(counters.cost("agent"))).toBe(9);
        expect(await drive.read(counters.tokens("agent"))).toBe(5);
        expect(await ledger.reservation(runOf("run-1"), "a")).toMatchObject({
          state: "settled",
          charged: { cost: 9, tokens: 5 },
        });
      });

      it("a skipped action gives money and window back, once", async () => {
        await drive.review({ uid: "a", cost: 6 });
        expect(await drive.settle("a", null)).toBe("settled");
        expect(await drive.settle("a", null)).toBe("repeat");
        expect(await drive.read(counters.cost("agent"))).toBe(0);
        expect(await drive.read(counters.calls(HOUR, "mail.send"))).toBe(1);
      });

      it("charges the day of the decision", async () => {
        await fresh({}, Date.UTC(2026, 4, 15, 23, 55));
        await drive.review({ uid: "a", cost: 6 });
        clock.set(Date.UTC(2026, 4, 16, 0, 5));
        await drive.settle("a", { cost: 9, tokens: 0 });
        expect(await drive.read(counters.cost("agent"))).toBe(0);
        expect(await drive.read(counters.cost("agent", "month"))).toBe(9);
        expect(await drive.read(counters.cost("agent", "day", "America/New_York"))).toBe(9);
      });

      it("charges an unreported action at its estimate after 15 minutes; a late report still replaces that", async () => {
        await drive.review({ uid: "a", cost: 6, tokens: 2 });
        clock.advance(15 * MINUTE - 1);
        expect((await drive.sweep()).charged).toEqual([]);
        clock.advance(1);
        expect((await drive.sweep()).charged).toEqual([{ run: runOf("run-1"), uid: "a", cost: 6, tokens: 2 }]);
        expect((await drive.sweep()).charged).toEqual([]);
        expect(await ledger.reservation(runOf("run-1"), "a")).toMatchObject({ state: "expired", charged: { cost: 6 } });
        expect(await drive.read(counters.cost("agent"))).toBe(6);
        expect(await drive.settle("a", { cost: 4, tokens: 2 })).toBe("settled");
        expect(await drive.read(counters.cost("agent"))).toBe(4);
      });

      it("takes a report hours after the answer is forgotten", async () => {
        await drive.review({ uid: "a", cost: 6 });
        clock.advance(5 * HOUR);
        await drive.sweep();
        expect(await drive.settle("a", { cost: 4, tokens: 0 })).toBe("settled");
        expect(await drive.settle("a", { cost: 5, tokens: 0 }, { digest: "another" })).toBe("conflict");
        clock.advance(2 * HOUR);
        await drive.sweep();
        expect(await drive.settle("a", { cost: 5, tokens: 0 }, { digest: "another" })).toBe("conflict");
        expect(await drive.read(counters.cost("agent"))).toBe(4);
      });

      it("releases a reservation that no answer let run", async () => {
        await drive.review({ uid: "a" });
        await drive.open({ uid: "b", cost: 6 });
        clock.advance(15 * MINUTE);
        expect((await drive.sweep()).released).toEqual([{ run: runOf("run-1"), uid: "b" }]);
        expect(await drive.read(counters.cost("agent"))).toBe(0);
        await expect(
          ledger.finish({
            ...asks({ uid: "b" }),
            answer: "late",
            decision: "allow",
            mayRun: true,
            countsAsDenial: false,
          }),
        ).rejects.toMatchObject({ code: "RL_DEADLINE" });
      });

      it("charges it if the run log holds an answer that let it run", async () => {
        const ask = { uid: "b", cost: 6 };
        await drive.open(ask);
        const finish = { answer: "written", decision: "allow", mayRun: true, countsAsDenial: false } as const;
        log.record({ kind: "review", at: clock.now() - 5, request: asks(ask), finish });
        clock.advance(15 * MINUTE);
        expect((await drive.sweep()).charged).toEqual([{ run: runOf("run-1"), uid: "b", cost: 6, tokens: 0 }]);
        expect(await drive.read(counters.cost("agent"))).toBe(6);
        expect(await ledger.begin(asks(ask))).toEqual({ kind: "answered", answer: "written" });
      });

      it("keeps it while the run log cannot tell", async () => {
        await drive.open({ uid: "b", cost: 6 });
        clock.advance(15 * MINUTE);
        log.down = true;
        expect(await ledger.sweep()).toMatchObject({ charged: [], released: [] });
        expect(await drive.read(counters.cost("agent"))).toBe(6);
        log.down = false;
        expect((await ledger.sweep()).released).toHaveLength(1);
      });
    });

    describe("runs", () => {
      it("binds a run to its agent: the same id of another agent is another run", async () => {
        await drive.review({ uid: "a", cost: 6 });
        const other = runOf("run-1", "thief");
        expect((await drive.open({ uid: "a", run: other })).newRun).toBe(true);
        expect(await drive.read(counters.cost("run", "run"), { run: other })).toBe(0);
        expect(
          await ledger.close(runOf("run-1", "nobody"), closure("terminated", NOON), { tree: true }),
        ).toBeUndefined();
      });

      it("tells about a run, and says once that it is new", async () => {
        expect((await drive.open({ uid: "a" })).newRun).toBe(true);
        clock.advance(5);
        expect((await drive.open({ uid: "b" })).newRun).toBe(false);
        expect(await ledger.run(runOf("run-1"))).toMatchObject({
          state: "active",
          depth: 1,
          root: runOf("run-1"),
          startedAt: NOON,
          lastAt: NOON + 5,
        });
      });

      it("an ended run takes no new review, but repeats and reports", async () => {
        await drive.review({ uid: "a", cost: 6 });
        const end = closure("ended", clock.now());
        expect(await drive.close(runOf("run-1"), end)).toEqual(end);
        expect(await ledger.begin(asks({ uid: "b" }))).toEqual({ kind: "closed", closure: end });
        expect((await ledger.begin(asks({ uid: "a" }))).kind).toBe("answered");
        expect(await drive.settle("a", { cost: 2, tokens: 0 })).toBe("settled");
        expect(await drive.read(counters.toolCalls("run"), { run: runOf("r2") })).toBe(1);
      });

      it("a terminated run answers terminate for ever, also to a repeat, and stays so", async () => {
        await drive.review({ uid: "a" });
        const end = closure("terminated", clock.now());
        await drive.review({ uid: "b" }, { mayRun: false, terminate: { closure: end, tree: false } });
        for (const uid of ["a", "b", "c"]) {
          expect(await ledger.begin(asks({ uid }))).toEqual({ kind: "closed", closure: end });
        }
        expect(await drive.close(runOf("run-1"), closure("ended", clock.now()))).toEqual(end);
        expect(await drive.close(runOf("run-1"), closure("terminated", clock.now(), "again"))).toEqual(end);
        clock.advance(400 * DAY);
        await drive.sweep();
        expect(await ledger.begin(asks({ uid: "z" }))).toEqual({ kind: "closed", closure: end });
      });

      it("an ended run can still be terminated", async () => {
        await drive.review({ uid: "a" });
        await drive.close(runOf("run-1"), closure("ended", NOON));
        const end = closure("terminated", NOON);
        expect(await drive.close(runOf("run-1"), end)).toEqual(end);
        expect(await ledger.begin(asks({ uid: "a" }))).toEqual({ kind: "closed", closure: end });
      });

      it("terminating a sub-run ends its subtree, and the rest only with the tree", async () => {
        for (const [run, parent] of [
          ["mid", "run-1"],
          ["leaf", "mid"],
          ["side", "run-1"],
        ] as const) {
          if (run === "mid") await drive.review({ uid: "a" });
          await drive.review({ uid: "a", run: runOf(run), parent: { run: runOf(parent) } });
        }
        const end = closure("terminated", NOON);
        await drive.close(runOf("mid"), end);
        const kind = async (run: string) => (await ledger.begin(asks({ uid: "n", run: runOf(run) }))).kind;
        expect([await kind("mid"), await kind("leaf"), await kind("side"), await kind("run-1")]).toEqual([
          "closed",
          "closed",
          "open",
          "open",
        ]);
        const all = closure("terminated", NOON, "the tree");
        await drive.review(
          { uid: "t", run: runOf("side") },
          { mayRun: false, terminate: { closure: all, tree: true } },
        );
        expect(await ledger.begin(asks({ uid: "n" }))).toEqual({ kind: "closed", closure: all });
        expect(await ledger.begin(asks({ uid: "n", run: runOf("leaf") }))).toEqual({ kind: "closed", closure: end });
      });

      it("ending a run leaves its sub-runs active", async () => {
        await drive.review({ uid: "a" });
        await drive.review({ uid: "a", run: runOf("child"), parent: { run: runOf("run-1") } });
        await drive.close(runOf("run-1"), closure("ended", NOON));
        expect((await ledger.begin(asks({ uid: "b", run: runOf("child") }))).kind).toBe("open");
      });

      it("takes a parent that is there and active, at most 16 deep, fixed at the first review", async () => {
        const below = (run: string, parent: string) =>
          asks({ uid: "a", run: runOf(run), parent: { run: runOf(parent) } });
        expect((await ledger.begin(below("x", "nowhere"))).kind).toBe("parent_refused");
        await drive.open({ uid: "a", run: runOf("d1") });
        expect((await ledger.begin(below("early", "d1"))).kind).toBe("parent_refused");
        await drive.finish({ uid: "a", run: runOf("d1") });
        for (let depth = 2; depth <= 16; depth++) {
          await drive.review({ uid: "a", run: runOf(`d${depth}`), parent: { run: runOf(`d${depth - 1}`) } });
        }
        expect(await ledger.run(runOf("d16"))).toMatchObject({ depth: 16, root: runOf("d1"), parent: runOf("d15") });
        expect((await ledger.begin(below("d17", "d16"))).kind).toBe("parent_refused");
        const moved = asks({ uid: "b", run: runOf("d3"), parent: { run: runOf("d1") } });
        expect((await ledger.begin(moved)).kind).toBe("parent_refused");
        const rootless = asks({ uid: "b", run: runOf("d1"), parent: { run: runOf("d2") } });
        expect((await ledger.begin(rootless)).kind).toBe("parent_refused");
        expect((await ledger.begin(asks({ uid: "c", run: runOf("d3") }))).kind).toBe("open");
        await drive.close(runOf("d2"), closure("ended", NOON));
        expect((await ledger.begin(below("late", "d2"))).kind).toBe("parent_refused");
        expect(await ledger.run(runOf("late"))).toBeUndefined();
      });

      it("takes another agent's parent only by an allowed delegation that names the child, once", async () => {
        const parent = runOf("run-1");
        const child = runOf("child", "helper");
        const bind = async (delegation: string | undefined, run = child) =>
          (await ledger.begin(asks({ uid: "a", run, parent: { run: parent, delegation } }))).kind;
        const delegate = { action: "delegation", tool: undefined, callDigest: undefined } as const;
        await drive.review({ uid: "call" });
        await drive.review({ uid: "denied", ...delegate, delegate: "agents/helper/child" }, { mayRun: false });
        await drive.review({ uid: "else", ...delegate, delegate: "agents/other/child" });
        await drive.review({ uid: "good", ...delegate, delegate: "agents/helper/child" });
        for (const wrong of [undefined, "none", "call", "denied", "else"])
          expect(await bind(wrong)).toBe("parent_refused");
        expect(await bind("good", runOf("another", "helper"))).toBe("parent_refused");
        expect(await bind("good")).toBe("open");
        expect((await ledger.run(child))?.root).toEqual(parent);
        await drive.review({ uid: "wide", ...delegate, delegate: "helper" });
        expect(await bind("wide", runOf("one", "helper"))).toBe("open");
        expect(await bind("wide", runOf("two", "helper"))).toBe("parent_refused");
      });

      it("ends a run that was idle for a day; a busy sub-run keeps its parent awake", async () => {
        await drive.review({ uid: "a" });
        await drive.review({ uid: "a", run: runOf("parent") });
        await drive.review({ uid: "a", run: runOf("child"), parent: { run: runOf("parent") } });
        clock.advance(20 * HOUR);
        await drive.review({ uid: "b", run: runOf("child") });
        clock.advance(4 * HOUR - 1);
        expect((await drive.sweep()).idle).toEqual([]);
        clock.advance(1);
        const { idle } = await drive.sweep();
        expect(idle).toMatchObject([{ run: runOf("run-1"), closure: { state: "ended", reason: "run_idle" } }]);
        expect((await ledger.begin(asks({ uid: "b" }))).kind).toBe("closed");
        expect((await ledger.run(runOf("parent")))?.state).toBe("active");
      });

      it("refuses more active runs than an agent may have", async () => {
        await fresh({ maxActivePerAgent: 2 });
        await drive.review({ uid: "a" });
        await drive.review({ uid: "a", run: runOf("run-2") });
        expect(await ledger.begin(asks({ uid: "a", run: runOf("run-3") }))).toEqual({
          kind: "too_many_runs",
          limit: 2,
        });
        expect((await ledger.begin(asks({ uid: "a", run: runOf("run-3", "other") }))).kind).toBe("open");
        await drive.close(runOf("run-1"), closure("ended", NOON));
        expect((await ledger.begin(asks({ uid: "a", run: runOf("run-3") }))).kind).toBe("open");
      });

      it("asks the run log about a run it does not know, and refuses while that cannot tell", async () => {
        log.down = true;
        await expect(ledger.begin(asks({ uid: "a" }))).rejects.toMatchObject({ code: "RL_RUN_UNKNOWN_STATE" });
        await expect(ledger.run(runOf("run-1"))).rejects.toMatchObject({ code: "RL_RUN_UNKNOWN_STATE" });
        log.down = false;
        expect((await ledger.begin(asks({ uid: "a" }))).kind).toBe("open");
      });

      it("knows from the run log that a run was terminated before its time", async () => {
        const end = closure("terminated", NOON - DAY);
        const finish = {
          answer: "no",
          decision: "terminate",
          mayRun: false,
          countsAsDenial: false,
          terminate: { closure: end, tree: false },
        } as const;
        log.record({ kind: "review", at: NOON - DAY, request: asks({ uid: "old" }), finish });
        expect(await ledger.begin(asks({ uid: "a" }))).toEqual({ kind: "closed", closure: end });
      });
    });

    describe("restore", () => {
      /** Crash: a new, empty ledger is told everything the run log holds. */
      async function crash(): Promise<void> {
        const { events } = log;
        ledger = await create({ clock, archive: log, limits: {} });
        for (const event of events) ledger.restore(event);
        drive = new Driver(ledger, log, () => clock.now());
      }

      it("brings back budgets, counters, windows, runs and answers", async () => {
        await drive.review({ uid: "a", cost: 6, tokens: 1, user: "u1", callDigest: "same" });
        await drive.review({ uid: "b", cost: 10, run: runOf("child"), parent: { run: runOf("run-1") } });
        await drive.review({ uid: "c" }, { mayRun: false, countsAsDenial: true });
        await drive.open({ uid: "lost", cost: 500 });
        await drive.settle("a", { cost: 7, tokens: 2 });
        const end = closure("terminated", clock.now());
        await drive.review({ uid: "x", run: runOf("dead") });
        await drive.close(runOf("dead"), end);
        await crash();
        expect(await drive.read(counters.cost("agent"))).toBe(17);
        expect(await drive.read(counters.cost("run", "run"))).toBe(17);
        expect(await drive.read(counters.cost("agent", "run"))).toBe(7);
        expect(await drive.read(counters.cost("user"), { user: "u1" })).toBe(7);
        expect(await drive.read(counters.denials())).toBe(1);
        expect(await drive.read(counters.toolCalls("run"))).toBe(4);
        expect(await drive.read(counters.identical(), { callDigest: "same" })).toBe(2);
        expect(await drive.read(counters.calls(HOUR))).toBe(4);
        expect(await ledger.begin(asks({ uid: "a", callDigest: "same" }))).toEqual({
          kind: "answered",
          answer: "answer to a",
        });
        expect(await ledger.begin(asks({ uid: "n", run: runOf("dead") }))).toEqual({ kind: "closed", closure: end });
        expect(await drive.settle("a", { cost: 9, tokens: 2 }, { digest: "another" })).toBe("conflict");
        expect(await drive.settle("b", { cost: 1, tokens: 0 }, { run: runOf("child") })).toBe("settled");
        expect(await drive.read(counters.cost("run", "run"))).toBe(8);
      });

      it("charges after a crash what nobody reported, once", async () => {
        await drive.review({ uid: "a", cost: 6 });
        await crash();
        clock.advance(15 * MINUTE);
        expect((await drive.sweep()).charged).toHaveLength(1);
        await crash();
        expect((await drive.sweep()).charged).toEqual([]);
        expect(await drive.read(counters.cost("agent"))).toBe(6);
      });

      it("a record of a review that found its run closed counts nothing", async () => {
        await drive.review({ uid: "a" });
        await drive.review({ uid: "a", run: runOf("child"), parent: { run: runOf("run-1") } });
        await drive.close(runOf("child"), closure("ended", NOON));
        const finish = { answer: "", decision: "deny", mayRun: false, countsAsDenial: false } as const;
        const request = asks({ uid: "late", run: runOf("child") });
        log.record({ kind: "review", at: NOON, request, finish });
        await crash();
        expect(await drive.read(counters.toolCalls("run"))).toBe(3);
      });

      it("restores a report that came long after its review", async () => {
        await drive.review({ uid: "a", cost: 6 });
        clock.advance(3 * HOUR);
        await drive.sweep();
        await drive.settle("a", { cost: 2, tokens: 0 });
        await drive.review({ uid: "b" });
        await crash();
        expect(await drive.read(counters.cost("agent"))).toBe(2);
        expect(await drive.read(counters.cost("run", "run"))).toBe(2);
      });
    });
  });
}
