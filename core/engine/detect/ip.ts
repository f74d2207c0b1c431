import { hexValue, isAlnum, isDigit, isHex, isWord } from "./chars.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";
import { NEGATIVE, SERVICE } from "./context-words.ts";

const DOT = 46;
const COLON = 58;
const SLASH = 47;
const MAX_IPV6 = 45;

/** Reads a dotted quad at `start` without leading zeros; where it ends, or −1. `octets` receives its value. */
function readQuad(text: string, start: number, octets: Uint8Array): number {
  let i = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(i++) !== DOT) return -1;
    const from = i;
    let value = 0;
    while (isDigit(text.charCodeAt(i)) && i - from < 4) value = value * 10 + text.charCodeAt(i++) - 48;
    if (i === from || value > 255 || i - from > 3 || (i - from > 1 && text.charCodeAt(from) === 48)) return -1;
    octets[part] = value;
  }
  return i;
}

function isLoopback(o: Uint8Array): boolean {
  return o[0] === 127 || (o[0] === 0 && o[1] === 0 && o[2] === 0 && o[3] === 0);
}

/** IANA special-purpose registry: private, shared, link-local, documentation, multicast, reserved. */
function isPublic(o: Uint8Array): boolean {
  const [a = 0, b = 0, c = 0] = o;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if ((a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32)) return false;
  if (a === 192) return b !== 168 && !(b === 0 && (c === 0 || c === 2));
  return !(a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) && !(a === 203 && b === 0 && c === 113);
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

/** A dotted quad whose first digit is at `start`; where it ends, or −1. */
export function ipv4(s: Scanner, start: number): number {
  const { text, octets } = s;
  const end = readQuad(text, start, octets);
  if (end < 0 || isWord(text.charCodeAt(end)) || (text.charCodeAt(end) === DOT && isDigit(text.charCodeAt(end + 1))))
    return -1;
  const before = text.charCodeAt(start - 1);
  if (before === DOT || before === 45 || isVersion(text, start)) return -1;
  if (s.settings.publicAddressesOnly && !isPublic(octets)) return end;
  const context = s.around(start, end);
  const named = context.supports(E.IP_ADDRESS);
  if (!named && (context.nearest & NEGATIVE) !== 0) return end;
  const service = isService(text, start, end) || (context.flags & SERVICE) !== 0;
  const base = isLoopback(octets) && service ? 0.1 : 0.6;
  s.add(E.IP_ADDRESS, { start, end, score: named ? base + CONTEXT_BONUS : base, rule: "ipv4" });
  return end;
}

interface V6 {
  end: number;
  groups: number;
  compressed: boolean;
  quad: boolean;
  digits: boolean;
  ones: boolean;
}

/** Parses as RFC 4291 §2.2 writes addresses; undefined when the text at `start` is none. */
function readV6(s: Scanner, start: number): V6 | undefined {
  const { text } = s;
  const v: V6 = { end: start, groups: 0, compressed: false, quad: false, digits: false, ones: true };
  let i = start;
  if (text.charCodeAt(i) === COLON) {
    if (text.charCodeAt(i + 1) !== COLON) return undefined;
    v.compressed = true;
    i += 2;
  }
  while (i - start < MAX_IPV6 && v.groups < 8) {
    const next = readHextet(s, i, v);
    if (next < 0) return undefined;
    if (next === i) break;
    i = next;
    v.end = i;
    if (v.quad || text.charCodeAt(i) !== COLON) break;
    if (text.charCodeAt(i + 1) === COLON) {
      if (v.compressed) return undefined;
      v.compressed = true;
      i += 2;
      v.end = i;
    } else if (isHex(text.charCodeAt(i + 1))) i++;
    else break;
  }
  if (v.groups === 0) v.end = i;
  return (v.compressed ? v.groups < 8 : v.groups === 8) ? v : undefined;
}

/** One group of up to four hex digits, or the dotted quad at the end; −1 when it is neither. */
function readHextet(s: Scanner, i: number, v: V6): number {
  const { text } = s;
  let end = i;
  while (end - i < 5 && isHex(text.charCodeAt(end))) {
    if (isDigit(text.charCodeAt(end))) v.digits = true;
    if (hexValue(text.charCodeAt(end)) > 1) v.ones = false;
    end++;
  }
  if (end - i > 4) return -1;
  if (end > i && text.charCodeAt(end) === DOT && isDigit(text.charCodeAt(end + 1))) {
    const quadEnd = readQuad(text, i, s.octets);
    if (quadEnd < 0) return -1;
    v.groups += 2;
    v.quad = true;
    return quadEnd;
  }
  if (end > i) v.groups++;
  return end;
}

function boundedV6(text: string, start: number, end: number): boolean {
  const after = text.charCodeAt(end);
  if (isWord(after) || after === COLON) return after === COLON && false;
  const before = text.charCodeAt(start - 1);
  return !isWord(before) && before !== COLON && before !== DOT;
}

/** An IPv6 address at `start`; where it ends, or −1. */
export function ipv6(s: Scanner, start: number): number {
  const { text } = s;
  const v = readV6(s, start);
  if (v === undefined || !boundedV6(text, start, v.end)) return -1;
  const { end } = v;
  const prefix = text.charCodeAt(end) === SLASH && isDigit(text.charCodeAt(end + 1));
  // `::` and `::1` are also operators and slices in code; they need a word or a prefix length.
  const bare = v.compressed && v.groups === 0;
  const named = s.around(start, end).supports(E.IP_ADDRESS) || prefix;
  if (bare && (!named || isBracketed(text, start))) return -1;
  if (!v.digits && v.groups < 3 && !bare) return -1;
  if (v.groups < 4 && isBracketed(text, start)) return -1;
  const reserved = v.ones && v.groups <= 1;
  if (s.settings.publicAddressesOnly && !isPublicV6(text, start, v, s.octets)) return end;
  const score = reserved && text.charCodeAt(end) === 93 && text.charCodeAt(end + 1) === COLON ? 0.1 : 0.6;
  s.add(E.IP_ADDRESS, { start, end, score: named ? score + CONTEXT_BONUS : score, rule: "ipv6" });
  return end;
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
