/** Shortest run worth decoding: 18 bytes of text. */
const SHORTEST = 24;
/** Characters decoded per text. */
const BUDGET = 16_384;
const MAX_RUNS = 64;

const values = new Int8Array(128).fill(-1);
Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").forEach((char, i) => {
  values[char.charCodeAt(0)] = i;
});
values[45] = 62;
values[95] = 63;

/** Printable ASCII text that the run encodes, or undefined. Stops at the first byte that is not text, which random data has early. */
export function decodeBase64(text: string, start: number, end: number): string | undefined {
  let bits = 0;
  let held = 0;
  let decoded = "";
  for (let i = start; i < end; i++) {
    const value = values[text.charCodeAt(i)] ?? -1;
    if (value < 0) break;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 255;
    if (byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return undefined;
    decoded += String.fromCharCode(byte);
  }
  return decoded;
}

export interface EncodedRun {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Runs in `text` that are base64 of readable text. `cut`: the budget ran out before the end. */
export function encodedRuns(text: string): { readonly runs: readonly EncodedRun[]; readonly cut: boolean } {
  if (text.length < SHORTEST) return { runs: [], cut: false };
  const runs: EncodedRun[] = [];
  let budget = BUDGET;
  for (const match of text.matchAll(/[\w+/-]{24,}={0,2}/g)) {
    const start = match.index;
    const end = start + match[0].length;
    if (/^[a-z_]+$|^[A-Z_]+$/.test(match[0].slice(0, 64))) continue;
    const decoded = decodeBase64(text, start, end);
    if (decoded === undefined) continue;
    budget -= end - start;
    if (budget < 0 || runs.length >= MAX_RUNS) return { runs, cut: true };
    runs.push({ start, end, text: decoded });
  }
  return { runs, cut: false };
}
