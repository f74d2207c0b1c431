import type { JsonValue } from "#api";
import type { CompiledRule, Scalar } from "../compile/compiled.ts";
import { decimalKey, numericKey } from "../decimal.ts";
import { PersistentMap, type Key } from "./persistent-map.ts";
import { added, removed, type Candidates, type Entry, type Posting } from "./posting.ts";

type Postings = PersistentMap<Posting>;
const nothing: Postings = PersistentMap.empty<Posting>();

/**
 * Rules by a value that must be equal, in the normal form the evaluator compares by (operators/equality.ts): two texts as texts, and by
 * value as soon as one side is a number. A value of another type equals nothing, so there is nothing to visit for it.
 */
export class EqualityShelf {
  /** Texts, true, false and null, by themselves. */
  readonly #exact: Postings;
  /** Numbers, by their value: a number or a decimal text equals them. */
  readonly #numbers: Postings;
  /** Texts that are decimals once more, by their value: only a number equals them this way. */
  readonly #decimals: Postings;

  private constructor(exact: Postings, numbers: Postings, decimals: Postings) {
    this.#exact = exact;
    this.#numbers = numbers;
    this.#decimals = decimals;
  }

  static readonly empty: EqualityShelf = new EqualityShelf(nothing, nothing, nothing);

  get isEmpty(): boolean {
    return this.#exact.size + this.#numbers.size === 0;
  }

  with(operand: Scalar, entry: Entry): EqualityShelf {
    return this.#change(operand, (postings, key) => postings.set(key, added(postings.get(key), entry)));
  }

  without(operand: Scalar, rule: CompiledRule): EqualityShelf {
    const shelf = this.#change(operand, (postings, key) => {
      const rest = removed(postings.get(key), rule);
      return rest === undefined ? postings.delete(key) : postings.set(key, rest);
    });
    return shelf.isEmpty ? EqualityShelf.empty : shelf;
  }

  #change(operand: Scalar, change: (postings: Postings, key: Key) => Postings): EqualityShelf {
    const { exact, numbers, decimals } = { exact: this.#exact, numbers: this.#numbers, decimals: this.#decimals };
    if (typeof operand === "number" || (typeof operand === "object" && operand !== null)) {
      return new EqualityShelf(exact, change(numbers, numericKey(operand)), decimals);
    }
    const value = typeof operand === "string" ? decimalKey(operand) : undefined;
    return new EqualityShelf(change(exact, operand), numbers, value === undefined ? decimals : change(decimals, value));
  }

  visit(value: JsonValue, found: Candidates): void {
    if (typeof value === "number") {
      visitAt(this.#numbers, value, found);
      visitAt(this.#decimals, value, found);
    } else if (typeof value !== "object" || value === null) {
      visitAt(this.#exact, value, found);
      if (typeof value === "string" && this.#numbers.size > 0) this.#visitDecimal(value, found);
    }
  }

  #visitDecimal(text: string, found: Candidates): void {
    const value = decimalKey(text);
    if (value !== undefined) visitAt(this.#numbers, value, found);
  }

  visitAll(found: Candidates): void {
    this.#exact.forEach((posting) => found.addAll(posting));
    this.#numbers.forEach((posting) => found.addAll(posting));
  }
}

function visitAt(postings: Postings, key: Key, found: Candidates): void {
  if (postings.size === 0) return;
  const posting = postings.get(key);
  if (posting !== undefined) found.addAll(posting);
}
