import type { JsonValue } from "#api";
import type { CompiledRule } from "../compile/compiled.ts";
import { equals } from "../operators/equality.ts";
import { EqualityShelf } from "./equality-shelf.ts";
import { empty } from "./lists.ts";
import { added, removed, type Candidates, type Entry, type Posting } from "./posting.ts";
import { MAX_DEPTH, TextTrie } from "./text-trie.ts";

/** Up to so many texts are sought one after the other, which is faster than a walk of the trie and needs less memory. */
const FEW = 6;

/** A text, its rules, a text, its rules: an object for each pair would be a third of what the index keeps for a rule. */
type Few = readonly (string | Posting)[];

/** What there is no more room for among the few: by a part of each text, and by their values for the elements of lists. */
interface Many {
  readonly trie: TextTrie<Posting>;
  readonly values: EqualityShelf;
}

const noMore: Many = Object.freeze({ trie: TextTrie.empty<Posting>(), values: EqualityShelf.empty });

/** Rules by a text that must occur in a text, or be an element of a list. Never changed, copied with one more or less. */
export class NeedleTexts {
  readonly #few: Few;
  readonly #many: Many;

  private constructor(few: Few, many: Many) {
    this.#few = few;
    this.#many = many;
  }

  static readonly none: NeedleTexts = new NeedleTexts(empty, noMore);

  get isEmpty(): boolean {
    return this.#few.length === 0 && this.#many.values.isEmpty;
  }

  with(text: string, entry: Entry): NeedleTexts {
    const few = this.#few;
    const at = placeOf(few, text);
    if (at !== -1) return new NeedleTexts(few.with(at + 1, added(few[at + 1] as Posting, entry)), this.#many);
    if (few.length < 2 * FEW) return new NeedleTexts(few.toSpliced(few.length, 0, text, entry), this.#many);
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
    const at = placeOf(few, text);
    const before = at === -1 ? undefined : (few[at + 1] as Posting);
    const rules = removed(before, rule);
    if (rules !== before) {
      return new NeedleTexts(rules === undefined ? few.toSpliced(at, 2) : few.with(at + 1, rules), this.#many);
    }
    const { trie, values } = this.#many;
    const part = soughtPart(text);
    return new NeedleTexts(few, {
      trie: trie.set(part, removed(trie.get(part), rule)),
      values: values.without(text, rule),
    });
  }

  /** Finds the rules whose text may occur in this one. */
  visit(text: string, found: Candidates): void {
    const few = this.#few;
    for (let at = 0; at < few.length; at += 2) {
      if (text.includes(few[at] as string)) found.addAll(few[at + 1] as Posting);
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
    const few = this.#few;
    for (let at = 0; at < few.length; at += 2) {
      if (equals(element, few[at] as string)) found.addAll(few[at + 1] as Posting);
    }
    this.#many.values.visit(element, found);
  }

  visitAll(found: Candidates): void {
    for (let at = 1; at < this.#few.length; at += 2) found.addAll(this.#few[at] as Posting);
    this.#many.values.visitAll(found);
  }
}

function placeOf(few: Few, text: string): number {
  for (let at = 0; at < few.length; at += 2) if (few[at] === text) return at;
  return -1;
}

/** The part of a text by which it is sought in a trie: its end, because beginnings are more often alike. */
export function soughtPart(text: string): string {
  return text.slice(-MAX_DEPTH);
}
