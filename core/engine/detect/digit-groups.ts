import { charSet, isDigit, isIn, isWord } from "./chars.ts";
import { MAX_DIGITS, MAX_GROUPS, type Scanner } from "./scanner.ts";

const SPACE = 32;
const OPEN = 40;
const CLOSE = 41;
const HYPHEN = 45;
const DOT = 46;
const SLASH = 47;

const separators = charSet(" -./()");
const joiners = charSet(" -./");
const afterClose = charSet(" -.");

/** Length of the separator at `i` if a digit follows it, else 0. */
function separatorLength(text: string, i: number): number {
  const code = text.charCodeAt(i);
  if (!isIn(code, separators)) return 0;
  if (isDigit(text.charCodeAt(i + 1))) return 1;
  const next = text.charCodeAt(i + 1);
  const two = isIn(code, joiners) ? next === OPEN : code === CLOSE && isIn(next, afterClose);
  return two && isDigit(text.charCodeAt(i + 2)) ? 2 : 0;
}

/** Reads up to ten groups of digits from `i` on, at most 40 digits; bounded, so a scan stays linear. */
export function readGroups(s: Scanner, i: number): void {
  const { text, digits } = s;
  let at = i;
  let total = 0;
  s.groups = 0;
  s.separator[0] = 0;
  for (;;) {
    const group = s.groups;
    s.groupStart[group] = at;
    s.groupDigits[group] = total;
    for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) {
      if (total < MAX_DIGITS) digits[total] = code - 48;
      total++;
    }
    s.groupEnd[group] = at;
    s.groups = group + 1;
    s.groupDigits[group + 1] = total;
    if (total >= MAX_DIGITS || group + 1 >= MAX_GROUPS) return;
    const length = separatorLength(text, at);
    if (length === 0) return;
    s.separator[group + 1] = length === 2 && text.charCodeAt(at) !== CLOSE ? OPEN : text.charCodeAt(at);
    at += length;
  }
}

export function groupLength(s: Scanner, group: number): number {
  return (s.groupEnd[group] ?? 0) - (s.groupStart[group] ?? 0);
}

/** Whether the number may end after `count` groups: no digit, letter or joining separator goes on. */
export function endsAfter(s: Scanner, count: number): boolean {
  if (count < s.groups) return s.separator[count] === SPACE;
  const end = s.groupEnd[count - 1] ?? 0;
  return !isWord(s.text.charCodeAt(end)) && separatorLength(s.text, end) <= 1;
}

/** Whether something before `start` makes it a part of a longer number, code or amount. */
export function joinedBefore(text: string, start: number): boolean {
  const code = text.charCodeAt(start - 1);
  const before = text.charCodeAt(start - 2);
  if (code === 36 || code === 0x20ac || code === 0xa3) return true;
  if (code === HYPHEN || code === SLASH) return isWord(before);
  if (code === DOT || code === 44 || code === 58) return isDigit(before);
  return false;
}
