/** Shortest run worth decoding: 18 bytes of text. */
const SHORTEST = 24;
const PADDING = 61;
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

function inRun(code: number): boolean {
  return code < 128 && (values[code] ?? -1) >= 0;
}

/**
 * The next run of at least 24 characters at or after `from`, or undefined. Looks at every 24th character only: a run that
 * long contains one of them.
 */
function nextRun(text: string, from: number): { start: number; end: number } | undefined {
  for (let i = from + SHORTEST - 1; i < text.length; i += SHORTEST) {
    if (!inRun(text.charCodeAt(i))) continue;
    let start = i;
    while (start > from && inRun(text.charCodeAt(start - 1))) start--;
    let end = i + 1;
    while (inRun(text.charCodeAt(end))) end++;
    if (end - start >= SHORTEST) return { start, end };
    i = end - 1;
  }
  return undefined;
}

function padded(text: string, end: number): number {
  if (text.charCodeAt(end) !== PADDING) return end;
  return text.charCodeAt(end + 1) === PADDING ? end + 2 : end + 1;
}

const none = Object.freeze({ runs: Object.freeze([]), cut: false });

/** Runs in `text` that are base64 of readable text. `cut`: the budget ran out before the end. */
export function encodedRuns(text: string): { readonly runs: readonly EncodedRun[]; readonly cut: boolean } {
  let run = nextRun(text, 0);
  if (run === undefined) return none;
  const runs: EncodedRun[] = [];
  let budget = BUDGET;
  for (; run !== undefined; run = nextRun(text, run.end)) {
    const decoded = decodeBase64(text, run.start, run.end);
    if (decoded === undefined) continue;
    budget -= run.end - run.start;
    if (budget < 0 || runs.length >= MAX_RUNS) return { runs, cut: true };
    runs.push({ start: run.start, end: padded(text, run.end), text: decoded });
  }
  return { runs, cut: false };
}
