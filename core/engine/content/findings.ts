import type { DetectionFamily, JsonValue } from "#api";
import type { CompiledFact } from "../compile/compiled.ts";
import type { Finding } from "../detect/index.ts";
import { createContext } from "../evaluate/context.ts";
import { readFact, UNREADABLE } from "../evaluate/read.ts";
import { ReviewMemory } from "../evaluate/review-memory.ts";
import type { ReviewInput, Verdict } from "../model.ts";
import { printPath, visitPlaces } from "../path.ts";
import type { Detection } from "./detection.ts";
import { lookedFor, looksIntoContent, type LookedFor } from "./looked-for.ts";

/** Findings one answer lists. */
export const MAX_FINDINGS = 64;
const MAX_PATH = 512;

/** Something that was found in what a review is about. It never carries the value. */
export interface ContentFinding {
  readonly entity: string;
  readonly family: DetectionFamily;
  /** Where: `args.customer.phones[0]`, or the name of another fact. */
  readonly path: string;
  /** UTF-16 offsets in the text there, half open. */
  readonly start: number;
  readonly end: number;
  readonly score: number;
  /** Which rule of the detector fired. */
  readonly rule: string;
}

const none: readonly ContentFinding[] = Object.freeze([]);

/**
 * What the matched rules found by contains_pii, contains_secret and redact, at most 64. Conditions tell what they scanned; what was settled without a
 * scan is not scanned for this. Without a matched rule that looks into content it costs a look at each match. `input` carries the memory of the
 * evaluation that gave the verdict.
 */
export function findingsOf(matches: Pick<Verdict, "matched" | "audit">, input: ReviewInput): readonly ContentFinding[] {
  if (!looksIntoContent(matches)) return none;
  const collector = new Collector(input);
  for (const looked of lookedFor(matches)) collector.add(looked);
  return collector.list;
}

/** Both lists, each finding once. */
export function joinFindings(
  first: readonly ContentFinding[],
  second: readonly ContentFinding[],
): readonly ContentFinding[] {
  if (second.length === 0) return first;
  const known = new Set(first.map(keyOf));
  return [...first, ...second.filter((finding) => !known.has(keyOf(finding)))].slice(0, MAX_FINDINGS);
}

function keyOf({ entity, path, start, end }: ContentFinding): string {
  return `${entity} ${start} ${end} ${path}`;
}

class Collector {
  readonly list: ContentFinding[] = [];
  readonly #input: ReviewInput;
  readonly #memory: ReviewMemory;
  readonly #known = new Set<string>();
  readonly #places = new Map<Detection, Set<string>>();

  constructor(input: ReviewInput) {
    this.#input = input;
    this.#memory = input.memory ?? new ReviewMemory();
  }

  /** A redaction looks at its place whether or not a condition did; of a condition only what it scanned is told. */
  add({ fact, detection, redacts }: LookedFor): void {
    this.#visit(fact, (value, place) => {
      const known = this.#memory.known(detection, value);
      if (redacts || (known !== undefined && known.any !== false)) this.#take(detection, value, place);
    });
  }

  #visit(fact: CompiledFact, visit: (value: JsonValue, place: Place) => void): void {
    if (fact.kind === "args") {
      visitPlaces(this.#input.args, fact.path, (value, keys) => visit(value, { root: "args", keys }));
      return;
    }
    const value = readFact(fact, createContext(this.#input, new Map()));
    if (value !== undefined && value !== UNREADABLE) visit(value, { root: fact.key, keys: [] });
  }

  #take(detection: Detection, value: JsonValue, place: Place): void {
    if (this.list.length >= MAX_FINDINGS || !this.#first(detection, place)) return;
    for (const found of this.#memory.all(detection, value).findings) {
      const finding = this.#finding(found, detection, place);
      const key = keyOf(finding);
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.list.push(finding);
      if (this.list.length >= MAX_FINDINGS) return;
    }
  }

  /** Many rules look for the same in the same place. */
  #first(detection: Detection, { root, keys }: Place): boolean {
    const name = `${root}${printPath(keys)}`;
    let places = this.#places.get(detection);
    if (places === undefined) this.#places.set(detection, (places = new Set()));
    return !places.has(name) && places.add(name).has(name);
  }

  #finding({ type, path, start, end, score, rule }: Finding, { detector }: Detection, place: Place): ContentFinding {
    // The caller chooses the keys: one may hold what is looked for as well.
    const holds = (key: string): boolean => this.#memory.once(detector, key, () => detector.any(key) !== false);
    const keys = [...place.keys, ...path].map((key) => (typeof key === "string" && holds(key) ? "…" : key));
    const name = `${place.root}${printPath(keys)}`;
    return {
      entity: type,
      family: detector.family,
      path: name.length > MAX_PATH ? `${name.slice(0, MAX_PATH - 1)}…` : name,
      start,
      end,
      score,
      rule,
    };
  }
}

interface Place {
  readonly root: string;
  readonly keys: readonly (string | number)[];
}
