import { internationalFit } from "./calling-codes.ts";
import { charSet, isDigit, isIn, isWord } from "./chars.ts";
import { groupLength } from "./digit-groups.ts";
import type { Scanner } from "./scanner.ts";

const SPACE = 32;
const HASH = 35;
const OPEN = 40;
const CLOSE = 41;
const HYPHEN = 45;
const DOT = 46;
const SLASH = 47;

/** What a telephone number of this shape scores without context. */
export const INTERNATIONAL = 0.75;
const NATIONAL = 0.5;
/** Looks like one, but an identifier may too. */
const DOUBTFUL = 0.35;
/** Any digits: only a word that says "telephone" makes it one. */
export const ANY = 0.2;
const LIKELY_WITH_WORD = 0.3;

export interface Reading {
  /** Digit groups that belong to the number. */
  readonly count: number;
  readonly base: number;
  readonly rule: string;
}

function total(s: Scanner, count: number): number {
  return s.groupDigits[count] ?? 0;
}

function digit(s: Scanner, index: number): number {
  return s.digits[index] ?? 0;
}

/** Longest run of groups with at most `most` digits that ends where a number may end. */
function fit(s: Scanner, most: number): number {
  for (let count = s.groups; count > 0; count--) if (total(s, count) <= most && closes(s, count)) return count;
  return 0;
}

/** After `count` groups only a space, or the end of the number with an optional extension, may follow. */
function closes(s: Scanner, count: number): boolean {
  if (count < s.groups) return s.separator[count] === SPACE || s.separator[count] === OPEN;
  return !isWord(s.text.charCodeAt(s.groupEnd[count - 1] ?? 0)) || extensionEnd(s, count) > 0;
}

const extensionLead = charSet("xXeE#");
const extensionFill = charSet(" .:");
const MAX_FILL = 3;
const MAX_EXTENSION = 6;

/** End of `x`, `ext`, `extension` or `#` at `from`, or `from`. */
function extensionWord(text: string, from: number): number {
  const code = text.charCodeAt(from);
  if (!isIn(code, extensionLead)) return from;
  if (code === HASH || (code | 32) === 120) return from + 1;
  const word = text.slice(from, from + 9).toLowerCase();
  if (word === "extension") return from + 9;
  return word.startsWith("ext") ? from + 3 : from;
}

function runOf(text: string, from: number, most: number, belongs: (code: number) => boolean): number {
  let end = from;
  while (end - from < most && belongs(text.charCodeAt(end))) end++;
  return end;
}

const isFill = (code: number): boolean => isIn(code, extensionFill);

/** `x123`, ` ext. 123`, `#123` after the number: where it ends, or 0. */
export function extensionEnd(s: Scanner, count: number): number {
  const { text } = s;
  const after = s.groupEnd[count - 1] ?? 0;
  const from = text.charCodeAt(after) === SPACE ? after + 1 : after;
  const word = extensionWord(text, from);
  if (word === from) return 0;
  const digits = runOf(text, word, MAX_FILL, isFill);
  const end = runOf(text, digits, MAX_EXTENSION, isDigit);
  return end > digits && !isWord(text.charCodeAt(end)) ? end : 0;
}

/** +49 30 … */
function withPlus(s: Scanner): Reading | undefined {
  const count = fit(s, 15);
  const length = total(s, count);
  const match = length < 7 ? 0 : internationalFit(s.digits, 0, length);
  if (match === 0) return undefined;
  return { count, base: match === 2 ? INTERNATIONAL : DOUBTFUL + 0.1, rule: "phone-international" };
}

/** 0049 30 … */
function withZeros(s: Scanner): Reading | undefined {
  if (digit(s, 0) !== 0 || digit(s, 1) !== 0 || digit(s, 2) === 0) return undefined;
  const count = fit(s, 17);
  const length = total(s, count) - 2;
  const match = length < 7 ? 0 : internationalFit(s.digits, 2, length);
  if (match === 0) return undefined;
  // A first group such as 001 or 0044 ends with the calling code.
  const written = match === 2 && count > 1 && groupLength(s, 0) <= 5;
  return { count, base: written ? NATIONAL : DOUBTFUL, rule: "phone-international-00" };
}

/** Three, three and four digits as North America writes them, also after a 1. */
function northAmerican(s: Scanner): Reading | undefined {
  const from = s.groups > 3 && total(s, 1) === 1 && digit(s, 0) === 1 ? 1 : 0;
  if (!isThreeThreeFour(s, from) || !closes(s, from + 3)) return undefined;
  // An area code begins with 2–9. Exchanges are not checked: people and test data invent them.
  return { count: from + 3, base: digit(s, from) >= 2 ? NATIONAL : DOUBTFUL, rule: "phone-3-3-4" };
}

function isThreeThreeFour(s: Scanner, from: number): boolean {
  if (s.groups < from + 3 || !isNanpGap(s.separator[from + 1] ?? 0, s.separator[from + 2] ?? 0)) return false;
  return groupLength(s, from) === 3 && groupLength(s, from + 1) === 3 && groupLength(s, from + 2) === 4;
}

function isNanpGap(first: number, second: number): boolean {
  if (second === SLASH || second === CLOSE || second === OPEN) return false;
  return first === second || first === CLOSE || (first === SLASH && second === HYPHEN);
}

/** Ten digits without separators, where area code and exchange are possible. */
function tenDigits(s: Scanner): Reading | undefined {
  if (total(s, 1) !== 10 || !closes(s, 1) || digit(s, 0) < 2 || digit(s, 3) < 2) return undefined;
  return { count: 1, base: DOUBTFUL, rule: "phone-10" };
}

/** National numbers with a leading zero, or an area code in parentheses, in two to five groups. */
function national(s: Scanner, parenthesis: boolean): Reading | undefined {
  const zero = digit(s, 0) === 0 && digit(s, 1) !== 0;
  if (!zero && !parenthesis) return undefined;
  const count = fit(s, 12);
  if (count < 2 || count > 5 || total(s, count) < (parenthesis ? 7 : 9)) return undefined;
  return isNationalShape(s, count) && !isBinary(s) ? { count, base: NATIONAL, rule: "phone-national" } : undefined;
}

function isNationalShape(s: Scanner, count: number): boolean {
  if (groupLength(s, 0) < 2 || groupLength(s, 0) > 6) return false;
  let dots = 0;
  for (let group = 1; group < count; group++) {
    const separator = s.separator[group];
    if (group > 1 && (separator === SLASH || groupLength(s, group) < 2)) return false;
    if (separator === DOT) dots++;
  }
  // Dots: only as France writes them, or it is a version or a decimal.
  return dots === 0 || (dots === 4 && groupLength(s, 0) === 2);
}

/** 612 22 45 45: the way Spain writes its nine digits, which begin with 6 to 9. */
function spanish(s: Scanner): Reading | undefined {
  if (s.groups < 4 || total(s, 4) !== 9 || digit(s, 0) < 6 || groupLength(s, 0) !== 3 || !closes(s, 4))
    return undefined;
  for (let group = 1; group < 4; group++) {
    if (groupLength(s, group) !== 2 || s.separator[group] !== SPACE) return undefined;
  }
  return { count: 4, base: NATIONAL, rule: "phone-3-2-2-2" };
}

/** 0101 0101 0101 is a bit pattern. */
function isBinary(s: Scanner): boolean {
  for (let i = 0; i < total(s, s.groups); i++) if (digit(s, i) > 1) return false;
  return true;
}

/** 9 10 11 12 in a list of numbers. */
function continuesList(s: Scanner): boolean {
  const start = s.groupStart[0] ?? 0;
  return s.text.charCodeAt(start - 1) === SPACE && isDigit(s.text.charCodeAt(start - 2));
}

/** Any six to thirteen digits, for text that says what they are. */
function anything(s: Scanner): Reading | undefined {
  const count = fit(s, 13);
  const length = total(s, count);
  if (length < 6 || count > 6 || continuesList(s)) return undefined;
  if (count > 1) return isLoose(s, count) ? { count, base: LIKELY_WITH_WORD, rule: "phone-grouped" } : undefined;
  return isMobile(s, length)
    ? { count, base: LIKELY_WITH_WORD, rule: "phone-mobile" }
    : { count, base: ANY, rule: "phone-digits" };
}

function isLoose(s: Scanner, count: number): boolean {
  for (let group = 1; group < count; group++) {
    const separator = s.separator[group];
    if (separator === SLASH || (separator === DOT && count < 4) || groupLength(s, group) < 2) return false;
  }
  return true;
}

/** Eleven digits from 13 to 19 as in China, or ten to eleven with a leading zero. */
function isMobile(s: Scanner, length: number): boolean {
  if (digit(s, 0) === 0) return length >= 10 && length <= 11;
  return length === 11 && digit(s, 0) === 1 && digit(s, 1) >= 3;
}

/** The most specific way in which the digit groups are a telephone number. */
export function readPhone(s: Scanner, plus: boolean, parenthesis: boolean): Reading | undefined {
  if (plus) return withPlus(s) ?? anything(s);
  return northAmerican(s) ?? tenDigits(s) ?? withZeros(s) ?? national(s, parenthesis) ?? spanish(s) ?? anything(s);
}
