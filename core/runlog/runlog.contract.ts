import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportLines, parseExportLine, verifyExport } from "./export.ts";
import type { LogRecord } from "./record.ts";
import type { RunLog } from "./run-log.ts";
import { closureOf, ended, report, review, runOf } from "./runlog.fixture.ts";

/** What a store's test hands over for each case: a new, empty log. */
export interface RunLogUnderTest {
  readonly log: RunLog;
  /** Closes it and opens it again over the same data. */
  reopen(): Promise<RunLog>;
  /** The time `prune` goes by, milliseconds since the epoch. */
  setNow(now: number): void;
  dispose(): Promise<void>;
}

/** What every store of the run log must do. */
export function runLogContract(name: string, open: () => Promise<RunLogUnderTest>): void {
  describe(`run log: ${name}`, () => {
    let subject: RunLogUnderTest;
    let log: RunLog;
    beforeEach(async () => {
      subject = await open();
      log = subject.log;
    });
    afterEach(() => subject.dispose());

    const add = async (...records: LogRecord[]): Promise<void> => {
      for (const record of records) expect(await log.append(record)).toMatchObject({ kind: "committed" });
    };
    const historyOf = async (run: string) => {
      const records: LogRecord[] = [];
      const archived = await log.history(runOf(run), (record) => records.push(record));
      return { archived, records };
    };
    const allRuns = async (query: Parameters<RunLog["runs"]>[0]): Promise<string[]> =>
      (await log.runs(query, { limit: 100 })).items.map((item) => item.run);
    const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
      const items: T[] = [];
      for await (const item of source) items.push(item);
      return items;
    };

    describe("append", () => {
      it("gives back a record as it was given, whatever its keys and texts", async () => {
        const args = JSON.parse(
          '{"__proto__":{"x":1},"1":2,"é":"\\u0000 🧀 \\ud83e","n":-0.5,"constructor":null}',
        ) as unknown;
        const record = review({ args, step: 7 });
        await add(record);
        expect(JSON.stringify(await log.review(runOf("run_1"), "u1"))).toBe(JSON.stringify(record));
      });

      it("numbers records from 1, without gaps, also after it was opened again", async () => {
        expect(await log.append(review({ uid: "a" }))).toEqual({ kind: "committed", seq: 1 });
        log = await subject.reopen();
        expect(await log.append(review({ uid: "b" }))).toEqual({ kind: "committed", seq: 2 });
        expect(log.health().head?.seq).toBe(2);
      });

      it("takes the body that was made elsewhere as it is", async () => {
        const record = review();
        const body = JSON.stringify(record);
        await log.append(record, body);
        const { records } = await log.export({});
        expect((await collect(records)).map((stored) => stored.body)).toEqual([body]);
      });

      it("writes the review of a uid once: the retry of one that was committed late finds the first answer", async () => {
        await add(review({ decision: "allow" }));
        expect(await log.append(review({ decision: "deny" }))).toEqual({ kind: "duplicate" });
        expect((await log.review(runOf("run_1"), "u1"))?.response.decision).toBe("allow");
        expect((await log.run(runOf("run_1")))?.summary).toMatchObject({ steps: 1, decisions: { allow: 1, deny: 0 } });
      });

      it("writes the report of a review once, and again when the uid was used anew", async () => {
        const settled = report({
          charge: { cost: 3_000_000, tokens: 5 },
          replaces: { charged: { cost: 1_000_000, tokens: 5 }, at: 1_000 },
        });
        await add(review({ cost: 1_000_000, tokens: 5 }), settled);
        expect(await log.append(settled)).toEqual({ kind: "duplicate" });
        expect((await log.run(runOf("run_1")))?.summary.cost).toEqual({ usd: "3.00" });
        await add(review({ at: 3_700_000, cost: 1_000_000, tokens: 5 }), { ...settled, at: 3_701_000 });
        expect((await log.run(runOf("run_1")))?.summary.cost).toEqual({ usd: "6.00" });
      });

      it("takes the same uid of another run, of another agent, and of the same run an hour later", async () => {
        await add(
          review(),
          review({ run: "run_2" }),
          review({ serviceAccount: "other" }),
          review({ at: 3_601_000, decision: "deny" }),
        );
        expect((await log.review(runOf("run_1"), "u1"))?.response.decision).toBe("deny");
        expect(await log.ofUid(runOf("run_1"), "u1")).toHaveLength(2);
      });
    });

    describe("a run", () => {
      it("is summed up with its decisions, its money and its times", async () => {
        await add(
          review({ uid: "a", at: 1_000, agent: "support", cost: 2_000_000, tokens: 100 }),
          review({ uid: "b", at: 2_000, cost: 500_000, tokens: 10, decision: "modify" }),
          review({ uid: "c", at: 3_000, cost: 9_000_000, tokens: 10, decision: "deny" }),
          review({ uid: "d", at: 4_000, cost: { unreadable: "no price" }, tokens: { unreadable: "no price" } }),
          report({
            uid: "a",
            at: 5_000,
            charge: { cost: 1_250_000, tokens: 80 },
            replaces: { charged: { cost: 2_000_000, tokens: 100 }, at: 1_000 },
          }),
          report({
            uid: "b",
            at: 6_000,
            charge: null,
            replaces: { charged: { cost: 500_000, tokens: 10 }, at: 2_000 },
          }),
        );
        expect((await log.run(runOf("run_1")))?.summary).toEqual({
          ...runOf("run_1"),
          agent: "support",
          state: "active",
          reason: null,
          startedAt: "1970-01-01T00:00:01.000Z",
          lastAt: "1970-01-01T00:00:06.000Z",
          endedAt: null,
          parent: null,
          root: runOf("run_1"),
          depth: 0,
          steps: 4,
          decisions: { allow: 2, modify: 1, require_approval: 0, deny: 1, terminate: 0 },
          cost: { usd: "1.25" },
          tokens: 80,
        });
      });

      it("is unknown when it never was", async () => {
        expect(await log.run(runOf("nowhere"))).toBeUndefined();
        expect(await log.review(runOf("nowhere"), "u1")).toBeUndefined();
        expect(await historyOf("nowhere")).toEqual({ archived: undefined, records: [] });
        expect(await log.steps(runOf("nowhere"), { limit: 5 })).toEqual({ items: [], continue: null });
      });

      it("cannot be seen by another identity", async () => {
        await add(review());
        expect(await log.run(runOf("run_1", { serviceAccount: "other" }))).toBeUndefined();
        expect(await log.run(runOf("run_1", { namespace: "other" }))).toBeUndefined();
        expect(await log.ofUid(runOf("run_1", { namespace: "other" }), "u1")).toEqual([]);
      });

      it("ends once, and keeps why", async () => {
        await add(review(), ended(), ended({ closure: closureOf("ended", "later", 9_000) }));
        const archived = await log.run(runOf("run_1"));
        expect(archived?.closure).toEqual(closureOf("ended", "done", 3_000));
        expect(archived?.summary).toMatchObject({
          state: "ended",
          reason: "done",
          endedAt: "1970-01-01T00:00:03.000Z",
        });
      });

      it("lists its steps page by page, every kind of record", async () => {
        await add(review({ uid: "a" }), review({ uid: "b" }), report({ uid: "a" }), review({ run: "other" }), ended());
        const first = await log.steps(runOf("run_1"), { limit: 3 });
        expect(first.items.map((step) => [step.seq, step.kind])).toEqual([
          [1, "review"],
          [2, "review"],
          [3, "report"],
        ]);
        expect(first.items[0]).toMatchObject({ at: "1970-01-01T00:00:01.000Z", uid: "a", tool: "search" });
        const second = await log.steps(runOf("run_1"), { limit: 3, continue: first.continue ?? "" });
        expect(second).toMatchObject({ items: [{ seq: 5, kind: "run" }], continue: null });
      });

      it("gives a page of large records in parts", async () => {
        const big = "x".repeat(900_000);
        for (let i = 0; i < 8; i++) await add(review({ uid: `u${i}`, args: { big } }));
        const seen: number[] = [];
        let pages = 0;
        for (let token: string | null | undefined; token !== null; pages++) {
          const page = await log.steps(runOf("run_1"), { limit: 500, continue: token });
          seen.push(...page.items.map((step) => step.seq));
          token = page.continue;
        }
        expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        expect(pages).toBeGreaterThan(1);
      });

      it("gives what is recorded of one action", async () => {
        await add(review({ uid: "a" }), review({ uid: "b" }), report({ uid: "a" }));
        expect((await log.ofUid(runOf("run_1"), "a")).map((record) => record.kind)).toEqual(["review", "report"]);
      });
    });

    describe("trees of runs", () => {
      const root = runOf("root");
      const under = (run: string, parent: string) => review({ run, parent: runOf(parent), root });
      beforeEach(() =>
        add(
          review({ run: "root" }),
          under("child", "root"),
          under("grandchild", "child"),
          under("sibling", "root"),
          review({ run: "foreign" }),
        ),
      );
      const states = async (): Promise<Record<string, string>> =>
        Object.fromEntries((await log.runs({}, { limit: 100 })).items.map((item) => [item.run, item.state]));

      it("know parent, root and depth", async () => {
        expect((await log.run(runOf("grandchild")))?.summary).toMatchObject({ parent: runOf("child"), root, depth: 2 });
      });

      it("terminate a sub-run with all that is below it, not what is beside or above", async () => {
        const closure = closureOf("terminated", "loop");
        await add(
          review({ ...under("child", "root"), uid: "u2", decision: "terminate", terminate: { closure, tree: false } }),
        );
        expect(await states()).toEqual({
          root: "active",
          child: "terminated",
          grandchild: "terminated",
          sibling: "active",
          foreign: "active",
        });
        expect((await log.run(runOf("grandchild")))?.closure).toEqual(closure);
      });

      it("terminate the whole tree for a per-run budget", async () => {
        const closure = closureOf("terminated", "budget");
        await add(
          review({
            ...under("grandchild", "child"),
            uid: "u2",
            decision: "terminate",
            terminate: { closure, tree: true },
          }),
        );
        expect(await states()).toMatchObject({ root: "terminated", sibling: "terminated", foreign: "active" });
      });

      it("end one run only; an ended one can still be terminated, a terminated one stays", async () => {
        await add(ended({ run: "child" }));
        expect(await states()).toMatchObject({ child: "ended", grandchild: "active" });
        const closure = closureOf("terminated", "by hand", 5_000);
        await add(ended({ run: "child", event: "terminated", closure }));
        expect(await states()).toMatchObject({ child: "terminated", grandchild: "terminated" });
        await add(ended({ run: "grandchild", event: "terminated", closure: closureOf("terminated", "again") }));
        expect((await log.run(runOf("grandchild")))?.closure).toEqual(closure);
      });

      it("tell the history of a root with the runs below it, in one order; of a sub-run its own", async () => {
        await add(report({ run: "child" }), ended({ run: "grandchild" }));
        const whole = await historyOf("root");
        expect(whole.records.map((record) => [record.kind, "run" in record && record.run])).toEqual([
          ["review", "root"],
          ["review", "child"],
          ["review", "grandchild"],
          ["review", "sibling"],
          ["report", "child"],
          ["run", "grandchild"],
        ]);
        expect(whole.archived).toMatchObject({ complete: true, closure: undefined });
        expect((await historyOf("child")).records).toHaveLength(2);
      });
    });

    describe("listing runs", () => {
      beforeEach(() =>
        add(
          review({ run: "r1", at: 1_000, agent: "a" }),
          review({ run: "r2", at: 2_000, agent: "b", decision: "deny" }),
          review({ run: "r3", at: 3_000, namespace: "other" }),
          review({ run: "r4", at: 4_000, serviceAccount: "else" }),
          ended({ run: "r1", at: 5_000 }),
        ),
      );

      it.each([
        [{}, ["r4", "r3", "r2", "r1"]],
        [{ namespace: "agents" }, ["r4", "r2", "r1"]],
        [{ namespace: "agents", serviceAccount: "bot" }, ["r2", "r1"]],
        [{ agent: "b" }, ["r2"]],
        [{ state: "ended" }, ["r1"]],
        [{ decision: "deny" }, ["r2"]],
        [{ decision: "terminate" }, []],
        [{ since: 3_000 }, ["r4", "r3", "r1"]],
        [{ until: 3_000 }, ["r2", "r1"]],
        [{ since: 4_000, until: 5_000, namespace: "agents" }, ["r4", "r1"]],
        [{ namespace: "' OR 1=1 --" }, []],
      ] as const)("filters by %j, newest first", async (query, expected) => {
        expect(await allRuns(query)).toEqual(expected);
      });

      it("goes on where the page before ended, also while runs are added", async () => {
        const seen: string[] = [];
        let token: string | null | undefined;
        do {
          const page = await log.runs({}, { limit: 1, continue: token ?? undefined });
          seen.push(...page.items.map((item) => item.run));
          token = page.continue;
          await log.append(review({ run: `new${seen.length}` }));
        } while (token !== null);
        expect(seen).toEqual(["r4", "r3", "r2", "r1"]);
      });

      it("refuses a token that is not its own", async () => {
        await add(review({ run: "r1", uid: "u2" }));
        const steps = await log.steps(runOf("r1"), { limit: 1 });
        expect(steps.continue).not.toBeNull();
        for (const token of ["", "x", "%%%", "a".repeat(600), steps.continue ?? ""]) {
          await expect(log.runs({}, { limit: 1, continue: token })).rejects.toMatchObject({
            code: "RL_INVALID",
            path: "continue",
          });
        }
      });
    });

    describe("replay", () => {
      it("hands over every record since a time, oldest first, also when clocks stepped back", async () => {
        await add(
          review({ uid: "a", at: 1_000 }),
          review({ uid: "b", at: 5_000 }),
          review({ uid: "c", at: 2_000 }),
          review({ uid: "d", at: 6_000 }),
        );
        const since = async (ms: number): Promise<unknown[]> => {
          const seen: unknown[] = [];
          await log.replay(ms, (record) => seen.push("uid" in record && record.uid));
          return seen;
        };
        expect(await since(0)).toEqual(["a", "b", "c", "d"]);
        expect(await since(3_000)).toEqual(["b", "d"]);
        expect(await since(7_000)).toEqual([]);
      });

      it("goes through more than fits in one piece", async () => {
        const big = "x".repeat(3_000);
        const records = Array.from({ length: 1_203 }, (_, i) => review({ uid: `u${i}`, args: { big } }));
        await Promise.all(records.map((record) => log.append(record)));
        let count = 0;
        await log.replay(0, (record) => {
          expect("uid" in record && record.uid).toBe(`u${count++}`);
        });
        expect(count).toBe(1_203);
        expect((await historyOf("run_1")).records).toHaveLength(1_203);
      });
    });

    describe("retention", () => {
      const keepRuns = { runRetentionMs: 30 * 86_400_000 };
      it("takes records by age, keeps the runs and says that their history is not whole", async () => {
        await add(
          review({
            run: "old",
            at: 1_000,
            decision: "terminate",
            terminate: { closure: closureOf("terminated"), tree: false },
          }),
          review({ run: "both", uid: "a", at: 2_000 }),
          review({ run: "both", uid: "b", at: 90_000 }),
          review({ run: "new", at: 95_000 }),
        );
        subject.setNow(100_000);
        expect(await log.prune({ ...keepRuns, maxAgeMs: 50_000 })).toEqual({ records: 2, runs: 0 });
        expect(await historyOf("old")).toMatchObject({
          archived: { complete: false, closure: closureOf("terminated"), summary: { state: "terminated", steps: 1 } },
          records: [],
        });
        expect(await historyOf("both")).toMatchObject({ archived: { complete: false }, records: [{ uid: "b" }] });
        expect(await historyOf("new")).toMatchObject({ archived: { complete: true }, records: [{ run: "new" }] });
      });

      it("forgets a run only after its own time", async () => {
        const day = 86_400_000;
        const closure = closureOf("terminated");
        await add(review({ run: "terminated", at: day, decision: "terminate", terminate: { closure, tree: false } }));
        await add(review({ run: "later", at: 20 * day }));
        subject.setNow(31 * day);
        await log.prune({ ...keepRuns, maxAgeMs: 0, maxBytes: 0 });
        expect(await allRuns({})).toEqual(["later", "terminated"]);
        subject.setNow(31 * day + 1);
        expect(await log.prune(keepRuns)).toEqual({ records: 0, runs: 1 });
        expect(await allRuns({})).toEqual(["later"]);
      });

      it("takes the oldest records until the size is kept, and the chain goes on", async () => {
        const body = "x".repeat(2_000);
        await Promise.all(
          Array.from({ length: 2_000 }, (_, i) => log.append(review({ uid: `u${i}`, args: { body } }))),
        );
        const limit = 3_000_000;
        const pruned = await log.prune({ ...keepRuns, maxBytes: limit });
        expect(pruned.records).toBeGreaterThan(500);
        expect(pruned.records).toBeLessThan(2_000);
        expect(await log.verify()).toMatchObject({
          ok: true,
          first: pruned.records + 1,
          records: 2_000 - pruned.records,
        });
        expect(await log.append(review({ uid: "next" }))).toEqual({ kind: "committed", seq: 2_001 });
        expect(await log.verify()).toMatchObject({ ok: true });
      });

      it("can take every record, and the next one still fits the chain", async () => {
        await add(review({ uid: "a" }), review({ uid: "b" }));
        subject.setNow(1_000_000);
        expect(await log.prune({ ...keepRuns, maxAgeMs: 10 })).toMatchObject({ records: 2 });
        await add(review({ uid: "c" }));
        expect(await log.verify()).toMatchObject({ ok: true, records: 1, first: 3 });
      });
    });

    describe("verify and export", () => {
      it("is content with what it wrote, also of an empty log", async () => {
        expect(await log.verify()).toEqual({
          ok: true,
          records: 0,
          first: undefined,
          last: undefined,
          problems: [],
          problemsTotal: 0,
          unclean: [],
        });
        await add(review({ uid: "a" }), report(), ended());
        expect(await log.verify()).toMatchObject({ ok: true, records: 3, first: 1, last: log.health().head });
      });

      it("proves by a head noted elsewhere that nothing was cut off or written anew", async () => {
        await add(review({ uid: "a" }));
        const noted = log.health().head;
        await add(review({ uid: "b" }));
        if (noted === undefined) throw new Error("no head");
        expect(await log.verify(noted)).toMatchObject({ ok: true });
        expect(await log.verify({ ...noted, hash: "f".repeat(64) })).toMatchObject({
          ok: false,
          problems: [{ seq: 1, kind: "altered" }],
        });
        expect(await log.verify({ ...noted, seq: 3 })).toMatchObject({
          ok: false,
          problems: [{ seq: 3, kind: "truncated" }],
        });
      });

      it("exports lines that can be read back and verified without the log", async () => {
        await add(review({ uid: "a", args: { text: '"}\n,' } }), report({ uid: "a" }), ended());
        const lines = await collect(exportLines(await log.export({})));
        expect(lines).toHaveLength(4);
        expect(parseExportLine(lines[1] ?? "", 2).record).toMatchObject({ kind: "review", args: { text: '"}\n,' } });
        expect(await verifyExport(from(lines))).toMatchObject({ ok: true, records: 3 });
        expect(await verifyExport(from(lines.toSpliced(2, 1)))).toMatchObject({
          ok: false,
          problems: [{ kind: "missing" }],
        });
      });

      it("exports a span of time as an unbroken stretch, and one run as single records", async () => {
        await add(...[1, 2, 3, 4, 5].map((i) => review({ uid: `u${i}`, run: i === 4 ? "r4" : "r", at: i * 1_000 })));
        const span = await log.export({ since: 2_000, until: 5_000 });
        const lines = await collect(exportLines(span));
        expect(lines.slice(1).map((line) => parseExportLine(line, 2).seq)).toEqual([2, 3, 4]);
        expect(await verifyExport(from(lines))).toMatchObject({ ok: true, records: 3, first: 2 });
        const run = await collect(exportLines(await log.export({ run: runOf("r"), until: 5_000 })));
        expect(run.slice(1).map((line) => parseExportLine(line, 2).seq)).toEqual([1, 2, 3]);
        await expect(verifyExport(from(run))).rejects.toMatchObject({ code: "RL_INVALID" });
        expect(await collect((await log.export({ since: 9_000 })).records)).toEqual([]);
      });
    });

    it("refuses once it is closed", async () => {
      await add(review());
      expect(await log.close(2_000)).toEqual({ left: 0 });
      await expect(log.append(review({ uid: "b" }))).rejects.toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
      expect(log.accepting()).toBe(false);
      expect(log.health().ok).toBe(false);
    });
  });
}

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
