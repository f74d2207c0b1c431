import { charSet, hexValue, isAlnum, isDigit, isHex, isIn, isWord } from "./chars.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";
import { NEGATIVE, SERVICE } from "./context-words.ts";

const DOT = 46;
const COLON = 58;
const SLASH = 47;
const MAX_IPV6 = 45;
/** `*` is what a mask leaves. */
const notAfterV6 = charSet(":*");
const notBeforeV6 = charSet(":.*");
const notBeforeV4 = charSet(".-*");

/** Reads a dotted quad at `start` without leading zeros; where it ends, or −1. `octets` receives its value. */
function readQuad(text: string, start: number, octets: Uint8Array): number {
  let i = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(i++) !== DOT) return -1;
    const end = octetEnd(text, i);
    if (end < 0) return -1;
    octets[part] = octetValue(text, i, end);
    i = end;
  }
  return i;
}

function octetValue(text: string, from: number, end: number): number {
  let value = 0;
  for (let i = from; i < end; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

/** One to three digits up to 255, without a leading zero. */
function octetEnd(text: string, from: number): number {
  let end = from;
  while (end - from < 4 && isDigit(text.charCodeAt(end))) end++;
  const length = end - from;
  if (length === 0 || length > 3 || (length > 1 && text.charCodeAt(from) === 48)) return -1;
  return octetValue(text, from, end) > 255 ? -1 : end;
}

function isLoopback(o: Uint8Array): boolean {
  return o[0] === 127 || (o[0] === 0 && o[1] === 0 && o[2] === 0 && o[3] === 0);
}

/** IANA special-purpose registry: private, shared, link-local, documentation, benchmarking; network and its prefix length. */
const special: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

function toNumber(octets: ArrayLike<number>): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + (octets[i] ?? 0);
  return value;
}

const ranges = special.map(([network, bits]) => {
  const from = toNumber(network.split(".").map(Number));
  return { from, to: from + 2 ** (32 - bits) };
});

function isPublic(octets: Uint8Array): boolean {
  const value = toNumber(octets);
  return ranges.every(({ from, to }) => value < from || value >= to);
}

/** `Chrome/120.0.0.0`, `==1.2.3.4`, `v1.2.3.4`: a version, not an address. */
function isVersion(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1);
  if (before === SLASH) return isAlnum(text.charCodeAt(start - 2));
  if (before === 61) return "=~<>!^".includes(text.charAt(start - 2)) && start > 1;
  return before === 94 || before === 126;
}

/** A service's own listening address, `http://127.0.0.1:8080` or `0.0.0.0:80`, says nothing about a person. */
function isService(text: string, start: number, end: number): boolean {
  return (
    (text.charCodeAt(end) === COLON && isDigit(text.charCodeAt(end + 1))) || text.slice(start - 3, start) === "://"
  );
}

/** Not a part of a longer number, name or version. */
function standsAlone(text: string, start: number, end: number): boolean {
  const after = text.charCodeAt(end);
  const before = text.charCodeAt(start - 1);
  if (isWord(after) || (after === DOT && isDigit(text.charCodeAt(end + 1)))) return false;
  return !isIn(before, notBeforeV4) && !isVersion(text, start);
}

/** A dotted quad whose first digit is at `start`; where it ends, or −1. */
export function ipv4(s: Scanner, start: number): number {
  const { text, octets } = s;
  const end = readQuad(text, start, octets);
  if (end < 0 || !standsAlone(text, start, end)) return -1;
  if (s.settings.publicAddressesOnly && !isPublic(octets)) return end;
  const context = s.around(start, end);
  if (context.supports(E.IP_ADDRESS) || (context.nearest & NEGATIVE) === 0) {
    const service = isLoopback(octets) && (isService(text, start, end) || (context.flags & SERVICE) !== 0);
    report(s, { start, end, rule: "ipv4" }, service);
  }
  return end;
}

function report(s: Scanner, at: { start: number; end: number; rule: string }, service: boolean): void {
  const named = s.around(at.start, at.end).supports(E.IP_ADDRESS);
  s.add(E.IP_ADDRESS, { ...at, score: (service ? 0.1 : 0.6) + (named && !service ? CONTEXT_BONUS : 0) });
}

interface V6 {
  end: number;
  groups: number;
  compressed: boolean;
  quad: boolean;
  digits: boolean;
  /** Only 0 and 1: loopback or unspecified, if there is one group at most. */
  ones: boolean;
}

function isDoubleColon(text: string, i: number): boolean {
  return text.charCodeAt(i) === COLON && text.charCodeAt(i + 1) === COLON;
}

/** Parses as RFC 4291 §2.2 writes addresses; undefined when the text at `start` is none. */
function readV6(s: Scanner, start: number): V6 | undefined {
  const { text } = s;
  const v: V6 = { end: start, groups: 0, compressed: false, quad: false, digits: false, ones: true };
  let i = start;
  if (isDoubleColon(text, i)) {
    v.compressed = true;
    i += 2;
    v.end = i;
  }
  while (i >= 0 && i - start < MAX_IPV6 && v.groups < 8) {
    const next = readHextet(s, i, v);
    if (next < 0) return undefined;
    if (next === i) break;
    v.end = next;
    i = afterSeparator(text, next, v);
    if (i === REPEATED) return undefined;
  }
  return (v.compressed ? v.groups < 8 : v.groups === 8) ? v : undefined;
}

const NO_MORE = -1;
const REPEATED = -2;

/** Where the next group may begin after the one that ends at `i`; a second `::` is REPEATED. */
function afterSeparator(text: string, i: number, v: V6): number {
  if (v.quad || text.charCodeAt(i) !== COLON) return NO_MORE;
  if (!isDoubleColon(text, i)) return isHex(text.charCodeAt(i + 1)) ? i + 1 : NO_MORE;
  if (v.compressed) return REPEATED;
  v.compressed = true;
  v.end = i + 2;
  return i + 2;
}

function hextetEnd(text: string, from: number, v: V6): number {
  let end = from;
  for (
    let value = hexValue(text.charCodeAt(end));
    value >= 0 && end - from < 5;
    value = hexValue(text.charCodeAt(++end))
  ) {
    if (isDigit(text.charCodeAt(end))) v.digits = true;
    if (value > 1) v.ones = false;
  }
  return end;
}

/** One group of up to four hex digits, or the dotted quad at the end; −1 when it is neither. */
function readHextet(s: Scanner, i: number, v: V6): number {
  const { text } = s;
  const end = hextetEnd(text, i, v);
  if (end === i) return i;
  if (end - i > 4) return -1;
  if (text.charCodeAt(end) === DOT && isDigit(text.charCodeAt(end + 1))) {
    v.groups += 2;
    v.quad = true;
    return readQuad(text, i, s.octets);
  }
  v.groups++;
  return end;
}

function boundedV6(text: string, start: number, end: number): boolean {
  const after = text.charCodeAt(end);
  const before = text.charCodeAt(start - 1);
  return !isWord(after) && !isWord(before) && !isIn(after, notAfterV6) && !isIn(before, notBeforeV6);
}

/** `::`, `a::b` and `x[1::3]` are also operators, names and slices in code. */
function isCode(text: string, start: number, v: V6): boolean {
  if (v.groups < 4 && isBracketed(text, start)) return true;
  return v.groups > 0 && v.groups < 3 && !v.digits;
}

/** An IPv6 address at `start`; where it ends, or −1. */
export function ipv6(s: Scanner, start: number): number {
  const { text } = s;
  const v = readV6(s, start);
  if (v === undefined || !boundedV6(text, start, v.end) || isCode(text, start, v)) return -1;
  if (v.groups === 0 && !isNamed(s, start, v.end)) return -1;
  if (s.settings.publicAddressesOnly && !isPublicV6(text, start, v, s.octets)) return v.end;
  report(s, { start, end: v.end, rule: "ipv6" }, v.ones && v.groups <= 1 && text.startsWith("]:", v.end));
  return v.end;
}

/** A bare `::` needs a word or a prefix length. */
function isNamed(s: Scanner, start: number, end: number): boolean {
  const prefix = s.text.charCodeAt(end) === SLASH && isDigit(s.text.charCodeAt(end + 1));
  return prefix || s.around(start, end).supports(E.IP_ADDRESS);
}

/** `x[::2]` in code. */
function isBracketed(text: string, start: number): boolean {
  return text.charCodeAt(start - 1) === 91 && isAlnum(text.charCodeAt(start - 2));
}

/** Global unicast is 2000::/3 without the documentation prefix 2001:db8::/32. */
function isPublicV6(text: string, start: number, v: V6, octets: Uint8Array): boolean {
  if (v.quad && text.charCodeAt(start) === COLON) return isPublic(octets);
  const head = text.slice(start, start + 9).toLowerCase();
  return (head.startsWith("2") || head.startsWith("3")) && head.charCodeAt(4) === COLON && head !== "2001:db8:";
}
