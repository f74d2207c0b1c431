import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createShutdown } from "./shutdown.ts";

const forever = (): Promise<void> => new Promise(() => {});

describe("shutdown", () => {
  it("closes what was opened last first, and goes on after a step that fails or hangs", async () => {
    const closed: string[] = [];
    const heard: string[] = [];
    const shutdown = createShutdown({ onStep: ({ name, outcome }) => heard.push(`${name} ${outcome}`) });
    shutdown.add("store", 1_000, async () => {
      closed.push("store");
    });
    shutdown.add("stuck", 10, forever);
    shutdown.add("broken", 1_000, () => {
      throw new Error("no");
    });
    shutdown.add("door", 1_000, async () => {
      closed.push("door");
    });
    const report = await shutdown.run("SIGTERM");
    expect(closed).toEqual(["door", "store"]);
    expect(heard).toEqual(["door done", "broken failed", "stuck late", "store done"]);
    expect(report).toMatchObject({ reason: "SIGTERM", clean: false });
    expect(report.steps.map(({ message }) => message)).toEqual([
      undefined,
      "no",
      "stuck took longer than 10 ms",
      undefined,
    ]);
  });

  it("is unclean when a step tells what it left", async () => {
    const shutdown = createShutdown();
    shutdown.add("log", 1_000, async () => "2 records were left");
    expect(await shutdown.run("x")).toMatchObject({
      clean: false,
      steps: [{ name: "log", outcome: "done", message: "2 records were left" }],
    });
  });

  it("tells a step that is late to stop", async () => {
    const shutdown = createShutdown();
    let told = false;
    shutdown.add("slow", 10, async (signal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      await forever();
    });
    await shutdown.run("x");
    expect(told).toBe(true);
  });

  it("runs once, on the first signal; the second is for the impatient", async () => {
    const source = new EventEmitter();
    const shutdown = createShutdown();
    const door = Promise.withResolvers<void>();
    let impatient = 0;
    let closes = 0;
    shutdown.add("door", 10_000, () => {
      closes++;
      return door.promise;
    });
    const undo = shutdown.onSignals(source, () => impatient++);
    expect(shutdown.signal.aborted).toBe(false);
    source.emit("SIGTERM");
    expect(shutdown.signal.aborted).toBe(true);
    source.emit("SIGINT");
    expect(impatient).toBe(1);
    door.resolve();
    expect(await shutdown.run("again")).toMatchObject({ reason: "SIGTERM", clean: true });
    expect(closes).toBe(1);
    undo();
    expect(source.listenerCount("SIGTERM") + source.listenerCount("SIGINT")).toBe(0);
  });
});
