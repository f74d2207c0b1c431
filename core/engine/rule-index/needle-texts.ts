import type { JsonValue } from "#api";
import type { CompiledRule } from "../compile/compiled.ts";
import { equals } from "../operators/equality.ts";
import { EqualityShelf } from "./equality-shelf.ts";
import { added, removed, type Candidates, type Entry, type Posting } from "./posting.ts";
import { MAX_DEPTH, TextTrie } from "./text-trie.ts";

/** Up to so many texts are sought one after the other, which is faster than a walk of the trie and needs less memory. */
const FEW = 6;

interface Needle {
  readonly text: string;
  readonly rules: Posting;
}

/** What there is no more room for among the few: by a part of each text, and by their values for the elements of lists. */
interface Many {
  readonly trie: TextTrie<Posting>;
  readonly values: EqualityShelf;
}

const noMore: Many = Object.freeze({ trie: TextTrie.empty<Posting>(), values: EqualityShelf.empty });

/** Rules by a text that must occur in a text, or be an element of a list. Never changed, copied with one more or less. */
export class NeedleTexts {
  readonly #few: readonly Needle[];
  readonly #many: Many;

  private constructor(few: readonly Needle[], many: Many) {
    this.#few = few;
    this.#many = many;
  }

  static readonly none: NeedleTexts = new NeedleTexts(Object.freeze([]), noMore);

  get isEmpty(): boolean {
    return this.#few.length === 0 && this.#many.values.isEmpty;
  }

  with(text: string, entry: Entry): NeedleTexts {
    const few = this.#few;
    const at = this.#placeOf(text);
    if (at !== -1) return this.#withFew(few.with(at, { text, rules: added(few[at]?.rules, entry) }));
    if (few.length < FEW) return this.#withFew(few.toSpliced(few.length, 0, { text, rules: entry }));
    const { trie, values } = this.#many;
    const part = soughtPart(text);
    return new NeedleTexts(few, {
      trie: trie.set(part, added(trie.get(part), entry)),
      values: values.with(text, entry),
    });
  }

  /** A text may have been put among the many before there was room among the few: the rule is looked for in both. */
  without(text: string, rule: CompiledRule): NeedleTexts {
    const few = this.#few;
    const at = this.#placeOf(text);
    const before = few[at]?.rules;
    const rules = removed(before, rule);
    if (rules !== before) {
      return this.#withFew(rules === undefined ? few.toSpliced(at, 1) : few.with(at, { text, rules }));
    }
    const { trie, values } = this.#many;
    const part = soughtPart(text);
    return new NeedleTexts(few, {
      trie: trie.set(part, removed(trie.get(part), rule)),
      values: values.without(text, rule),
    });
  }

  #withFew(few: readonly Needle[]): NeedleTexts {
    return new NeedleTexts(few, this.#many);
  }

  #placeOf(text: string): number {
    return this.#few.findIndex((needle) => needle.text === text);
  }

  /** Finds the rules whose text may occur in this one. */
  visit(text: string, found: Candidates): void {
    const few = this.#few;
    for (let at = 0; at < few.length; at++) {
      const { text: needle, rules } = few[at] as Needle;
      if (text.includes(needle)) found.addAll(rules);
    }
    const { trie } = this.#many;
    if (trie.isEmpty) return;
    const { repeating } = found;
    found.repeating = true;
    trie.scan(text, (rules) => found.addAll(rules));
    found.repeating = repeating;
  }

  /** Finds the rules whose text equals an element of a list. */
  visitEqual(element: JsonValue, found: Candidates): void {
    for (const { text, rules } of this.#few) if (equals(element, text)) found.addAll(rules);
    this.#many.values.visit(element, found);
  }

  visitAll(found: Candidates): void {
    for (const { rules } of this.#few) found.addAll(rules);
    this.#many.values.visitAll(found);
  }
}

/** The part of a text by which it is sought in a trie: its end, because beginnings are more often alike. */
export function soughtPart(text: string): string {
  return text.slice(-MAX_DEPTH);
}
