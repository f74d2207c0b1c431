import { RE2JS } from "re2js";
import { RunlogError } from "#api";
import { isAlnum, isDigit } from "./chars.ts";
import { luhn, mod11, mod97, verhoeff } from "./checksums.ts";
import { countedText, Reads, withinReads } from "./counted-text.ts";
import { CONTEXT_BONUS, type Hit } from "./scanner.ts";
import type { Checksum, CustomEntity } from "./types.ts";

const MAX_PATTERNS = 16;
const MAX_PATTERN = 512;
const MAX_WORDS = 256;
const MAX_WORD = 256;
const WINDOW = 48;

/** An entity of a policy's author, ready to scan. Frozen. */
export interface CompiledCustom {
  readonly entity: number;
  readonly type: string;
  readonly patterns: readonly RE2JS[];
  readonly deny: readonly string[];
  readonly score: number;
  readonly context: ReadonlySet<string>;
  readonly checksum: Checksum | undefined;
}

function refuse(path: string, message: string): never {
  throw new RunlogError("RL_POLICY_INVALID", message, { path });
}

function compilePattern(pattern: string, path: string): RE2JS {
  if (pattern === "" || pattern.length > MAX_PATTERN) refuse(path, `a pattern has 1 to ${MAX_PATTERN} characters`);
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.matcher("").find()) refuse(path, "a pattern must not match the empty text");
    return compiled;
  } catch (cause) {
    if (cause instanceof RunlogError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RunlogError("RL_POLICY_INVALID", `not an RE2 pattern: ${reason}`, { path, cause });
  }
}

function checkWords(deny: readonly string[], path: string): void {
  const bad = deny.some((word) => word.trim() === "" || word.length > MAX_WORD);
  if (bad || deny.length > MAX_WORDS) refuse(path, `at most ${MAX_WORDS} words of 1 to ${MAX_WORD} characters`);
}

function checkShape(custom: CustomEntity, path: string): void {
  const { patterns = [], deny = [], score = 0.5 } = custom;
  if (!/^[A-Z][A-Z0-9_]{0,62}$/.test(custom.type)) {
    refuse(`${path}.type`, "an entity name is upper case letters, digits and _");
  }
  if (patterns.length + deny.length === 0) refuse(path, "an entity needs patterns or deny words");
  if (patterns.length > MAX_PATTERNS) refuse(`${path}.patterns`, `at most ${MAX_PATTERNS} patterns`);
  checkWords(deny, `${path}.deny`);
  if (!(score >= 0 && score <= 1)) refuse(`${path}.score`, "a score lies between 0 and 1");
}

/** Throws RL_POLICY_INVALID with the path of what is wrong. */
export function compileCustom(custom: CustomEntity, entity: number, path: string): CompiledCustom {
  checkShape(custom, path);
  const { patterns = [], deny = [], score = 0.5, context = [] } = custom;
  return Object.freeze({
    entity,
    type: custom.type,
    patterns: patterns.map((pattern, i) => compilePattern(pattern, `${path}.patterns[${i}]`)),
    deny: deny.map((word) => word.toLowerCase()),
    score,
    context: new Set(context.map((word) => word.toLowerCase())),
    checksum: custom.checksum,
  });
}

function digitsOf(value: string): number[] {
  return Array.from(value).flatMap((char) => (isDigit(char.charCodeAt(0)) ? [Number(char)] : []));
}

function checksumHolds(checksum: Checksum, value: string): boolean {
  if (checksum === "mod97")
    return mod97(
      Array.from(value)
        .filter((char) => isAlnum(char.charCodeAt(0)) && char.length === 1)
        .join(""),
    );
  const digits = digitsOf(value);
  if (digits.length < 2) return false;
  if (checksum === "luhn") return luhn(digits, 0, digits.length);
  return checksum === "verhoeff" ? verhoeff(digits, 0, digits.length) : mod11(digits, 0, digits.length);
}

function named(
  custom: CompiledCustom,
  text: string,
  near: { start: number; end: number; keys: readonly (string | number)[] },
): boolean {
  if (custom.context.size === 0) return false;
  const { start, end, keys } = near;
  const around = `${keys.slice(-3).join(" ")} ${text.slice(Math.max(0, start - WINDOW), start)} ${text.slice(end, end + WINDOW / 2)}`;
  const words = around
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => custom.context.has(word));
}

function isWhole(text: string, start: number, end: number): boolean {
  return !isAlnum(text.charCodeAt(start - 1)) && !isAlnum(text.charCodeAt(end));
}

/** Matches looked at in one text, of all custom entities together. A pattern such as `[0-9]` has one per digit. */
const MAX_MATCHES = 1024;

/** Characters that the patterns may read in one call beside those of `READS_PER_CHARACTER`: small texts are searched as they are. */
const FIRST_READS = 262_144;
/** A search that finds nothing reads each character one to four times. */
const READS_PER_CHARACTER = 8;
/** All patterns in all texts of one call: some 0.1 s for ordinary patterns. */
const MOST_READS = 4_194_304;

/** For one call of a detector. */
export function customReads(): Reads {
  return new Reads(FIRST_READS, MOST_READS);
}

/** Collects the custom entities' hits in one text. `cut`: more matches than are looked at, or the reads are spent. */
export class CustomScan {
  readonly hits: Hit[] = [];
  cut = false;
  readonly #text: string;
  readonly #keys: readonly (string | number)[];
  readonly #reads: Reads;
  #matches = 0;

  constructor(text: string, keys: readonly (string | number)[], reads: Reads) {
    this.#text = text;
    this.#keys = keys;
    this.#reads = reads;
  }

  add(custom: CompiledCustom): void {
    this.#deny(custom);
    this.#reads.add(READS_PER_CHARACTER * this.#text.length * custom.patterns.length);
    for (const [index, pattern] of custom.patterns.entries()) {
      if (this.cut) return;
      if (withinReads(() => this.#pattern(custom, pattern, `pattern:${index}`)) === "spent") this.cut = true;
    }
  }

  #more(): boolean {
    this.#matches++;
    if (this.#matches > MAX_MATCHES) this.cut = true;
    return !this.cut;
  }

  #deny({ entity, deny }: CompiledCustom): void {
    const text = this.#text;
    const lower = text.toLowerCase();
    // A few letters change their length in lower case; offsets would then be wrong.
    const haystack = lower.length === text.length ? lower : text;
    for (const word of deny) {
      for (let start = haystack.indexOf(word); start >= 0 && this.#more(); start = haystack.indexOf(word, start + 1)) {
        const end = start + word.length;
        if (isWhole(text, start, end)) this.hits.push({ entity, start, end, score: 1, rule: "deny" });
      }
    }
  }

  #pattern(custom: CompiledCustom, pattern: RE2JS, rule: string): void {
    const matcher = pattern.matcher(countedText(this.#text, pattern, this.#reads));
    while (matcher.find() && this.#more()) {
      const start = matcher.start();
      const end = matcher.end();
      const score = end > start ? this.#score(custom, start, end) : 0;
      if (score > 0) this.hits.push({ entity: custom.entity, start, end, score, rule });
    }
  }

  #score(custom: CompiledCustom, start: number, end: number): number {
    const text = this.#text;
    if (custom.checksum !== undefined) return checksumHolds(custom.checksum, text.slice(start, end)) ? 1 : 0;
    const bonus = named(custom, text, { start, end, keys: this.#keys }) ? CONTEXT_BONUS : 0;
    return Math.min(1, Math.round((custom.score + bonus) * 100) / 100);
  }
}

/** Hits in document order without overlaps: the higher score stays, then the longer one. */
export function merge(hits: readonly Hit[]): Hit[] {
  const ranked = hits.toSorted((a, b) => b.score - a.score || b.end - b.start - (a.end - a.start) || a.start - b.start);
  const kept: Hit[] = [];
  for (const hit of ranked) {
    const at = placeOf(kept, hit.start);
    const before = kept[at - 1];
    const after = kept[at];
    if ((before?.end ?? 0) <= hit.start && (after?.start ?? hit.end) >= hit.end) kept.splice(at, 0, hit);
  }
  return kept;
}

/** How many of the hits, which are in order, begin before `start`. */
function placeOf(hits: readonly Hit[], start: number): number {
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((hits[middle]?.start ?? start) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
