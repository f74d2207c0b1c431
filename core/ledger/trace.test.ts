import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Trace } from "./trace.ts";

const DAY = 86_400_000;

describe("trace", () => {
  it("is exact for the newest, whatever their age", () => {
    const trace = new Trace();
    for (let i = 0; i < 64; i++) trace.add(i * DAY * 0.4, i * DAY * 0.4);
    const now = 63 * DAY * 0.4;
    expect(trace.after(now - 10 * DAY)).toBe(25);
    expect(trace.after(0)).toBe(63);
    expect(trace.after(-1)).toBe(64);
  });

  it("never misses one inside the window, and lets one go at most a sixteenth of the window late", () => {
    const wait = fc.oneof(fc.nat(50), fc.nat(60_000), fc.nat(DAY));
    fc.assert(
      fc.property(
        fc.array(wait, { minLength: 200, maxLength: 600, size: "max" }),
        fc.nat(20 * DAY),
        (waits, window) => {
          const trace = new Trace();
          const all: number[] = [];
          let now = 1_000_000;
          for (const ms of waits) {
            now += ms;
            trace.add(now, now);
            all.push(now);
          }
          const inside = (ms: number) => all.filter((at) => now - at < ms).length;
          expect(trace.after(now - window)).toBeGreaterThanOrEqual(inside(window));
          expect(trace.after(now - window)).toBeLessThanOrEqual(inside(Math.ceil((window * 16) / 15) + 1));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes back any of those it holds, wherever they moved to", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5_000), fc.boolean()), { minLength: 150, maxLength: 500, size: "max" }),
        (events) => {
          const trace = new Trace();
          const all: number[] = [];
          let now = 0;
          for (const [ms, takesBack] of events) {
            now += ms;
            const back = takesBack ? all.splice(Math.floor(all.length / 3), 1)[0] : undefined;
            if (back !== undefined) trace.remove(back, now);
            trace.add(now, now);
            all.push(now);
            expect(trace.after(-1)).toBe(all.length);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("counts what is taken back no more, and stays small", () => {
    const trace = new Trace();
    let most = 0;
    for (let at = 0; at < 200_000; at++) {
      trace.add(at * 37, at * 37);
      most = Math.max(most, trace.entries);
    }
    const now = 199_999 * 37;
    expect(trace.after(-1)).toBe(200_000);
    for (let at = 0; at < 1_000; at++) trace.remove(at * 190 * 37, now);
    expect(trace.after(-1)).toBe(199_000);
    expect(most).toBeLessThanOrEqual(1_600);
  });
});
