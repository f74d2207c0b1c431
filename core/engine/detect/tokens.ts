import { charSet, isAlnum, isAsciiLetter, isDigit, isHex, isIn } from "./chars.ts";
import { cryptoAddress } from "./crypto-address.ts";
import { E, type PiiType } from "./entities.ts";
import { iban, startsLikeIban } from "./iban.ts";
import { ipv6 } from "./ip.ts";
import { mac } from "./mac.ts";
import { isCalendarDay } from "./dates.ts";
import { cnId } from "./national-numbers.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";

const COLON = 58;
const HYPHEN = 45;
const DOT = 46;
const hexSeparators = charSet(":-.");

/** Identity numbers of letters and digits. Every pattern is of fixed length, so matching at one position costs a constant. */
interface TokenShape {
  readonly entity: number;
  readonly pattern: RegExp;
  /** Score without context, or 0 when the check fails. */
  readonly score: (token: string) => number;
  readonly hard: boolean;
  readonly rule: string;
  /** Shortest and longest token that may begin one, and whether it begins with a digit: most tokens need no pattern at all. */
  readonly shortest: number;
  readonly longest: number;
  readonly digit: boolean;
}

const nifLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

function isUpper(token: string): boolean {
  return token === token.toUpperCase();
}

function compact(token: string): string {
  return token.replaceAll(/[ -]/g, "");
}

/** Agencia Tributaria: letter = number mod 23. */
function nif(token: string): number {
  const plain = compact(token);
  const letter = nifLetters.charAt(Number(plain.slice(0, -1)) % 23);
  if (letter !== plain.slice(-1).toUpperCase()) return 0;
  return isUpper(plain) && plain.length === 9 ? 0.55 : 0.4;
}

function nie(token: string): number {
  const plain = compact(token).toUpperCase();
  const number = "XYZ".indexOf(plain.charAt(0)) + plain.slice(1, -1);
  return nifLetters.charAt(Number(number) % 23) === plain.slice(-1) ? (isUpper(token) ? 0.8 : 0.5) : 0;
}

const fiLetters = "0123456789ABCDEFHJKLMNPRSTUVWXY";

/** DVV: check character = (birth date and individual number) mod 31. */
function finnish(token: string): number {
  const day = Number(token.slice(0, 2));
  const month = Number(token.slice(2, 4));
  if (!isCalendarDay(Number(token.slice(4, 6)), month, day)) return 0;
  const number = Number(token.slice(0, 6) + token.slice(7, 10));
  return fiLetters.charAt(number % 31) === token.slice(10).toUpperCase() ? 1 : 0;
}

const itOdd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Agenzia delle Entrate: odd positions by table, even ones by value, mod 26. */
function fiscalCode(token: string): number {
  const upper = token.toUpperCase();
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const code = upper.charCodeAt(i);
    const value = isDigit(code) ? code - 48 : code - 65;
    sum += i % 2 === 0 ? (itOdd[value] ?? 0) : value;
  }
  return String.fromCharCode(65 + (sum % 26)) === upper.charAt(15) ? 1 : 0.4;
}

const nricTables: Readonly<Record<string, string>> = {
  S: "JZIHGFEDCBA",
  T: "GFEDCBAJZIH",
  F: "XWUTRQPNMLK",
  G: "RQPNMLKXWUT",
  M: "KLJNPQRTUWX",
};
const nricShift: Readonly<Record<string, number>> = { S: 0, T: 0, F: 0, G: 0, M: 3 };
const nricWeights = [2, 7, 6, 5, 4, 3, 2];

/** ICA's check letters: S and T share a table shifted by four, so do F and G; M adds three. */
function nric(token: string): number {
  const upper = token.toUpperCase();
  const series = upper.charAt(0);
  let sum = nricShift[series] ?? 0;
  for (let i = 0; i < 7; i++) sum += Number(upper.charAt(i + 1)) * (nricWeights[i] ?? 0);
  return (nricTables[series] ?? "").charAt(sum % 11) === upper.charAt(8) && isUpper(token) ? 0.6 : 0.3;
}

function nino(token: string): number {
  const plain = compact(token).toUpperCase();
  if (/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(plain)) return 0;
  return isUpper(token) ? 0.6 : 0.5;
}

function chinese(token: string): number {
  const digits = Array.from(token.slice(0, 17), Number);
  return cnId(digits, 10) ? 1 : 0;
}

interface ShapeOptions {
  readonly length: readonly [number, number];
  readonly hard?: boolean;
}

function shape(type: PiiType, source: string, options: ShapeOptions, score: TokenShape["score"]): TokenShape {
  const { length, hard = false } = options;
  const pattern = new RegExp(source, "iy");
  return {
    entity: E[type],
    pattern,
    score,
    hard,
    rule: type.toLowerCase(),
    shortest: length[0],
    longest: length[1],
    digit: source.startsWith("\\d"),
  };
}

const fixed =
  (score: number): TokenShape["score"] =>
  () =>
    score;
const upperOnly =
  (score: number): TokenShape["score"] =>
  (token) =>
    isUpper(token) ? score : 0.2;

const ninoShape = shape(
  "UK_NINO",
  "[abceghj-prstw-z][abceghj-nprstw-z] ?\\d\\d ?\\d\\d ?\\d\\d ?[a-d]",
  { length: [2, 9] },
  nino,
);
const shapes: readonly TokenShape[] = [
  shape("ES_NIF", "\\d{7,8}-?[a-hj-np-tv-z]", { length: [7, 9], hard: true }, nif),
  shape("ES_NIE", "[xyz]\\d{7}-?[a-hj-np-tv-z]", { length: [8, 9], hard: true }, nie),
  shape(
    "FI_PERSONAL_IDENTITY_CODE",
    "\\d{6}[+a-fu-y-]\\d{3}[\\da-fhj-npr-y]",
    { length: [6, 11], hard: true },
    finnish,
  ),
  shape(
    "IT_FISCAL_CODE",
    "[a-z]{6}\\d\\d[a-ehlmpr-t]\\d\\d[a-z]\\d{3}[a-z]",
    { length: [16, 16], hard: true },
    fiscalCode,
  ),
  shape("IN_PAN", "[a-z]{3}[abcfghjlpt][a-z]\\d{4}[a-z]", { length: [10, 10] }, upperOnly(0.6)),
  shape("SG_NRIC_FIN", "[stfgm]\\d{7}[a-z]", { length: [9, 9] }, nric),
  shape("CN_ID", "\\d{17}x", { length: [18, 18], hard: true }, chinese),
  shape("UK_POSTCODE", "[a-z]{1,2}\\d[a-z\\d]? \\d[a-z]{2}", { length: [2, 4] }, upperOnly(0.3)),
  shape("US_PASSPORT", "[a-z]\\d{8}", { length: [9, 9] }, fixed(0.2)),
  shape("US_DRIVER_LICENSE", "[a-z]\\d{4,14}", { length: [5, 15] }, fixed(0.2)),
];

const LONGEST = 18;

function offer(s: Scanner, candidate: TokenShape, start: number): void {
  const { pattern } = candidate;
  pattern.lastIndex = start;
  const end = pattern.test(s.text) ? pattern.lastIndex : -1;
  if (end < 0 || isAlnum(s.text.charCodeAt(end)) || s.text.charCodeAt(end) === 95) return;
  const base = candidate.score(s.text.slice(start, end));
  if (base === 0) return;
  const context = s.around(start, end);
  if (context.supports(candidate.entity))
    s.propose(candidate.entity, end, candidate.hard && base > 0.4 ? 1 : base + CONTEXT_BONUS, candidate.rule);
  else s.propose(candidate.entity, end, context.nearest === 0 ? base : Math.min(base, 0.4), candidate.rule);
}

/** Two letters and a space before digits: AA 12 34 56 B. */
function spacedStart(text: string, start: number): number {
  if (text.charCodeAt(start - 1) !== 32) return start;
  const from = start - 3;
  return from >= 0 &&
    isAsciiLetter(text.charCodeAt(from)) &&
    isAsciiLetter(text.charCodeAt(from + 1)) &&
    !isAlnum(text.charCodeAt(from - 1))
    ? from
    : start;
}

function joined(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1);
  return (before === HYPHEN || before === DOT || before === 47) && isAlnum(text.charCodeAt(start - 2));
}

function offerShapes(s: Scanner, start: number, length: number): void {
  const digit = isDigit(s.text.charCodeAt(start));
  for (const candidate of shapes) {
    if (
      digit !== candidate.digit ||
      length < candidate.shortest ||
      length > candidate.longest ||
      !s.wants(candidate.entity)
    )
      continue;
    offer(s, candidate, start);
  }
}

/** Identity numbers at `start` that contain letters; where the best one ends, or −1. */
export function letterNumbers(s: Scanner, start: number, end: number): number {
  const length = end - start;
  if (length > LONGEST || joined(s.text, start)) return -1;
  const nino = isDigit(s.text.charCodeAt(start)) ? spacedStart(s.text, start) : start;
  if (!isDigit(s.text.charCodeAt(nino)) && length <= ninoShape.longest) {
    s.proposalStart = nino;
    offer(s, ninoShape, nino);
  }
  s.proposalStart = start;
  offerShapes(s, start, length);
  return s.settle();
}

/** Hex groups joined by colons, hyphens or dots from `start`; `end` is where the first group ends. */
export function hexJoined(s: Scanner, start: number, end: number): number {
  const next = s.text.charCodeAt(end);
  const length = end - start;
  if (!isIn(next, hexSeparators) || length > 4 || !allHex(s.text, start, end)) return -1;
  if (next !== COLON) return length === (next === HYPHEN ? 2 : 4) ? mac(s, start) : -1;
  const found = length === 2 ? mac(s, start) : -1;
  return found >= 0 ? found : ipv6(s, start);
}

function allHex(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isHex(text.charCodeAt(i))) return false;
  return true;
}

/** A token of letters and digits. Always moves on: returns where the next token may begin. */
export function token(s: Scanner, start: number, end: number): number {
  const joinedEnd = hexJoined(s, start, end);
  if (joinedEnd >= 0) return joinedEnd;
  if (startsLikeIban(s.text, start)) {
    const found = iban(s, start);
    if (found >= 0) return found;
  }
  const found = letterNumbers(s, start, end);
  if (found >= 0) return found;
  if (end - start >= 14) cryptoAddress(s, start, end);
  return end;
}
