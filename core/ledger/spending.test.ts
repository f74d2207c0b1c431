import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Spending } from "./spending.ts";
import { Zone, Zones } from "./zones.ts";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);

function zoneOf(zones: Zones, name: string): Zone {
  const zone = zones.get(name, START);
  if (!(zone instanceof Zone)) throw new Error(zone.unreadable);
  return zone;
}

describe("spending", () => {
  it("sums days and months of any zone like the plain list of amounts, however often it is asked", () => {
    const zones = new Zones();
    const names = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati", "Etc/GMT+12"];
    const event = fc.record({
      wait: fc.oneof(fc.nat(3_600_000), fc.nat(2 * DAY)),
      late: fc.oneof(fc.constant(0), fc.nat(3 * DAY)),
      cost: fc.integer({ min: -50, max: 100 }),
      ask: fc.nat(names.length - 1),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80, size: "max" }), (events) => {
        const spending = new Spending();
        const all: { at: number; cost: number }[] = [];
        let now = START;
        for (const { wait, late, cost, ask } of events) {
          now += wait;
          all.push({ at: now - late, cost });
          spending.add(now - late, { cost, tokens: -cost }, now);
          const zone = zoneOf(zones, names[ask] ?? "UTC");
          const { dayStart, dayEnd, monthStart, monthEnd } = zone.period(now);
          const sum = (from: number, to: number) =>
            all.filter(({ at }) => at >= from && at < to).reduce((total, one) => total + one.cost, 0);
          expect(spending.day(zone, now).cost).toBe(sum(dayStart, dayEnd));
          expect(spending.month(zone, now).cost).toBe(sum(monthStart, monthEnd));
          expect(spending.month(zone, now).tokens + 0).toBe(-sum(monthStart, monthEnd) + 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("stays small and right over months of spending in every quarter hour", () => {
    const spending = new Spending();
    const zones = new Zones();
    const now = START + 100 * DAY;
    let most = 0;
    for (let at = START; at < now; at += 900_000) {
      spending.add(at, { cost: 1, tokens: 0 }, at);
      most = Math.max(most, spending.entries);
    }
    expect(most).toBeLessThanOrEqual(600);
    for (const name of ["Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"]) {
      const zone = zoneOf(zones, name);
      const { dayStart, monthStart } = zone.period(now);
      expect(spending.month(zone, now).cost).toBe((now - monthStart) / 900_000);
      expect(spending.day(zone, now).cost).toBe((now - dayStart) / 900_000);
    }
  });
});
