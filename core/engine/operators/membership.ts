import type { JsonValue } from "#api";
import type { Context } from "../evaluate/context.ts";
import { FALSE, TRUE, type Truth } from "../model.ts";
import { ScalarSet } from "./equality.ts";
import { globMatches, type Glob } from "./glob.ts";
import type { Evaluate } from "./operator.ts";
import { MAX_TEXT } from "./text.ts";

/** What `in` looks for: values, and globs where the fact takes them (`tool`). */
export interface Choice {
  readonly values: ScalarSet;
  readonly globs: readonly Glob[];
}

export function isOneOf(value: JsonValue, { values, globs }: Choice): boolean {
  if (values.has(value)) return true;
  if (typeof value !== "string") return false;
  for (const glob of globs) if (globMatches(glob, value)) return true;
  return false;
}

function choose(value: JsonValue, choice: Choice, context: Context): boolean | Truth {
  if (choice.globs.length > 0 && typeof value === "string" && value.length > MAX_TEXT) {
    return context.unevaluable("too_large");
  }
  return isOneOf(value, choice);
}

export const oneOf: Evaluate<Choice> = (value, operand, context) => {
  const found = choose(value, operand, context);
  return typeof found === "boolean" ? (found ? TRUE : FALSE) : found;
};
export const notOneOf: Evaluate<Choice> = (value, operand, context) => {
  const found = choose(value, operand, context);
  return typeof found === "boolean" ? (found ? FALSE : TRUE) : found;
};
