import type { RE2JS } from "re2js";

/** Instructions of a program that cost what reading a character costs; a larger program pays for each character several times. */
const SMALL_PROGRAM = 64;
/** A native search passes this many characters in the time of one read. */
const NATIVE = 64;

class OutOfReads extends Error {}

/**
 * What all searches for foreign patterns together may cost, counted in characters the engine reads. One search is linear in its text, but each match
 * is followed by another search, which may read the whole rest again: `x.*y|x` on a text of `x` would take time in the square of its length.
 */
export class Reads {
  #left: number;
  #grant: number;

  /** `most`: the sum of all that is ever given, whatever `add` says. */
  constructor(first: number, most: number) {
    this.#left = first;
    this.#grant = most - first;
  }

  add(more: number): void {
    const given = Math.min(more, this.#grant);
    this.#grant -= given;
    this.#left += given;
  }

  get left(): number {
    return this.#left;
  }

  /** Ends the search when nothing is left. */
  spend(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new OutOfReads("reads spent");
  }
}

/**
 * A text that counts who reads it. RE2JS takes what calls itself a String, and reads it by these two methods alone.
 * It does not extend String: a subclass makes V8 give up its shortcuts for every string of the process (measured: the index took 1.8 times as long).
 */
class CountedText {
  readonly length: number;
  readonly #text: string;
  readonly #reads: Reads;
  readonly #weight: number;

  constructor(text: string, reads: Reads, weight: number) {
    this.length = text.length;
    this.#text = text;
    this.#reads = reads;
    this.#weight = weight;
  }

  get [Symbol.toStringTag](): string {
    return "String";
  }

  toString(): string {
    return this.#text;
  }

  charCodeAt(index: number): number {
    this.#reads.spend(this.#weight);
    return this.#text.charCodeAt(index);
  }

  indexOf(search: string, from = 0): number {
    const at = this.#text.indexOf(search, from);
    this.#reads.spend(1 + Math.ceil(((at < 0 ? this.#text.length : at) - from) / NATIVE));
    return at;
  }
}

/** How often a read counts for a pattern: its matcher may follow as many threads as it has instructions. */
export function weightOf(pattern: RE2JS): number {
  return Math.max(1, Math.ceil(pattern.programSize() / SMALL_PROGRAM));
}

/** The text as `pattern` may read it within `reads`. It is a string to RE2JS only: never hand it on. */
export function countedText(text: string, pattern: RE2JS, reads: Reads): string {
  return new CountedText(text, reads, weightOf(pattern)) as unknown as string;
}

/** What `search` gives, or `spent` when the reads did not suffice; nothing is then known about the rest of the text. */
export function withinReads<Result>(search: () => Result): Result | "spent" {
  try {
    return search();
  } catch (error) {
    if (error instanceof OutOfReads) return "spent";
    throw error;
  }
}
