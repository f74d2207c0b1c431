import type { JsonValue } from "#api";
import { decimalKey, numericKey, type Numeric } from "../decimal.ts";
import { FALSE, TRUE } from "../model.ts";
import type { Evaluate } from "./operator.ts";

/** What a value can be equal to. A number no double holds exactly is a BigDecimal. */
export type Scalar = string | boolean | null | Numeric;

/**
 * Equality as users mean it: numbers and decimal strings by value as soon as one side is a number (5 = "5.0"),
 * two strings as strings, booleans and null only with themselves; anything else differs. Never unevaluable.
 */
export function equals(value: JsonValue, operand: Scalar): boolean {
  if (typeof value === "string") {
    if (typeof operand === "string") return value === operand;
    return isNumeric(operand) && decimalKey(value) === numericKey(operand);
  }
  if (typeof value !== "number") return value === operand && (typeof value !== "object" || value === null);
  if (typeof operand === "number") return value === operand;
  if (typeof operand === "string") return decimalKey(operand) === value;
  return false; // a BigDecimal is what no double is
}

function isNumeric(operand: Scalar): operand is Numeric {
  return typeof operand === "number" || (typeof operand === "object" && operand !== null);
}

export const eq: Evaluate<Scalar> = (value, operand) => (equals(value, operand) ? TRUE : FALSE);
export const ne: Evaluate<Scalar> = (value, operand) => (equals(value, operand) ? FALSE : TRUE);

/** Beyond this a list is looked up by key instead of walked. */
const WALKED = 8;

interface Lookup {
  /** What is no number, as it stands. */
  readonly plain: ReadonlySet<JsonValue>;
  /** Keys of numbers: a number or a decimal string may equal them. */
  readonly numbers: ReadonlySet<number | string>;
  /** Keys of strings that are decimals: only a number may equal them. */
  readonly decimals: ReadonlySet<number | string>;
}

/** A set of scalars under `equals`. */
export class ScalarSet {
  readonly items: readonly Scalar[];
  readonly #lookup: Lookup | undefined;

  constructor(items: readonly Scalar[]) {
    this.items = Object.freeze([...items]);
    this.#lookup = items.length > WALKED ? lookupOf(items) : undefined;
    Object.freeze(this);
  }

  has(value: JsonValue): boolean {
    if (this.#lookup !== undefined) return isListed(value, this.#lookup);
    for (const item of this.items) if (equals(value, item)) return true;
    return false;
  }
}

function lookupOf(items: readonly Scalar[]): Lookup {
  const keyOf = (item: Scalar): readonly (number | string)[] => {
    const key = typeof item === "string" ? decimalKey(item) : undefined;
    return key === undefined ? [] : [key];
  };
  return {
    plain: new Set(items.filter((item) => !isNumeric(item)) as JsonValue[]),
    numbers: new Set(items.filter(isNumeric).map(numericKey)),
    decimals: new Set(items.flatMap(keyOf)),
  };
}

function isListed(value: JsonValue, { plain, numbers, decimals }: Lookup): boolean {
  if (typeof value === "number") return numbers.has(value) || decimals.has(value);
  if (plain.has(value)) return true;
  const key = typeof value === "string" && numbers.size > 0 ? decimalKey(value) : undefined;
  return key !== undefined && numbers.has(key);
}

/**
 * Keys under which an index may store an operand of `equals` and look a value up: if they are equal, they share a key.
 * They may share one without being equal (the string "5" and the string "5.0"), so a hit still has to be evaluated.
 * A number is itself or a text, a string is itself and its number, true, false and null are themselves.
 */
export function equalityKeys(value: Scalar): readonly (string | number | boolean | null)[] {
  if (typeof value === "number") return [value + 0];
  if (value === null || typeof value === "boolean") return [value];
  if (typeof value === "object") return [`\u0000${numericKey(value)}`];
  const key = decimalKey(value);
  if (key === undefined) return [value];
  return [value, typeof key === "number" ? key : `\u0000${key}`];
}
