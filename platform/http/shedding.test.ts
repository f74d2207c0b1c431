import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Shedding } from "./shedding.ts";

interface Made {
  readonly shedding: Shedding;
  readonly shed: string[];
  readonly advance: (ms: number) => void;
}

function make(options: { maxInFlight?: number; maxLagMs?: number; perCaller?: number } = {}): Made {
  let now = 0;
  const shed: string[] = [];
  const shedding = new Shedding({
    maxInFlight: 10,
    maxLagMs: 100,
    perCaller: 0,
    ...options,
    now: () => now,
    onShed: (reason) => shed.push(reason),
  });
  return { shedding, shed, advance: (ms) => void (now += ms) };
}

describe("shedding", () => {
  it("keeps places for hot requests that others never take", () => {
    const { shedding, shed } = make({ maxInFlight: 2 });
    shedding.enter(false, "a");
    shedding.enter(false, "a");
    expect(() => shedding.enter(false, "a")).toThrow("in flight");
    shedding.enter(true, "a");
    shedding.enter(true, "a");
    expect(() => shedding.enter(true, "a")).toThrow("in flight");
    shedding.leave(true);
    shedding.enter(true, "a");
    expect(shedding.inFlight).toBe(4);
    expect(shed).toEqual(["in_flight", "in_flight"]);
  });

  it("turns away while the loop is late for long, not after one pause", () => {
    const { shedding } = make({ maxLagMs: 100 });
    shedding.sample(300);
    shedding.enter(true, "a");
    for (let i = 0; i < 10; i++) shedding.sample(150);
    expect(() => shedding.enter(true, "a")).toThrow("behind");
    for (let i = 0; i < 10; i++) shedding.sample(0);
    shedding.enter(true, "a");
    expect(shedding.inFlight).toBe(2);
  });

  it("gives each caller its rate and a burst, and says when to come back", () => {
    const { shedding, advance, shed } = make({ perCaller: 10 });
    const tryOnce = (caller: string): number | undefined => {
      try {
        shedding.enter(true, caller);
        shedding.leave(true);
        return undefined;
      } catch (error) {
        expect(error).toMatchObject({ code: "RL_RATE_LIMITED" });
        return (error as { retryAfter: number }).retryAfter;
      }
    };
    for (let i = 0; i < 20; i++) expect(tryOnce("a")).toBeUndefined();
    expect(tryOnce("a")).toBeCloseTo(0.1);
    expect(tryOnce("b")).toBeUndefined();
    advance(100);
    expect(tryOnce("a")).toBeUndefined();
    expect(tryOnce("a")).toBeCloseTo(0.1);
    expect(shed).toEqual(["rate", "rate"]);
  });

  it("never lets more through than rate and burst allow", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (waits) => {
        const { shedding, advance } = make({ perCaller: 5, maxInFlight: 1_000 });
        let passed = 0;
        let elapsed = 0;
        for (const wait of waits) {
          advance(wait);
          elapsed += wait;
          try {
            shedding.enter(true, "a");
            passed++;
          } catch {
            // Turned away.
          }
        }
        expect(passed).toBeLessThanOrEqual(10 + (elapsed / 1_000) * 5 + 1e-6);
        expect(shedding.inFlight).toBe(passed);
      }),
    );
  });
});
