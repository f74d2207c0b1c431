import { isAsciiLetter } from "./chars.ts";
import { contextWords, longestContextWord, type WordInfo } from "./context-words.ts";

export function isLetter(code: number): boolean {
  return isAsciiLetter(code) || code >= 0xc0;
}

export function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

export function isLower(code: number): boolean {
  return code >= 97 && code <= 122;
}

const wideWords = [...contextWords.keys()].filter((word) => word.charCodeAt(0) >= 0xe00);

/** Scripts without spaces: the longest known word that is contained. */
function wideLookup(word: string): WordInfo | undefined {
  const found = wideWords.find((known) => word.includes(known));
  return found === undefined ? undefined : contextWords.get(found);
}

function pairOf(first: number, last: number): number {
  return ((first & 31) << 5) | (last & 31);
}

/** For each pair of first and last letter, a bit per length that some word has: nearly every other word is told by it, without a copy. */
const lengths: Readonly<Int32Array> = lengthBits();

function lengthBits(): Int32Array {
  const bits = new Int32Array(1024);
  for (const word of contextWords.keys()) {
    const pair = pairOf(word.charCodeAt(0), word.charCodeAt(word.length - 1));
    bits[pair] = (bits[pair] ?? 0) | (1 << (word.length & 31));
  }
  return bits;
}

function mayBeKnown(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start);
  if (first >= 0xe00) return true;
  return (((lengths[pairOf(first, text.charCodeAt(end - 1))] ?? 0) >>> ((end - start) & 31)) & 1) === 1;
}

/** What is known of the word at `start … end`, in any case. */
export function lookup(text: string, start: number, end: number): WordInfo | undefined {
  if (end - start > longestContextWord || !mayBeKnown(text, start, end)) return undefined;
  const word = text.slice(start, end);
  const info = contextWords.get(word) ?? contextWords.get(word.toLowerCase());
  return info ?? (text.charCodeAt(start) >= 0xe00 ? wideLookup(word) : undefined);
}
