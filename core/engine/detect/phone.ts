import { charSet, isIn, isWord } from "./chars.ts";
import type { Context } from "./context.ts";
import { PHONE_HINT } from "./context-words.ts";
import { joinedBefore } from "./digit-groups.ts";
import { E } from "./entities.ts";
import { ANY, extensionEnd, INTERNATIONAL, readPhone, type Reading } from "./phone-readings.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";

const OPEN = 40;
const CLOSE = 41;
const PLUS = 43;
const AT = 64;

const contactGap = charSet(" ,;|/\"'\t");
const localPart = charSet(".+-");

/** `415…, jane@example.com`: a number beside an e-mail address is a contact. */
function beforeEmail(text: string, end: number): boolean {
  let from = end;
  while (from - end < 4 && isIn(text.charCodeAt(from), contactGap)) from++;
  if (from === end) return false;
  let i = from;
  while (i - from < 40 && (isWord(text.charCodeAt(i)) || isIn(text.charCodeAt(i), localPart))) i++;
  return i > from && text.charCodeAt(i) === AT;
}

interface Number {
  readonly begin: number;
  readonly end: number;
  readonly reading: Reading;
}

function scoreOf(s: Scanner, number: Number, context: Context): number {
  const { base } = number.reading;
  const named = context.supports(E.PHONE_NUMBER);
  if (base >= INTERNATIONAL) return named ? base + CONTEXT_BONUS / 2 : base;
  if (context.nearest !== 0) return base - 0.2;
  if (named) return base + CONTEXT_BONUS;
  return base > ANY && isHinted(s, number, context) ? base + CONTEXT_BONUS - 0.1 : base;
}

function isHinted(s: Scanner, { begin, end }: Number, context: Context): boolean {
  return (context.flags & PHONE_HINT) !== 0 || s.afterPersonal(begin) || beforeEmail(s.text, end);
}

function offer(s: Scanner, number: Number): void {
  const { begin, end, reading } = number;
  const all = s.groups === reading.count;
  const context = s.around(s.groupStart[0] ?? 0, all ? end : (s.groupEnd[s.groups - 1] ?? end));
  s.proposalStart = begin;
  s.propose(E.PHONE_NUMBER, end, scoreOf(s, number, context), reading.rule);
}

/** Offers the digit groups as a telephone number; a `+` or `(` before them belongs to it. */
export function phone(s: Scanner): void {
  const first = s.groupStart[0] ?? 0;
  const lead = s.text.charCodeAt(first - 1);
  const plus = lead === PLUS;
  const parenthesis = lead === OPEN && s.separator[1] === CLOSE;
  const begin = plus || parenthesis ? first - 1 : first;
  if (isPart(s.text, begin, plus)) return;
  const reading = readPhone(s, plus, parenthesis);
  if (reading === undefined) return;
  offer(s, { begin, end: extensionEnd(s, reading.count) || (s.groupEnd[reading.count - 1] ?? first), reading });
}

function isPart(text: string, begin: number, plus: boolean): boolean {
  return joinedBefore(text, begin) || (plus && isWord(text.charCodeAt(begin - 1)));
}
