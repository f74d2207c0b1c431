/** Hour (0–23) and weekday (1–7 from Monday) in one zone. */
export interface ZoneClock {
  hour(now: number): number;
  weekday(now: number): number;
}

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MINUTE_MS = 60_000;

/** Undefined when the runtime does not know the IANA zone. The answer for one minute is remembered: formatting costs microseconds. */
export function createZoneClock(zone: string): ZoneClock | undefined {
  const format = formatter(zone);
  if (format === undefined) return undefined;
  let minute = Number.NaN;
  let hour = 0;
  let weekday = 0;
  const look = (now: number): void => {
    if (Math.floor(now / MINUTE_MS) === minute) return;
    minute = Math.floor(now / MINUTE_MS);
    for (const { type, value } of format.formatToParts(now)) {
      if (type === "hour") hour = Number(value) % 24;
      else if (type === "weekday") weekday = weekdays.indexOf(value) + 1;
    }
  };
  return {
    hour(now) {
      look(now);
      return hour;
    },
    weekday(now) {
      look(now);
      return weekday;
    },
  };
}

function formatter(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", hourCycle: "h23", weekday: "short" });
  } catch {
    return undefined; // an unknown zone, which the caller reports
  }
}
