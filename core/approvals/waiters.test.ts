import { describe, expect, it } from "vitest";
import { Waiters } from "./waiters.ts";

const LONG = 60_000;

describe("the waiting room", () => {
  it("wakes everyone who waits for a request, and nobody else", async () => {
    const waiters = new Waiters();
    const places = [waiters.enter("a"), waiters.enter("a")];
    const other = waiters.enter("b");
    let woken = false;
    const waiting = other.woken(LONG).then(() => (woken = true));
    waiters.wake("a");
    await Promise.all(places.map((place) => place.woken(LONG)));
    expect(woken).toBe(false);
    waiters.wake("b");
    await waiting;
    expect(woken).toBe(true);
  });

  it("misses no change between entering and waiting", async () => {
    const waiters = new Waiters();
    const place = waiters.enter("a");
    waiters.wake("a");
    await expect(place.woken(LONG)).resolves.toBeUndefined();
  });

  it("ends with its time and with the signal, also one that was aborted before", async () => {
    const waiters = new Waiters();
    await expect(waiters.enter("a").woken(1)).resolves.toBeUndefined();
    const controller = new AbortController();
    const waiting = waiters.enter("a").woken(LONG, controller.signal);
    controller.abort();
    await waiting;
    await waiters.enter("a").woken(LONG, AbortSignal.abort());
  });

  it("is bounded for one request and in all, and gives places back", () => {
    const waiters = new Waiters({ total: 3, perRequest: 2 });
    const first = waiters.enter("a");
    waiters.enter("a");
    expect(() => waiters.enter("a")).toThrow(expect.objectContaining({ code: "RL_SATURATED" }) as Error);
    waiters.enter("b");
    expect(() => waiters.enter("c")).toThrow(expect.objectContaining({ code: "RL_SATURATED" }) as Error);
    first.leave();
    first.leave();
    expect(waiters.size).toBe(2);
    waiters.enter("c").leave();
    expect(waiters.size).toBe(2);
  });

  it("ends every wait when it closes, also those that come later", async () => {
    const waiters = new Waiters();
    const waiting = waiters.enter("a").woken(LONG);
    waiters.close();
    await expect(waiting).resolves.toBeUndefined();
    await expect(waiters.enter("b").woken(LONG)).resolves.toBeUndefined();
  });
});
