import { describe, expect, it } from "vitest";
import { KeyedTurns } from "./keyed-turns.ts";

describe("KeyedTurns", () => {
  it("lets the second wait for the first of the same key, also when the first fails, and forgets the key", async () => {
    const turns = new KeyedTurns();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = turns.run("a", async () => {
      await gate.promise;
      order.push("first");
      throw new Error("no");
    });
    const second = turns.run("a", async () => {
      order.push("second");
      return 2;
    });
    const other = turns.run("b", async () => {
      order.push("other");
      return 3;
    });
    expect(await other).toBe(3);
    gate.resolve();
    await expect(first).rejects.toThrow("no");
    expect(await second).toBe(2);
    expect(order).toEqual(["other", "first", "second"]);
    expect(turns.size).toBe(0);
  });
});
