import { isAsciiLetter, isWord } from "./chars.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";
import { isEmailDomainEnd } from "./top-level-domains.ts";

const MAX_URL = 2048;

const schemes: ReadonlySet<string> = new Set(["http", "https", "ftp"]);

function isUrlChar(code: number): boolean {
  return (
    code > 32 &&
    code !== 34 &&
    code !== 39 &&
    code !== 60 &&
    code !== 62 &&
    code !== 92 &&
    code !== 96 &&
    code !== 123 &&
    code !== 125 &&
    code === code
  );
}

function schemeStart(text: string, colon: number): number {
  let start = colon;
  while (start > 0 && colon - start < 6 && isAsciiLetter(text.charCodeAt(start - 1))) start--;
  return !isWord(text.charCodeAt(start - 1)) && schemes.has(text.slice(start, colon).toLowerCase()) ? start : -1;
}

function urlEnd(text: string, from: number): number {
  let end = from;
  while (end - from < MAX_URL && isUrlChar(text.charCodeAt(end))) end++;
  while (end > from && ".,;:!?)]".includes(text.charAt(end - 1))) end--;
  return end;
}

function hostIsPublic(text: string, from: number, end: number): boolean {
  let i = from;
  while (i < end && !"/?#:".includes(text.charAt(i))) i++;
  const dot = text.lastIndexOf(".", i - 1);
  return dot > from && isEmailDomainEnd(text.slice(dot + 1, i));
}

/** A web address whose `://` is at `colon`. Digits and addresses inside it are still looked at, so this never skips. */
export function url(s: Scanner, colon: number): void {
  const { text } = s;
  const start = schemeStart(text, colon);
  if (start < 0) return;
  const end = urlEnd(text, colon + 3);
  if (!hostIsPublic(text, colon + 3, end)) return;
  // An address is somebody's when the text says so; else it is what every tool call contains.
  const personal = s.around(start, end).supports(E.URL);
  s.add(E.URL, { start, end, score: personal ? 0.4 + CONTEXT_BONUS : 0.4, rule: personal ? "url-personal" : "url" });
}
