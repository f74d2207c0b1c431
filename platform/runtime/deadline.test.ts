import { describe, expect, it } from "vitest";
import { withDeadline } from "./deadline.ts";

const forever = (): Promise<never> => new Promise(() => {});

describe("withDeadline", () => {
  it("gives what the work gives, and throws what it throws", async () => {
    expect(await withDeadline(Promise.resolve(5), { what: "x", ms: 1_000 })).toBe(5);
    await expect(withDeadline(() => Promise.reject(new Error("no")), { what: "x", ms: 1_000 })).rejects.toThrow("no");
  });
  it("throws RL_DEADLINE and stops the work", async () => {
    let seen: AbortSignal | undefined;
    const work = (signal: AbortSignal): Promise<never> => {
      seen = signal;
      return forever();
    };
    await expect(withDeadline(work, { what: "the ledger", ms: 5 })).rejects.toMatchObject({
      code: "RL_DEADLINE",
      message: "the ledger took longer than 5 ms",
    });
    expect(seen?.aborted).toBe(true);
  });
  it("ends with the outer signal's reason, also when that was aborted before", async () => {
    const outer = new AbortController();
    const waiting = withDeadline(forever, { what: "x", ms: 60_000, signal: outer.signal });
    outer.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    let ran = false;
    const late = withDeadline(
      async () => {
        ran = true;
      },
      { what: "x", ms: 60_000, signal: outer.signal },
    );
    await expect(late).rejects.toThrow("gone");
    expect(ran).toBe(false);
  });
  it("drops what late work still throws", async () => {
    const work = Promise.withResolvers<never>();
    await expect(withDeadline(work.promise, { what: "x", ms: 1 })).rejects.toMatchObject({ code: "RL_DEADLINE" });
    // An unhandled rejection would fail the test run.
    work.reject(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
