import {
  AT,
  asciiClass,
  BACKSLASH,
  BREAK,
  charClass,
  COLON,
  DIGIT,
  charSet,
  isDigit,
  isIn,
  isWord,
  LETTER,
} from "./chars.ts";
import { date } from "./dates.ts";
import { readGroups } from "./digit-groups.ts";
import { email } from "./email.ts";
import { ipv4, ipv6 } from "./ip.ts";
import { namedValue } from "./named-values.ts";
import { numbers } from "./numbers.ts";
import { phone } from "./phone.ts";
import type { Scanner } from "./scanner.ts";
import { hexJoined, letterNumbers, token } from "./tokens.ts";
import { url } from "./url.ts";

const DOT = 46;
const SLASH = 47;
const COLON_CODE = 58;
/** Fewer digits are no identity number and no telephone number. */
const SHORTEST_NUMBER = 6;
const escapes = charSet("nrtbf\\");

function tokenEnd(text: string, from: number): number {
  let end = from;
  while (isWord(text.charCodeAt(end))) end++;
  return end;
}

/** Digits that begin a token: addresses, dates, numbers. Returns where to go on. */
function number(s: Scanner, start: number): number {
  const { text } = s;
  readGroups(s, start);
  const firstEnd = s.groupEnd[0] ?? start;
  const next = text.charCodeAt(firstEnd);
  if (isWord(next)) {
    const end = tokenEnd(text, firstEnd);
    return afterExtension(s, start) ?? token(s, start, end);
  }
  const joined = hexJoined(s, start, firstEnd);
  if (joined >= 0) return joined;
  const addressed = next === DOT ? ipv4(s, start) : -1;
  if (addressed >= 0) return addressed;
  // Most numbers in tool arguments are alone and short.
  if (s.groups === 1 && firstEnd - start < SHORTEST_NUMBER) return lettered(s, start, firstEnd);
  const dated = date(s);
  return dated >= 0 ? dated : measured(s, start, firstEnd);
}

/** A number directly followed by a letter is a token, unless the letter starts an extension: 2025550123x44. */
function afterExtension(s: Scanner, start: number): number | undefined {
  const end = s.groupEnd[0] ?? start;
  if (end - start < 7 || (s.text.charCodeAt(end) | 32) !== 120 || !isDigit(s.text.charCodeAt(end + 1)))
    return undefined;
  phone(s);
  const found = s.settle();
  return found < 0 ? undefined : found;
}

/** `55555555-K`, `131052-308T`, `AA 12 34 56 B`: numbers that end in a letter after a separator. */
function mayGoOnWithLetters(text: string, start: number, end: number): boolean {
  const length = end - start;
  const next = text.charCodeAt(end);
  if (next === 45 || next === 43) return length >= 6 && length <= 8;
  return next === 32 && length <= 2 && text.charCodeAt(start - 1) === 32;
}

function measured(s: Scanner, start: number, firstEnd: number): number {
  const withLetter = lettered(s, start, firstEnd);
  if (withLetter > firstEnd) return withLetter;
  s.proposalStart = start;
  numbers(s);
  if ((s.groupDigits[s.groups] ?? 0) >= SHORTEST_NUMBER) phone(s);
  const found = s.settle();
  return found >= 0 ? found : firstEnd;
}

function lettered(s: Scanner, start: number, firstEnd: number): number {
  const found = mayGoOnWithLetters(s.text, start, firstEnd) ? letterNumbers(s, start, firstEnd) : -1;
  return found >= 0 ? found : firstEnd;
}

/** `:` — a web address, or hex groups whose first has no digit (dead:beef::1, aa:bb:…), or `::1`. Where to go on. */
function colon(s: Scanner, at: number, tokenStart: number): number {
  const { text } = s;
  const next = text.charCodeAt(at + 1);
  if (next === SLASH) {
    if (text.charCodeAt(at + 2) === SLASH) url(s, at);
    return at + 1;
  }
  if (tokenStart < at) return Math.max(hexJoined(s, tokenStart, at), skipColons(text, at));
  return next === COLON_CODE ? Math.max(ipv6(s, at), skipColons(text, at)) : at + 1;
}

function skipColons(text: string, i: number): number {
  let at = i;
  while (text.charCodeAt(at) === COLON_CODE) at++;
  return at;
}

/** One pass over `s.text`. Every step moves on by what it looked at or is bounded by a constant, so the whole is linear. */
export function scanText(s: Scanner): void {
  const { text } = s;
  const n = text.length;
  let tokenStart = 0;
  let i = 0;
  while (i < n) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? asciiClass[code] : charClass(code);
    if (kind === LETTER) {
      i++;
      continue;
    }
    if (kind === BREAK) tokenStart = ++i;
    else {
      i = trigger(s, i, kind ?? BREAK, tokenStart);
      tokenStart = i;
      if (s.done || s.truncated) return;
    }
  }
  namedValue(s);
}

/** Where to go on after looking at `i`, which is neither a letter nor a plain break. */
function trigger(s: Scanner, i: number, kind: number, tokenStart: number): number {
  if (kind === DIGIT) return tokenStart === i ? number(s, i) : token(s, tokenStart, tokenEnd(s.text, i));
  if (kind === BACKSLASH) return afterBackslash(s.text, i);
  let end = -1;
  if (kind === AT) end = email(s, i);
  else if (kind === COLON) end = colon(s, i, tokenStart);
  else if (tokenStart < i) end = hexJoined(s, tokenStart, i);
  return end > i ? end : i + 1;
}

/** In JSON and program source a letter after a backslash is an escape, not the start of a word. */
function afterBackslash(text: string, i: number): number {
  return i + (isIn(text.charCodeAt(i + 1), escapes) ? 2 : 1);
}
