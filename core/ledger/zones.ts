/** Where the day and the month begin and end that hold an instant; milliseconds since the epoch, the end is not part of it. */
export interface Period {
  readonly dayStart: number;
  readonly dayEnd: number;
  readonly monthStart: number;
  readonly monthEnd: number;
}

export interface Unreadable {
  readonly unreadable: string;
}

export const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const MAX_ZONES = 1_024;

/** One zone's calendar. The same Period object for the same day, so that a comparison tells whether a sum is still of today. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  #period: Period | undefined;

  constructor(format: Intl.DateTimeFormat) {
    this.#format = format;
  }

  period(now: number): Period {
    const known = this.#period;
    if (known !== undefined && now >= known.dayStart && now < known.dayEnd) return known;
    const { year, month, day } = this.#civil(now);
    const next = this.#begin(year, month + 1, 1);
    this.#period = {
      dayStart: this.#begin(year, month, day),
      dayEnd: this.#begin(year, month, day + 1),
      monthStart: this.#begin(year, month, 1),
      monthEnd: next,
    };
    return this.#period;
  }

  /** Every zone in use today is a multiple of a quarter hour away from UTC; an offset such as +05:37 is not. */
  onQuarterHours(now: number): boolean {
    const { year, month, day, hour, minute, second } = this.#civil(now);
    const offset = Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(now / 1000) * 1000;
    return offset % QUARTER_MS === 0;
  }

  /**
   * The first quarter hour whose date there is this one or later: midnight, or the first moment after a gap where clocks skip
   * midnight (or a whole day). Dates only grow along the quarter hours, so it is found by halving.
   */
  #begin(year: number, month: number, day: number): number {
    const utc = Date.UTC(year, month - 1, day);
    const date = new Date(utc);
    const wanted = dateNumber(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
    let low = utc - 15 * HOUR_MS;
    let high = utc + 27 * HOUR_MS;
    while (high - low > QUARTER_MS) {
      const middle = low + Math.floor((high - low) / 2 / QUARTER_MS) * QUARTER_MS;
      const there = this.#civil(middle);
      if (dateNumber(there.year, there.month, there.day) >= wanted) high = middle;
      else low = middle;
    }
    return high;
  }

  #civil(at: number): Civil {
    const civil: Civil = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of this.#format.formatToParts(at)) {
      if (Object.hasOwn(civil, type)) civil[type as keyof Civil] = Number(value);
    }
    return civil;
  }
}

type Civil = Record<"year" | "month" | "day" | "hour" | "minute" | "second", number>;

function dateNumber(year: number, month: number, day: number): number {
  return year * 10_000 + month * 100 + day;
}

/** Zones by name. Names come from policies and people; a bounded number is kept, one more is unreadable. */
export class Zones {
  readonly #byName = new Map<string, Zone | Unreadable>();
  readonly #canonical = new Map<string, Zone>();

  get(name: string, now: number): Zone | Unreadable {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= MAX_ZONES) return { unreadable: "too_many_time_zones" };
    const zone = this.#open(name, now);
    this.#byName.set(name, zone);
    return zone;
  }

  /** Two spellings of one zone share its calendar and with it every subject's sums. */
  #open(name: string, now: number): Zone | Unreadable {
    const format = formatFor(name);
    if (format === undefined) return { unreadable: "unknown_time_zone" };
    const canonical = format.resolvedOptions().timeZone;
    const known = this.#canonical.get(canonical);
    if (known !== undefined) return known;
    const zone = new Zone(format);
    if (!zone.onQuarterHours(now)) return { unreadable: "time_zone_not_on_quarter_hours" };
    this.#canonical.set(canonical, zone);
    return zone;
  }
}

function formatFor(name: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
