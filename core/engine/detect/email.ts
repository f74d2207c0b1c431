import { charSet, isAlnum, isAsciiLetter, isDigit, isIn } from "./chars.ts";
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
const SLASH = 47;
const OPEN = 40;
const CLOSE = 41;
const TILDE = 126;
const MAX_LABEL = 63;
const localSigns = charSet(".-_+%");
const mayEndLocal = charSet("_+-");

function isLocal(code: number): boolean {
  return isAlnum(code) || isIn(code, localSigns) || isWide(code);
}

/** Letters beyond ASCII, for internationalized addresses. */
function isWide(code: number): boolean {
  return code >= 0xc0 && code !== 0xd7 && code < 0xd800;
}

function isLabel(code: number): boolean {
  return isAlnum(code) || code === HYPHEN || isWide(code);
}

/** Where the part before the @ begins; an escape such as \n in JSON source is not part of it. */
function localStart(text: string, at: number): number {
  let start = at;
  const stop = Math.max(0, at - MAX_LOCAL);
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
  let end = labelEnd(text, from);
  let dots = 0;
  while (end > from && end - from < MAX_DOMAIN && text.charCodeAt(end) === DOT) {
    const next = labelEnd(text, end + 1);
    if (next === end + 1) break;
    end = next;
    dots++;
  }
  while (end > from && text.charCodeAt(end - 1) === HYPHEN) end--;
  return dots === 0 ? -1 : end;
}

function labelEnd(text: string, from: number): number {
  let end = from;
  if (text.charCodeAt(from) === HYPHEN) return from;
  while (end - from < MAX_LABEL && isLabel(text.charCodeAt(end))) end++;
  return end;
}

/** `git@host:path`, `//user@host`, `user:password@host`, `f@x.y()`: an address of a machine, or code, not of a person. */
function isMachine(text: string, start: number, end: number): boolean {
  const after = text.charCodeAt(end);
  if ((after === OPEN && text.charCodeAt(end + 1) === CLOSE) || (after === COLON && isPathOrPort(text, end + 1)))
    return true;
  const before = text.charCodeAt(start - 1);
  return (before === SLASH || before === COLON) && isUserInfo(text, start);
}

/** What follows `host:` is a path or a port; a password in a list of accounts is neither. */
function isPathOrPort(text: string, from: number): boolean {
  let end = from;
  let digits = true;
  for (; end - from < MAX_LOCAL && text.charCodeAt(end) > 32; end++) {
    const code = text.charCodeAt(end);
    if (code === SLASH || code === TILDE) return true;
    if (!isDigit(code)) digits = false;
  }
  return digits && end > from;
}

/** Between `://` and the @ stands no slash. */
function isUserInfo(text: string, start: number): boolean {
  for (let i = start - 1; i > 1 && start - i < 80; i--) {
    const code = text.charCodeAt(i);
    if (code === SLASH) return text.charCodeAt(i - 1) === SLASH && text.charCodeAt(i - 2) === COLON;
    if (code <= 32 || code === 34 || code === 39) return false;
  }
  return false;
}

const roles: ReadonlySet<string> = new Set(["git", "hg", "svn"]);
const exampleDomain = /(?:^|\.)(?:example\.(?:com|org|net|edu)|[^.]+\.(?:example|test|invalid))$/i;

/** Letters or digits somewhere, at the end too, and no two dots in a row. */
function isLocalPart(local: string): boolean {
  const last = local.charCodeAt(local.length - 1);
  if (!isAlnum(last) && last <= 127 && !isIn(last, mayEndLocal)) return false;
  return /[\p{L}\p{N}]/u.test(local) && !local.includes("..") && !roles.has(local);
}

function isMailHost(text: string, from: number, end: number): boolean {
  if (text.endsWith(".gserviceaccount.com", end)) return false;
  return end > from && isEmailDomainEnd(text.slice(text.lastIndexOf(".", end - 1) + 1, end));
}

/** An address around the @ at `at`; where it ends, or −1. */
export function email(s: Scanner, at: number): number {
  const { text } = s;
  const start = localStart(text, at);
  if (start === at) return -1;
  const end = domainEnd(text, at + 1);
  if (!isMailHost(text, at, end) || !isLocalPart(text.slice(start, at)) || isMachine(text, start, end)) return -1;
  if (s.settings.allowTestValues && exampleDomain.test(text.slice(at + 1, end))) return end;
  s.add(E.EMAIL_ADDRESS, { start, end, score: 1, rule: "email" });
  return end;
}
