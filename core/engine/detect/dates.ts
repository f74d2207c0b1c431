import { groupLength } from "./digit-groups.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";
import { isDigit } from "./chars.ts";

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** A day that exists; a two-digit year may be of either century, so 29 February needs only divisibility by four. */
export function isCalendarDay(year: number, month: number, day: number): boolean {
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysInMonth(year < 100 ? (year % 4 === 0 ? 2000 : 2001) : year, month)
  );
}

export function groupValue(s: Scanner, group: number): number {
  let value = 0;
  for (let i = s.groupDigits[group] ?? 0; i < (s.groupDigits[group + 1] ?? 0); i++)
    value = value * 10 + (s.digits[i] ?? 0);
  return value;
}

function isYear(value: number): boolean {
  return value >= 1800 && value <= 2199;
}

function lengthsAre(s: Scanner, first: number, third: number): boolean {
  return groupLength(s, 0) <= first && groupLength(s, 1) <= 2 && groupLength(s, 2) <= third;
}

/** `2024-03-14`, `14.03.2024`, `03/14/2024`: three groups with the same separator. */
function isDate(s: Scanner): boolean {
  if (s.groups < 3 || s.separator[1] !== s.separator[2] || s.separator[1] === 32) return false;
  const [first, second, third] = [groupValue(s, 0), groupValue(s, 1), groupValue(s, 2)];
  if (isYear(first)) return lengthsAre(s, 4, 2) && isCalendarDay(first, second, third);
  if (!isYear(third) || !lengthsAre(s, 2, 4)) return false;
  return isCalendarDay(third, second, first) || isCalendarDay(third, first, second);
}

/** Steps over a date, so that its digits are not read as anything else; where to go on, or −1. */
export function date(s: Scanner): number {
  if (!isDate(s)) return -1;
  let end = s.groupEnd[2] ?? 0;
  const start = s.groupStart[0] ?? 0;
  if (s.wants(E.DATE_TIME)) {
    const bonus = s.around(start, end).supports(E.DATE_TIME) ? CONTEXT_BONUS : 0;
    s.add(E.DATE_TIME, { start, end, score: 0.6 + bonus, rule: "date" });
  }
  // A time directly after a date belongs to it: `2024-03-14 10`, `2024-03-14T10`.
  const next = s.text.charCodeAt(end);
  if ((next === 84 || next === 32) && isDigit(s.text.charCodeAt(end + 1)) && s.text.charCodeAt(end + 3) === 58)
    end += 3;
  return end;
}
