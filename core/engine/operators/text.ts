import type { JsonValue } from "#api";
import type { Context } from "../evaluate/context.ts";
import { FALSE, TRUE, type Truth } from "../model.ts";
import { equals, type Scalar } from "./equality.ts";
import { globMatches, type Glob } from "./glob.ts";
import type { Evaluate } from "./operator.ts";

/** UTF-16 units a text may have to be searched; a longer one is unevaluable under these operators. */
export const MAX_TEXT = 65_536;

function truth(holds: boolean): Truth {
  return holds ? TRUE : FALSE;
}

function negate(value: Truth): Truth {
  return value === TRUE ? FALSE : value === FALSE ? TRUE : value;
}

/** A list holds an equal element, or a text holds the text. */
export const contains: Evaluate<Scalar> = (value, operand, context) => {
  if (Array.isArray(value)) return truth(value.some((element) => equals(element, operand)));
  if (typeof value !== "string" || typeof operand !== "string") return context.unevaluable("wrong_type");
  if (value.length > MAX_TEXT) return context.unevaluable("too_large");
  return truth(value.includes(operand));
};
export const notContains: Evaluate<Scalar> = (value, operand, context) => negate(contains(value, operand, context));

function onText<Operand>(holds: (text: string, operand: Operand) => boolean): Evaluate<Operand> {
  return (value, operand, context) =>
    typeof value === "string" ? truth(holds(value, operand)) : context.unevaluable("wrong_type");
}

/** No limit: the cost is that of the operand. */
export const startsWith = onText<string>((text, operand) => text.startsWith(operand));
export const endsWith = onText<string>((text, operand) => text.endsWith(operand));

export const lengthGt = onText<number>((text, operand) => compareLength(text, operand) > 0);
export const lengthLt = onText<number>((text, operand) => compareLength(text, operand) < 0);

/** Characters (code points), counted only when the number of UTF-16 units leaves it open. */
function compareLength(text: string, operand: number): number {
  if (text.length <= operand) return text.length < operand ? -1 : hasSurrogates(text) ? -1 : 0;
  if (text.length > operand * 2) return 1;
  let count = 0;
  for (const _ of text) count++;
  return count - operand;
}

function hasSurrogates(text: string): boolean {
  return /[\ud800-\udbff]/.test(text);
}

export const glob: Evaluate<Glob> = (value, operand, context) => {
  const text = searchable(value, context);
  return typeof text === "string" ? truth(globMatches(operand, text)) : text;
};

/** The text to search, or that it cannot be searched. */
export function searchable(value: JsonValue, context: Context): string | Truth {
  if (typeof value !== "string") return context.unevaluable("wrong_type");
  return value.length > MAX_TEXT ? context.unevaluable("too_large") : value;
}
