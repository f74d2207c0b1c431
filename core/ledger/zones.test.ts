import { describe, expect, it } from "vitest";
import { type Period, Zone, Zones } from "./zones.ts";

const HOUR = 3_600_000;

function periodOf(zone: string, at: string): Period {
  const now = Date.parse(at);
  const found = new Zones().get(zone, now);
  if (!(found instanceof Zone)) throw new Error(`no zone ${zone}: ${found.unreadable}`);
  return found.period(now);
}

describe("zones", () => {
  it.each([
    // zone, instant, day begins, hours in that day, why
    ["UTC", "2026-05-15T12:00:00Z", "2026-05-15T00:00:00Z", 24],
    ["Europe/Berlin", "2026-05-14T22:00:00Z", "2026-05-14T22:00:00Z", 24],
    ["Europe/Berlin", "2026-05-14T21:59:59.999Z", "2026-05-13T22:00:00Z", 24],
    ["Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", 23],
    ["Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", 25],
    ["Asia/Kathmandu", "2026-05-15T12:00:00Z", "2026-05-14T18:15:00Z", 24],
    ["Australia/Lord_Howe", "2026-04-05T01:00:00Z", "2026-04-04T13:00:00Z", 24.5],
    ["Pacific/Kiritimati", "2026-05-15T12:00:00Z", "2026-05-15T10:00:00Z", 24],
    ["Etc/GMT+12", "2026-05-15T11:59:00Z", "2026-05-14T12:00:00Z", 24],
    // clocks go from 24:00 to 1:00, so the day begins at one
    ["Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", 23],
    // midnight to 23:00: the day before has 25 hours
    ["Africa/Cairo", "2026-10-29T12:00:00Z", "2026-10-28T21:00:00Z", 25],
    // Samoa left out 30 December 2011
    ["Pacific/Apia", "2011-12-31T12:00:00Z", "2011-12-31T10:00:00Z", 24],
  ])("%s at %s: the day begins at %s and has %d hours", (zone, at, start, hours) => {
    const period = periodOf(zone, at);
    expect(new Date(period.dayStart).toISOString()).toBe(new Date(start).toISOString());
    expect((period.dayEnd - period.dayStart) / HOUR).toBe(hours);
  });

  it("finds the month, across a year and a change of clocks", () => {
    const december = periodOf("Europe/Berlin", "2026-12-31T22:59:59Z");
    expect([december.monthStart, december.monthEnd].map((at) => new Date(at).toISOString())).toEqual([
      "2026-11-30T23:00:00.000Z",
      "2026-12-31T23:00:00.000Z",
    ]);
    const march = periodOf("Europe/Berlin", "2026-03-31T12:00:00Z");
    expect((march.monthEnd - march.monthStart) / HOUR).toBe(31 * 24 - 1);
  });

  it("gives the same period for the same day, and shares it between spellings of a zone", () => {
    const zones = new Zones();
    const now = Date.parse("2026-05-15T12:00:00Z");
    const zone = zones.get("Europe/Berlin", now);
    expect(zones.get("europe/BERLIN", now)).toBe(zone);
    if (!(zone instanceof Zone)) throw new Error("no zone");
    expect(zone.period(now)).toBe(zone.period(now + HOUR));
    expect(zone.period(now + 24 * HOUR)).not.toBe(zone.period(now));
  });

  it("refuses what is no zone, what is not on quarter hours, and too many", () => {
    const zones = new Zones();
    const now = Date.parse("2026-05-15T12:00:00Z");
    expect(zones.get("Mars/Olympus", now)).toEqual({ unreadable: "unknown_time_zone" });
    expect(zones.get("+05:37", now)).toEqual({ unreadable: "time_zone_not_on_quarter_hours" });
    for (let i = 0; i < 1_024; i++) zones.get(`No/Such${i}`, now);
    expect(zones.get("Europe/Paris", now)).toEqual({ unreadable: "too_many_time_zones" });
  });
});
