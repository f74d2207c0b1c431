import type { JsonValue } from "#api";
import type { CompiledRule, Scalar } from "../compile/compiled.ts";
import { MAX_TEXT } from "../operators/text.ts";
import { EqualityShelf } from "./equality-shelf.ts";
import { added, appended, removed, without, type Candidates, type Entry, type Posting } from "./posting.ts";
import { MAX_DEPTH, TextTrie } from "./text-trie.ts";

/** The part of a text by which it is sought: its end, because beginnings are more often alike. */
export function soughtPart(text: string): string {
  return text.slice(-MAX_DEPTH);
}

/** Rules guarded by `contains`: a text in a text, or an element in a list. */
export class NeedleShelf {
  readonly #texts: TextTrie<Posting>;
  /** All of them by their values, for lists. */
  readonly #elements: EqualityShelf;
  /** Numbers, true, false and null: whether a text contains one of them cannot be said. */
  readonly #others: readonly Entry[];

  private constructor(texts: TextTrie<Posting>, elements: EqualityShelf, others: readonly Entry[]) {
    this.#texts = texts;
    this.#elements = elements;
    this.#others = others;
  }

  static readonly empty: NeedleShelf = new NeedleShelf(TextTrie.empty<Posting>(), EqualityShelf.empty, []);

  get isEmpty(): boolean {
    return this.#elements.isEmpty;
  }

  with(operand: Scalar, entry: Entry): NeedleShelf {
    const elements = this.#elements.with(operand, entry);
    if (typeof operand !== "string") return new NeedleShelf(this.#texts, elements, appended(this.#others, entry));
    const part = soughtPart(operand);
    return new NeedleShelf(this.#texts.set(part, added(this.#texts.get(part), entry)), elements, this.#others);
  }

  without(operand: Scalar, rule: CompiledRule): NeedleShelf {
    const elements = this.#elements.without(operand, rule);
    if (typeof operand !== "string") return new NeedleShelf(this.#texts, elements, without(this.#others, rule));
    const part = soughtPart(operand);
    return new NeedleShelf(this.#texts.set(part, removed(this.#texts.get(part), rule)), elements, this.#others);
  }

  visit(value: JsonValue, found: Candidates): void {
    if (typeof value === "string") this.#visitText(value, found);
    else if (Array.isArray(value)) this.#visitElements(value, found);
    else this.visitAll(found);
  }

  #visitText(text: string, found: Candidates): void {
    if (text.length > MAX_TEXT) {
      this.visitAll(found);
      return;
    }
    this.visitOthers(found);
    const { repeating } = found;
    found.repeating = true;
    this.#texts.scan(text, (posting) => found.addAll(posting));
    found.repeating = repeating;
  }

  visitOthers(found: Candidates): void {
    found.addAll(this.#others);
  }

  #visitElements(list: readonly JsonValue[], found: Candidates): void {
    const { repeating } = found;
    found.repeating = true;
    for (const element of list) this.#elements.visit(element, found);
    found.repeating = repeating;
  }

  visitAll(found: Candidates): void {
    this.#elements.visitAll(found);
  }
}
