import { encodedRuns } from "./base64.ts";
import type { Reads } from "./counted-text.ts";
import { type CompiledCustom, customReads, CustomScan, merge } from "./custom.ts";
import { fold, type Folded, originalEnd, originalStart } from "./fold.ts";
import type { Hit, Scanner } from "./scanner.ts";
import type { Finding } from "./types.ts";

interface LeafOptions {
  readonly scanner: Scanner;
  /** For text found inside encoded text. */
  readonly inner: Scanner;
  readonly scan: (s: Scanner) => void;
  readonly custom: readonly CompiledCustom[];
  readonly names: readonly string[];
  readonly decode: boolean;
}

export interface Place {
  readonly keys: readonly (string | number)[];
  readonly sibling: string;
  /** Leading keys that are context only and no part of a finding's path. */
  readonly skip: number;
  /** The text is this key of the object at `keys`. */
  readonly name?: string;
}

/** Scans one string: folds it, looks for everything, looks inside encoded parts, and maps offsets back. */
export class LeafScan {
  readonly #options: LeafOptions;
  #reads: Reads | undefined;
  truncated = false;

  constructor(options: LeafOptions) {
    this.#options = options;
  }

  /** A new value: its texts share what the patterns of custom entities may cost. */
  begin(): void {
    this.#reads = undefined;
  }

  /** Whether something was found; findings go to `sink`, without which the first one ends the scan. */
  leaf(text: string, place: Place, sink: Finding[] | undefined): boolean {
    const { scanner, scan, custom, decode } = this.#options;
    this.truncated = false;
    const folded = fold(text, decode);
    scanner.firstOnly = sink === undefined;
    scanner.begin(folded.text, place.keys, place.sibling);
    scanner.inKey = place.name !== undefined;
    scan(scanner);
    this.truncated = scanner.truncated;
    let { hits } = scanner;
    if (sink === undefined && hits.length > 0) return true;
    if (custom.length > 0) hits = merge([...hits, ...this.#custom(folded.text, place)]);
    if (decode) hits = this.#encoded(folded.text, place, hits);
    if (hits.length > 0 && sink !== undefined) this.#report({ text, folded, hits, place }, sink);
    return hits.length > 0;
  }

  #custom(text: string, place: Place): Hit[] {
    const { custom, scanner } = this.#options;
    const { enabled, minScore, allow } = scanner.settings;
    const found = new CustomScan(text, place.keys, (this.#reads ??= customReads()));
    for (const entity of custom) if (enabled[entity.entity] === 1) found.add(entity);
    if (found.cut) this.truncated = true;
    return found.hits.filter(
      ({ entity, score, start, end }) =>
        score >= (minScore[entity] ?? 1) && !allow.has(text.slice(start, end).trim().toLowerCase()),
    );
  }

  #encoded(text: string, place: Place, hits: Hit[]): Hit[] {
    const { runs, cut } = encodedRuns(text);
    if (cut) this.truncated = true;
    const found: Hit[] = [];
    for (const { start, end, text: decoded } of runs) {
      const [hit] = this.#inside(decoded, place).toSorted((a, b) => b.score - a.score);
      if (hit !== undefined) found.push({ ...hit, start, end, rule: `base64/${hit.rule}` });
    }
    return found.length === 0 ? hits : merge([...hits, ...found]);
  }

  #inside(text: string, place: Place): readonly Hit[] {
    const { inner, scan } = this.#options;
    inner.firstOnly = false;
    inner.begin(text, place.keys, place.sibling);
    inner.inKey = place.name !== undefined;
    scan(inner);
    if (inner.truncated) this.truncated = true;
    return inner.hits;
  }

  #report(leaf: { text: string; folded: Folded; hits: readonly Hit[]; place: Place }, sink: Finding[]): void {
    const { folded, hits, place } = leaf;
    const { keys, skip, name } = place;
    const path = Object.freeze(name === undefined ? keys.slice(skip) : [...keys.slice(skip), name]);
    for (const { entity, start, end, score, rule } of hits) {
      const type = this.#options.names[entity] ?? "";
      const at = { start: originalStart(folded, start), end: originalEnd(folded, end) };
      sink.push(
        Object.freeze(
          name === undefined
            ? { type, path, ...at, score, rule }
            : { type, path, ...at, score, rule: `in-key/${rule}`, inKey: true },
        ),
      );
    }
  }
}
