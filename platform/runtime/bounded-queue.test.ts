import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedQueue } from "./bounded-queue.ts";

describe("bounded queue", () => {
  it("is a list that says no when full", () => {
    const commands = fc.array(
      fc.oneof(fc.record({ offer: fc.integer() }), fc.record({ take: fc.integer({ min: 0, max: 6 }) })),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), commands, (capacity, steps) => {
        const queue = boundedQueue<number>(capacity);
        const model: number[] = [];
        for (const step of steps) {
          if ("offer" in step) {
            const room = model.length < capacity;
            if (room) model.push(step.offer);
            expect(queue.offer(step.offer)).toBe(room);
          } else expect(queue.take(step.take)).toEqual(model.splice(0, step.take));
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });
  it("wakes who waits by an item, and by its end", async () => {
    const queue = boundedQueue<string>(2);
    let woken = false;
    const first = queue.ready().then(() => {
      woken = true;
    });
    await Promise.resolve();
    expect(woken).toBe(false);
    queue.offer("a");
    await first;
    expect(queue.take(9)).toEqual(["a"]);
    const second = queue.ready();
    queue.close();
    await second;
    expect(queue.offer("b")).toBe(false);
    expect(queue.take(9)).toEqual([]);
  });
  it("gives what is left after it was closed", () => {
    const queue = boundedQueue<string>(2);
    queue.offer("a");
    queue.close();
    expect(queue.take(1)).toEqual(["a"]);
  });
  it.each([0, -1, 1.5, Number.NaN])("refuses capacity %s", (capacity) => {
    expect(() => boundedQueue(capacity)).toThrow(RangeError);
  });
});
