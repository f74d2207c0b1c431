import { hexValue } from "./chars.ts";

/**
 * Text in other scripts, folded to what the scanner knows: full-width and mathematical digits and letters, digits of other
 * scripts, dashes and spaces become ASCII; zero-width characters disappear. Offsets of the original are kept.
 * The same characters as Unicode NFKC for everything the scanner looks at; others stay as they are.
 */
export interface Folded {
  readonly text: string;
  /** Where each character of `text` begins and ends in the original; undefined when nothing moved. */
  readonly starts: Int32Array | undefined;
  readonly ends: Int32Array | undefined;
}

const foldable =
  // eslint-disable-next-line no-misleading-character-class -- each is meant by itself
  /[\u00a0\u00ad\u00b2\u00b3\u00b9\u034f\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\u115f\u1160\u17b4\u17b5\u180b-\u180e\u2000-\u2015\u2024\u2028-\u202f\u205f-\u2079\u2080-\u2089\u2212\u2215\u2236\u2460-\u2468\u3000\u3002\ufe0e\ufe0f\ufe50-\ufe6b\ufeff\uff01-\uff5e\uff61\uffa0\ud835]/;

const DROP = -1;
const PERCENT = 37;
const BACKSLASH = 92;
const LETTER_U = 117;
/** First digits of decimal systems that people write numbers in. */
const zeros = [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xe50];

const single: ReadonlyMap<number, number> = new Map([
  ...[0xa0, 0x202f, 0x205f, 0x3000, 0xffa0].map((code): [number, number] => [code, 32]),
  ...Array.from({ length: 11 }, (_, i): [number, number] => [0x2000 + i, 32]),
  ...[0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xfe58, 0xfe63].map((code): [number, number] => [
    code,
    45,
  ]),
  ...[0xad, 0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0xfe0e, 0xfe0f, 0xfeff].map((code): [number, number] => [
    code,
    DROP,
  ]),
  ...[0x180b, 0x180c, 0x180d, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f].map((code): [number, number] => [
    code,
    DROP,
  ]),
  ...Array.from({ length: 5 }, (_, i): [number, number] => [0x202a + i, DROP]),
  ...Array.from({ length: 16 }, (_, i): [number, number] => [0x2060 + i, DROP]),
  [0xb9, 49],
  [0xb2, 50],
  [0xb3, 51],
  [0x2070, 48],
  [0x2028, 10],
  [0x2029, 10],
  [0x2024, 46],
  [0x3002, 46],
  [0xff61, 46],
  [0xfe52, 46],
  [0x2215, 47],
  [0x2236, 58],
  [0xfe6b, 64],
  [0xfe55, 58],
  ...Array.from({ length: 6 }, (_, i): [number, number] => [0x2074 + i, 52 + i]),
  ...Array.from({ length: 10 }, (_, i): [number, number] => [0x2080 + i, 48 + i]),
  ...Array.from({ length: 9 }, (_, i): [number, number] => [0x2460 + i, 49 + i]),
]);

function foldUnit(code: number): number {
  if (code < 0xa0) return code;
  if (code >= 0xff01 && code <= 0xff5e) return code - 0xfee0;
  const mapped = single.get(code);
  if (mapped !== undefined) return mapped;
  for (const zero of zeros) if (code >= zero && code < zero + 10) return 48 + code - zero;
  return code;
}

/** Mathematical alphanumerics U+1D400–1D7FF: letters in thirteen styles, then digits in five. */
function foldMathematical(low: number): number {
  const offset = low - 0xdc00;
  if (offset >= 0x3ce) return 48 + ((offset - 0x3ce) % 10);
  const letter = offset % 52;
  return offset < 676 ? (letter < 26 ? 65 + letter : 71 + letter) : 0;
}

function isMathematical(text: string, i: number): boolean {
  const low = text.charCodeAt(i + 1);
  return text.charCodeAt(i) === 0xd835 && low >= 0xdc00 && low <= 0xdfff && foldMathematical(low) > 0;
}

/** `%40` and `\u0040`: the character they stand for, if it is printable ASCII, and their length. */
function escapeAt(text: string, i: number): { code: number; length: number } | undefined {
  const first = text.charCodeAt(i);
  if (first === PERCENT) return printable(hexAt(text, i + 1, 2), 3);
  const isUnicode = first === BACKSLASH && text.charCodeAt(i + 1) === LETTER_U;
  return isUnicode ? printable(hexAt(text, i + 2, 4), 6) : undefined;
}

function printable(code: number, length: number): { code: number; length: number } | undefined {
  return code >= 32 && code < 127 ? { code, length } : undefined;
}

function hexAt(text: string, from: number, length: number): number {
  let code = 0;
  for (let i = from; i < from + length; i++) {
    const value = hexValue(text.charCodeAt(i));
    if (value < 0) return -1;
    code = code * 16 + value;
  }
  return code;
}

interface Unit {
  code: number;
  length: number;
}

function unitAt(text: string, i: number, decode: boolean): Unit {
  const code = text.charCodeAt(i);
  if (code < 0xa0) return (decode ? escapeAt(text, i) : undefined) ?? { code, length: 1 };
  if (isMathematical(text, i)) return { code: foldMathematical(text.charCodeAt(i + 1)), length: 2 };
  return { code: foldUnit(code), length: 1 };
}

function mayHaveEscapes(text: string): boolean {
  for (let i = text.indexOf("%"); i >= 0; i = text.indexOf("%", i + 1))
    if (escapeAt(text, i) !== undefined) return true;
  return text.includes("\\u00");
}

export function fold(text: string, decode: boolean): Folded {
  const escaped = decode && mayHaveEscapes(text);
  if (!escaped && !foldable.test(text)) return { text, starts: undefined, ends: undefined };
  const units = new Uint16Array(text.length);
  const starts = new Int32Array(text.length);
  const ends = new Int32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length;) {
    const { code, length } = unitAt(text, i, escaped);
    if (code !== DROP) {
      starts[count] = i;
      ends[count] = i + length;
      units[count++] = code;
    }
    i += length;
  }
  return { text: decodeUnits(units.subarray(0, count)), starts, ends };
}

const CHUNK = 8192;

function decodeUnits(units: Uint16Array): string {
  let text = "";
  for (let i = 0; i < units.length; i += CHUNK) text += String.fromCharCode(...units.subarray(i, i + CHUNK));
  return text;
}

export function originalStart(folded: Folded, start: number): number {
  return folded.starts?.[start] ?? start;
}

/** After its last character, before anything dropped behind it. */
export function originalEnd(folded: Folded, end: number): number {
  return folded.ends?.[end - 1] ?? end;
}
