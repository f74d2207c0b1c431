import type { JsonValue } from "#api";
import type { CompiledRule, Scalar } from "../compile/compiled.ts";
import { MAX_TEXT } from "../operators/text.ts";
import { EqualityShelf } from "./equality-shelf.ts";
import { NeedleTexts } from "./needle-texts.ts";
import { appended, without, type Candidates, type Entry } from "./posting.ts";

interface Parts {
  readonly texts: NeedleTexts;
  readonly others: readonly Entry[];
  readonly values: EqualityShelf;
}

/** Rules guarded by `contains`: a text in a text, or an element in a list. */
export class NeedleShelf implements Parts {
  readonly texts: NeedleTexts;
  /** Numbers, true, false and null: whether a text contains one of them cannot be said. */
  readonly others: readonly Entry[];
  /** The same by their values, for the elements of lists. */
  readonly values: EqualityShelf;

  private constructor(parts: Parts) {
    this.texts = parts.texts;
    this.others = parts.others;
    this.values = parts.values;
  }

  static readonly empty: NeedleShelf = new NeedleShelf({
    texts: NeedleTexts.none,
    others: Object.freeze([]),
    values: EqualityShelf.empty,
  });

  get isEmpty(): boolean {
    return this.texts.isEmpty && this.others.length === 0;
  }

  with(operand: Scalar, entry: Entry): NeedleShelf {
    const { texts, others, values } = this;
    return typeof operand === "string"
      ? new NeedleShelf({ texts: texts.with(operand, entry), others, values })
      : new NeedleShelf({ texts, others: appended(others, entry), values: values.with(operand, entry) });
  }

  without(operand: Scalar, rule: CompiledRule): NeedleShelf {
    const { texts, others, values } = this;
    const shelf =
      typeof operand === "string"
        ? new NeedleShelf({ texts: texts.without(operand, rule), others, values })
        : new NeedleShelf({ texts, others: without(others, rule), values: values.without(operand, rule) });
    return shelf.isEmpty ? NeedleShelf.empty : shelf;
  }

  visit(value: JsonValue, found: Candidates): void {
    if (typeof value === "string") this.#visitText(value, found);
    else if (Array.isArray(value)) this.#visitElements(value, found);
    else this.visitAll(found);
  }

  #visitText(text: string, found: Candidates): void {
    if (text.length > MAX_TEXT) this.visitAll(found);
    else {
      this.texts.visit(text, found);
      this.visitOthers(found);
    }
  }

  visitOthers(found: Candidates): void {
    if (this.others.length > 0) found.addAll(this.others);
  }

  #visitElements(list: readonly JsonValue[], found: Candidates): void {
    const { repeating } = found;
    found.repeating = true;
    for (const element of list) {
      this.texts.visitEqual(element, found);
      this.values.visit(element, found);
    }
    found.repeating = repeating;
  }

  visitAll(found: Candidates): void {
    if (found.repeating && !found.isFirst(this)) return;
    this.texts.visitAll(found);
    found.addAll(this.others);
  }
}
