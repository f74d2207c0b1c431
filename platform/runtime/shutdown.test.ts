import { expect, it } from "vitest";
import { Shutdown } from "./shutdown.ts";

it("closes in reverse, goes on after a failure and after a step that hangs, and runs once", async () => {
  const closed: string[] = [];
  const shutdown = new Shutdown();
  shutdown.add("store", 1_000, () => closed.push("store"));
  shutdown.add("stuck", 10, () => new Promise(() => {}));
  shutdown.add("broken", 1_000, () => {
    throw new Error("no");
  });
  shutdown.add("door", 1_000, async () => closed.push("door"));
  const [problems, again] = await Promise.all([shutdown.close(), shutdown.close()]);
  expect(closed).toEqual(["door", "store"]);
  expect(problems.map(({ step }) => step)).toEqual(["broken", "stuck"]);
  expect(again).toBe(problems);
});
