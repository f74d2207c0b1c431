import { isHex, isWord } from "./chars.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";

const COLON = 58;
const HYPHEN = 45;
const DOT = 46;

/** `count` groups of `size` hex digits from `start`, all joined by `separator`; where they end, or −1. */
function hexGroups(text: string, start: number, shape: { size: number; count: number; separator: number }): number {
  let i = start;
  for (let group = 0; group < shape.count; group++) {
    if (group > 0 && text.charCodeAt(i++) !== shape.separator) return -1;
    for (let k = 0; k < shape.size; k++) if (!isHex(text.charCodeAt(i++))) return -1;
  }
  const after = text.charCodeAt(i);
  if (isWord(after) || (after === shape.separator && isHex(text.charCodeAt(i + 1)))) return -1;
  return i;
}

/** Broadcast and all zero are nobody's. */
function isNobody(text: string, start: number, end: number): boolean {
  const first = text.charAt(start).toLowerCase();
  if (first !== "0" && first !== "f") return false;
  for (let i = start; i < end; i++) {
    if (isHex(text.charCodeAt(i)) && text.charAt(i).toLowerCase() !== first) return false;
  }
  return true;
}

function shapeAt(text: string, start: number): { size: number; count: number; separator: number } | undefined {
  const second = text.charCodeAt(start + 2);
  if (second === COLON || second === HYPHEN) return { size: 2, count: 6, separator: second };
  return text.charCodeAt(start + 4) === DOT ? { size: 4, count: 3, separator: DOT } : undefined;
}

/** Six pairs of decimal digits with hyphens, or 1234.5678.9012, may be anything. */
function isDoubtful(text: string, start: number, end: number): boolean {
  return text.charCodeAt(start + 2) !== COLON && !/[a-f]/i.test(text.slice(start, end));
}

/** IEEE 802 address at `start`: 00:1a:…, 00-1A-… or 001a.2b3c.4d5e; where it ends, or −1. */
export function mac(s: Scanner, start: number): number {
  const { text } = s;
  const shape = shapeAt(text, start);
  const before = text.charCodeAt(start - 1);
  if (shape === undefined || before === shape.separator || isWord(before)) return -1;
  const end = hexGroups(text, start, shape);
  if (end < 0 || isNobody(text, start, end)) return end;
  const named = s.around(start, end).supports(E.MAC_ADDRESS);
  if (!named && isDoubtful(text, start, end)) return -1;
  s.add(E.MAC_ADDRESS, { start, end, score: named ? 0.6 + CONTEXT_BONUS : 0.6, rule: "mac" });
  return end;
}
