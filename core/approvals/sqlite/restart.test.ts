import { manualClock } from "#runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  MINUTE,
  START,
  agent,
  alice,
  bob,
  newDesk,
  presentation,
  question,
  requirement,
  type TestDesk,
} from "../approvals.fixture.ts";
import { newState, type OpenStore } from "./sqlite.fixture.ts";

const { namespace } = agent;
const clock = () => manualClock(START);

describe("a restart between any two steps", () => {
  let state: ReturnType<typeof newState>;
  let time: ReturnType<typeof manualClock>;
  let open: OpenStore | undefined;
  beforeEach(() => {
    state = newState();
    time = clock();
  });
  afterEach(async () => {
    await open?.close();
    open = undefined;
    state.remove();
  });

  /** Closes what is open and starts again on the same file. */
  async function restart(): Promise<TestDesk> {
    await open?.close();
    open = await state.open();
    return newDesk({ store: open.store, clock: time });
  }
  function use(name: string, uid: string) {
    return { namespace, name, uid, requestDigest: presentation(name, { uid }).requestDigest };
  }

  it("loses no vote and uses nothing twice", async () => {
    const asked = question({ requirements: [requirement({ quorum: 2 })] });
    const { name } = (await (await restart()).ask(asked)).metadata;
    expect((await (await restart()).ask(asked)).metadata.name).toBe(name);
    await (await restart()).approve(name, alice);
    await (await restart()).approve(name, alice);
    expect((await (await restart()).approve(name, bob)).status).toMatchObject({ phase: "Approved", votes: "2/2" });
    expect(await (await restart()).desk.present(presentation(name))).toMatchObject({ used: false });
    expect(await (await restart()).desk.consume(use(name, "uid-1"))).toBe("consumed");
    expect(await (await restart()).desk.present(presentation(name))).toMatchObject({ used: true });
    expect(await (await restart()).desk.consume(use(name, "uid-1"))).toBe("repeat");
    expect(await (await restart()).desk.consume(use(name, "uid-2"))).toBe("exhausted");
    expect((await (await restart()).ask(asked)).metadata.name).not.toBe(name);
  });

  it("forgets no deny", async () => {
    const { name } = (await (await restart()).ask()).metadata;
    await (await restart()).deny(name);
    expect(await (await restart()).desk.ask(question())).toMatchObject({ kind: "denied", reason: "approval_denied" });
  });

  it("forgets no question that nobody answered", async () => {
    for (let n = 0; n < 3; n++) {
      await (await restart()).ask();
      time.advance(31 * MINUTE);
    }
    expect(await (await restart()).desk.ask(question())).toMatchObject({ reason: "too_many_expired_approvals" });
  });

  it("counts open requests of before", async () => {
    const first = await restart();
    for (let amount = 0; amount < 20; amount++) await first.ask(question({ args: { amount } }));
    expect(await (await restart()).desk.ask(question())).toMatchObject({ reason: "too_many_open_approvals" });
  });

  it("with an approvers file does not count the local approver's votes any more", async () => {
    await restart();
    const local = newDesk({ store: open!.store, clock: time, electorate: { localApprover: "local-approver" } });
    const { name } = (await local.ask(question({ requirements: [requirement({ quorum: 2 })] }))).metadata;
    expect((await local.approve(name, { username: "local-approver", groups: [] })).status?.phase).toBe("Approved");
    const strict = await restart();
    expect((await strict.desk.get(namespace, name)).status).toMatchObject({ phase: "Pending", votes: "0/2" });
    expect(await strict.desk.consume(use(name, "uid-1"))).toBe("exhausted");
  });

  it("gives one of 50 who race the use, and the rest nothing", async () => {
    const test = await restart();
    const { name } = (await test.ask()).metadata;
    await test.approve(name);
    const other = newDesk({ store: open!.store, clock: time });
    const racers = Array.from({ length: 50 }, (_, n) =>
      (n % 2 === 0 ? test : other).desk.consume(use(name, `uid-${n}`)),
    );
    const results = await Promise.all(racers);
    expect(results.filter((one) => one === "consumed")).toHaveLength(1);
    expect((await (await restart()).desk.get(namespace, name)).status?.uses).toHaveLength(1);
  });
});
