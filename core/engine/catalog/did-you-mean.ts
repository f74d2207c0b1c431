/** Longer names are not compared: the cost is quadratic. */
const MAX_LENGTH = 64;

/**
 * Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, replacements and swaps of neighbours.
 * F. J. Damerau, "A technique for computer detection and correction of spelling errors", CACM 7 (1964).
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cell({ a, b, i, j, last, before, row }));
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

interface Cell {
  a: string;
  b: string;
  i: number;
  j: number;
  last: number[];
  before: number[];
  row: number[];
}

function cell({ a, b, i, j, last, before, row }: Cell): number {
  const at = (line: number[], index: number): number => line[index] ?? Number.POSITIVE_INFINITY;
  const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(before, j - 2) + 1 : replaced;
  return Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced, swapped);
}

/** The known name that is most likely meant, or undefined when none is near. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const lower = name.toLowerCase().replaceAll("-", "_");
  let best: string | undefined;
  let distance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const next = editDistance(lower, candidate.toLowerCase());
    if (next < distance) {
      best = candidate;
      distance = next;
    }
  }
  return best;
}
