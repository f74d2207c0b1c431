import { internationalFit } from "./calling-codes.ts";
import { isDigit, isWord } from "./chars.ts";
import type { Context } from "./context.ts";
import { PHONE_HINT } from "./context-words.ts";
import { groupLength, joinedBefore } from "./digit-groups.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";

const SPACE = 32;
const OPEN = 40;
const CLOSE = 41;
const PLUS = 43;
const DOT = 46;
const SLASH = 47;

/** What a telephone number of this shape scores without context. */
const INTERNATIONAL = 0.75;
const NATIONAL = 0.5;
/** Looks like one, but an identifier may too. */
const DOUBTFUL = 0.35;
/** Any digits: only a word that says "telephone" makes it one. */
const ANY = 0.2;

interface Reading {
  count: number;
  base: number;
  rule: string;
}

function total(s: Scanner, count: number): number {
  return s.groupDigits[count] ?? 0;
}

function digit(s: Scanner, index: number): number {
  return s.digits[index] ?? 0;
}

/** Longest run of groups with at most `most` digits that ends where a number may end. */
function fit(s: Scanner, most: number): number {
  for (let count = s.groups; count > 0; count--) {
    if (total(s, count) <= most && closes(s, count)) return count;
  }
  return 0;
}

/** After `count` groups only a space, or the end of the number with an optional extension, may follow. */
function closes(s: Scanner, count: number): boolean {
  if (count < s.groups) return s.separator[count] === SPACE || s.separator[count] === OPEN;
  return !isWord(s.text.charCodeAt(s.groupEnd[count - 1] ?? 0)) || extensionEnd(s, count) > 0;
}

/** `x123`, ` ext. 123`, `#123` after the number: where it ends, or 0. */
function extensionEnd(s: Scanner, count: number): number {
  const { text } = s;
  let i = s.groupEnd[count - 1] ?? 0;
  if (text.charCodeAt(i) === SPACE) i++;
  const lead = text.charCodeAt(i) | 32;
  // x, e(xt), # — # is 35, which is unchanged by the bit.
  if (lead !== 120 && lead !== 101 && lead !== 35) return 0;
  const from = i;
  for (const word of ["extension", "ext", "x", "#"]) {
    if (text.slice(i, i + word.length).toLowerCase() !== word) continue;
    i += word.length;
    break;
  }
  if (i === from) return 0;
  while (i - from < 12 && " .:".includes(text.charAt(i)) && i < text.length) i++;
  const digits = i;
  while (isDigit(text.charCodeAt(i)) && i - digits < 7) i++;
  return i > digits && i - digits < 7 && !isWord(text.charCodeAt(i)) ? i : 0;
}

function lengthsAre(s: Scanner, from: number, lengths: readonly number[]): boolean {
  if (s.groups < from + lengths.length) return false;
  for (let i = 0; i < lengths.length; i++) if (groupLength(s, from + i) !== lengths[i]) return false;
  return true;
}

/** +49 30 …, 0049 30 … */
function international(s: Scanner, plus: boolean): Reading | undefined {
  const zeros = !plus && digit(s, 0) === 0 && digit(s, 1) === 0 && digit(s, 2) !== 0 ? 2 : 0;
  if (!plus && zeros === 0) return undefined;
  const count = fit(s, 15 + zeros);
  const length = total(s, count) - zeros;
  if (length < 7) return undefined;
  const match = internationalFit(s.digits, zeros, length);
  if (match === 0) return undefined;
  if (plus) return { count, base: match === 2 ? INTERNATIONAL : DOUBTFUL + 0.1, rule: "phone-international" };
  return { count, base: match === 2 && s.groups > 1 ? NATIONAL : DOUBTFUL, rule: "phone-international-00" };
}

/** Three, three and four digits, as North America writes them; area codes and exchanges begin with 2–9. */
function northAmerican(s: Scanner): Reading | undefined {
  let from = 0;
  if (s.groups > 3 && total(s, 1) === 1 && digit(s, 0) === 1) from = 1;
  if (lengthsAre(s, from, [3, 3, 4]) && isNanpGap(s, from) && closes(s, from + 3)) {
    const area = digit(s, total(s, from));
    return { count: from + 3, base: area >= 2 ? NATIONAL : DOUBTFUL, rule: "phone-3-3-4" };
  }
  if (s.groups < 1 || total(s, 1) !== 10 || !closes(s, 1)) return undefined;
  if (digit(s, 0) < 2 || digit(s, 3) < 2) return undefined;
  return { count: 1, base: DOUBTFUL, rule: "phone-10" };
}

function isNanpGap(s: Scanner, from: number): boolean {
  const first = s.separator[from + 1];
  const second = s.separator[from + 2];
  if (second === SLASH || second === CLOSE || second === OPEN) return false;
  return first === second || first === CLOSE || (first === SLASH && second === 45);
}

/** National numbers with a leading zero, or an area code in parentheses, in two to five groups. */
function trunk(s: Scanner, parenthesis: boolean): Reading | undefined {
  const count = fit(s, 12);
  const length = total(s, count);
  const zero = digit(s, 0) === 0 && (digit(s, 1) !== 0 || parenthesis);
  if (count < 2 || count > 5 || !(zero || parenthesis) || !trunkShape(s, count)) return undefined;
  const shortest = parenthesis ? 7 : 9;
  if (length < shortest || length > 12) return undefined;
  return { count, base: NATIONAL, rule: "phone-national" };
}

/** 0101 0101 0101 is a bit pattern. */
function isBinary(s: Scanner): boolean {
  for (let i = 0; i < (s.groupDigits[s.groups] ?? 0); i++) if (digit(s, i) > 1) return false;
  return true;
}

function trunkShape(s: Scanner, count: number): boolean {
  if (groupLength(s, 0) < 2 || groupLength(s, 0) > 5) return false;
  let dots = 0;
  for (let group = 1; group < count; group++) {
    if (s.separator[group] === SLASH && group > 1) return false;
    if (s.separator[group] === DOT) dots++;
    if (groupLength(s, group) < 2 && group > 1) return false;
  }
  if (isBinary(s)) return false;
  // Dots: only as France writes them, or it is a version or a decimal.
  return dots === 0 || (dots === count - 1 && count === 5 && groupLength(s, 0) === 2);
}

/** 9 10 11 12 in a list of numbers. */
function continuesList(s: Scanner): boolean {
  const start = s.groupStart[0] ?? 0;
  return s.text.charCodeAt(start - 1) === SPACE && isDigit(s.text.charCodeAt(start - 2));
}

/** Any six to thirteen digits without dots, for text that says what they are. */
function anything(s: Scanner): Reading | undefined {
  const count = fit(s, 13);
  const length = total(s, count);
  if (length < 6 || count > 6 || continuesList(s)) return undefined;
  for (let group = 1; group < count; group++) {
    if (s.separator[group] === SLASH || (s.separator[group] === DOT && count < 4) || groupLength(s, group) < 2)
      return undefined;
  }
  if (count > 1) return { count, base: ANY + 0.1, rule: "phone-grouped" };
  const mobile =
    (length === 11 && digit(s, 0) === 1 && digit(s, 1) >= 3) || (digit(s, 0) === 0 && length >= 10 && length <= 11);
  return { count, base: mobile ? ANY + 0.1 : ANY, rule: mobile ? "phone-mobile" : "phone-digits" };
}

function scoreOf(reading: Reading, context: Context, contact: () => boolean): number {
  if (reading.base >= INTERNATIONAL) return reading.base + (context.supports(E.PHONE_NUMBER) ? CONTEXT_BONUS / 2 : 0);
  if (context.nearest !== 0) return reading.base - 0.2;
  if (context.supports(E.PHONE_NUMBER)) return reading.base + CONTEXT_BONUS;
  if (reading.base <= ANY) return reading.base;
  const hinted = (context.flags & PHONE_HINT) !== 0 || contact();
  return hinted ? reading.base + CONTEXT_BONUS - 0.1 : reading.base;
}

/** `415…, jane@example.com`: a number beside an e-mail address is a contact. */
function beforeEmail(text: string, end: number): boolean {
  let i = end;
  while (i - end < 4 && " ,;|/\"'\t".includes(text.charAt(i)) && i < text.length) i++;
  if (i === end) return false;
  const from = i;
  while (i - from < 40 && (isWord(text.charCodeAt(i)) || ".+-".includes(text.charAt(i))) && i < text.length) i++;
  return i > from && text.charCodeAt(i) === 64;
}

function readings(s: Scanner, plus: boolean, parenthesis: boolean): Reading | undefined {
  if (plus) return international(s, true) ?? anything(s);
  return northAmerican(s) ?? international(s, false) ?? trunk(s, parenthesis) ?? anything(s);
}

/** Offers the digit groups as a telephone number; a `+` or `(` before them belongs to it. */
export function phone(s: Scanner): void {
  const first = s.groupStart[0] ?? 0;
  const { text } = s;
  const lead = text.charCodeAt(first - 1);
  const plus = lead === PLUS || (lead === OPEN && text.charCodeAt(first - 2) === PLUS);
  const parenthesis = lead === OPEN && s.separator[1] === CLOSE;
  const begin = plus || parenthesis ? first - 1 : first;
  if (joinedBefore(text, begin) || (plus && isWord(text.charCodeAt(begin - 1)))) return;
  const reading = readings(s, plus, parenthesis);
  if (reading === undefined) return;
  const end = extensionEnd(s, reading.count) || (s.groupEnd[reading.count - 1] ?? first);
  const context = s.around(
    first,
    s.groupEnd[s.groups - 1] === s.groupEnd[reading.count - 1] ? end : (s.groupEnd[s.groups - 1] ?? end),
  );
  const contact = (): boolean => s.afterEmail(begin) || beforeEmail(text, end);
  s.proposalStart = begin;
  s.propose(E.PHONE_NUMBER, end, scoreOf(reading, context, contact), reading.rule);
}
