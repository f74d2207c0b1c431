import { parseDecimal, type Numeric } from "../decimal.ts";

// RFC 3339, section 5.6; a space instead of T is not accepted.
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days from 1970-01-01, in the proleptic Gregorian calendar; undefined when there is no such day. */
function dayNumber(year: number, month: number, day: number): number | undefined {
  const before = daysBefore[month - 1];
  if (before === undefined || day < 1) return undefined;
  const length = (daysBefore[month] ?? 365) - before + (month === 2 && isLeap(year) ? 1 : 0);
  if (day > length) return undefined;
  const past = year - 1;
  const leaps = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  return past * 365 + leaps + before + (month > 2 && isLeap(year) ? 1 : 0) + day - 1 - 719_162;
}

function secondOfDay(hour: number, minute: number, second: number): number | undefined {
  // A leap second is counted as the second after it, as POSIX time does.
  return hour < 24 && minute < 60 && second <= 60 ? hour * 3600 + minute * 60 + second : undefined;
}

/** Nanoseconds since the epoch, exactly; undefined when the text is no RFC 3339 timestamp. */
export function parseTimestamp(text: string): Numeric | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const days = dayNumber(part(1), part(2), part(3));
  const seconds = secondOfDay(part(4), part(5), part(6));
  const offset = secondOfDay(part(9), part(10), 0);
  if (days === undefined || seconds === undefined || offset === undefined) return undefined;
  const epoch = days * 86_400 + seconds - (match[8] === "-" ? -offset : offset);
  const nanos = BigInt(epoch) * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
  return parseDecimal(String(nanos));
}
