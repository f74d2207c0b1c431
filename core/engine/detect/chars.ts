/** Character classes of the scanner. Only ASCII has triggers; other scripts are letters or breaks. */
export const LETTER = 0;
export const DIGIT = 1;
export const BREAK = 2;
export const AT = 3;
export const COLON = 4;
const HYPHEN_OR_DOT = 5;
export const BACKSLASH = 6;

function classOf(code: number): number {
  const char = String.fromCharCode(code);
  if (char >= "0" && char <= "9") return DIGIT;
  if (/[A-Za-z_]/.test(char)) return LETTER;
  if (char === "@") return AT;
  if (char === ":") return COLON;
  if (char === "-" || char === ".") return HYPHEN_OR_DOT;
  return char === "\\" ? BACKSLASH : BREAK;
}

export const asciiClass: Readonly<Uint8Array> = Uint8Array.from({ length: 128 }, (_, code) => classOf(code));

/** Latin, Greek and Cyrillic letters join a token; other scripts (Han, Thai, …) write numbers without a space before them. */
function wideClass(code: number): number {
  if (code >= 0xc0 && code <= 0x24f) return LETTER;
  return code >= 0x370 && code <= 0x52f ? LETTER : BREAK;
}

export function charClass(code: number): number {
  return code < 128 ? (asciiClass[code] ?? BREAK) : wideClass(code);
}

/** NaN (beyond the end of the text) is none of these. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isAsciiLetter(code: number): boolean {
  const lower = code | 32;
  return lower >= 97 && lower <= 122 && code < 128;
}

export function isAlnum(code: number): boolean {
  return isDigit(code) || isAsciiLetter(code);
}

/** Membership table of some ASCII characters. */
export function charSet(members: string): Readonly<Uint8Array> {
  const set = new Uint8Array(128);
  for (const member of members) set[member.charCodeAt(0)] = 1;
  return set;
}

/** False beyond the end of the text, where the code is NaN. */
export function isIn(code: number, set: Readonly<Uint8Array>): boolean {
  return code < 128 && set[code] === 1;
}

/** A letter, digit or underscore of any script that joins tokens. */
export function isWord(code: number): boolean {
  return code === code && charClass(code) <= DIGIT;
}

export function hexValue(code: number): number {
  if (isDigit(code)) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

export function isHex(code: number): boolean {
  return hexValue(code) >= 0;
}
