import { describe, expect, it } from "vitest";
import { manualClock } from "./clock.ts";
import { createIds } from "./ids.ts";

describe("ids", () => {
  it("strictly increase within a millisecond, over time, and when the clock steps back", () => {
    const clock = manualClock(1_700_000_000_000);
    const ids = createIds(clock);
    const made: string[] = [];
    for (const step of [0, 0, 0, 1, 5_000, -9_000, 0, 20_000]) {
      clock.advance(step);
      for (let i = 0; i < 100; i++) made.push(ids.next());
    }
    expect(made).toEqual([...new Set(made)].toSorted());
    for (const id of made) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });
  it("begin with the time, as a ULID does", () => {
    expect(createIds(manualClock(1_469_918_176_385)).next().slice(0, 10)).toBe("01ARYZ6S41");
  });
  it("differ between makers at the same time", () => {
    const clock = manualClock(5);
    expect(createIds(clock).next()).not.toBe(createIds(clock).next());
  });
});
