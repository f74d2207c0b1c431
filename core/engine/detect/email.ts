import { isAlnum, isAsciiLetter, isDigit } from "./chars.ts";
import { E } from "./entities.ts";
import type { Scanner } from "./scanner.ts";
import { isEmailDomainEnd } from "./top-level-domains.ts";

/** RFC 5321: 64 octets before the @, 255 after. */
const MAX_LOCAL = 64;
const MAX_DOMAIN = 255;
const DOT = 46;
const HYPHEN = 45;
const COLON = 58;
const BACKSLASH = 92;

function isLocal(code: number): boolean {
  return (
    isAlnum(code) ||
    code === DOT ||
    code === HYPHEN ||
    code === 95 ||
    code === 43 ||
    code === 37 ||
    (code >= 0xc0 && code !== 0xd7 && code < 0xd800)
  );
}

function isLabel(code: number): boolean {
  return isAlnum(code) || code === HYPHEN || (code >= 0xc0 && code < 0xd800);
}

/** Where the part before the @ begins; an escape such as \n in JSON source is not part of it. */
function localStart(text: string, at: number, floor: number): number {
  let start = at;
  const stop = Math.max(floor, at - MAX_LOCAL);
  while (start > stop && isLocal(text.charCodeAt(start - 1))) start--;
  start = apostrophe(text, start, stop);
  if (start > 0 && text.charCodeAt(start - 1) === BACKSLASH && "nrtbf".includes(text.charAt(start))) start++;
  while (start < at && ".-+%".includes(text.charAt(start))) start++;
  return start;
}

/** o'neil@…: an apostrophe after a single letter that begins a word. */
function apostrophe(text: string, start: number, stop: number): number {
  if (start - 2 < stop || text.charCodeAt(start - 1) !== 39 || !isAsciiLetter(text.charCodeAt(start - 2))) return start;
  return !isLocal(text.charCodeAt(start - 3)) && "oOdD".includes(text.charAt(start - 2)) ? start - 2 : start;
}

/** Where the domain ends, or −1 when there is none: labels of letters, digits and inner hyphens. */
function domainEnd(text: string, from: number): number {
  let i = from;
  let label = from;
  let lastDot = -1;
  while (i - from < MAX_DOMAIN) {
    const code = text.charCodeAt(i);
    if (isLabel(code)) {
      i++;
      continue;
    }
    if (code !== DOT || i === label || !isLabel(text.charCodeAt(i + 1)) || text.charCodeAt(i + 1) === HYPHEN) break;
    lastDot = i;
    label = ++i;
  }
  while (i > label && text.charCodeAt(i - 1) === HYPHEN) i--;
  return lastDot < 0 || lastDot === i - 1 ? -1 : i;
}

/** `git@host:path`, `//user@host`, `user:password@host`: an address of a machine, not of a person. */
function isMachine(text: string, start: number, end: number): boolean {
  const after = text.charCodeAt(end);
  const next = text.charCodeAt(end + 1);
  if (after === COLON && (next === 47 || next === 126 || isAlnum(next))) return true;
  if (after === 40) return true;
  const before = text.charCodeAt(start - 1);
  return (before === 47 || before === COLON) && hasScheme(text, start);
}

function hasScheme(text: string, start: number): boolean {
  for (let i = start - 1; i > 1 && start - i < 80; i--) {
    const code = text.charCodeAt(i);
    if (code === 47 && text.charCodeAt(i - 1) === 47) return text.charCodeAt(i - 2) === COLON;
    if (code <= 32 || code === 34 || code === 39) return false;
  }
  return false;
}

const roles: ReadonlySet<string> = new Set(["git", "hg", "svn"]);
const exampleDomain = /(?:^|\.)(?:example\.(?:com|org|net|edu)|[^.]+\.(?:example|test|invalid))$/i;

/** An address around the @ at `at` (or `%40`, then `after` is its end); where it ends, or −1. */
export function email(s: Scanner, at: number, after: number): number {
  const { text } = s;
  const start = localStart(text, at, 0);
  if (
    start === at ||
    !(isAlnum(text.charCodeAt(at - 1)) || text.charCodeAt(at - 1) > 127 || text.charCodeAt(at - 1) === 95)
  )
    return -1;
  const end = domainEnd(text, after);
  if (end < 0 || !isEmailDomainEnd(text.slice(text.lastIndexOf(".", end - 1) + 1, end))) return -1;
  const local = text.slice(start, at);
  if (isMachine(text, start, end) || roles.has(local) || local.includes("..") || !hasLetterOrDigit(local)) return -1;
  if (s.settings.allowTestValues && exampleDomain.test(text.slice(after, end))) return end;
  s.add(E.EMAIL_ADDRESS, { start, end, score: 1, rule: after - at > 1 ? "email-encoded" : "email" });
  return end;
}

function hasLetterOrDigit(local: string): boolean {
  for (let i = 0; i < local.length; i++) {
    const code = local.charCodeAt(i);
    if (isAsciiLetter(code) || isDigit(code) || code > 127) return true;
  }
  return false;
}
