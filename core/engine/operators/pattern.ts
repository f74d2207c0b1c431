import { RE2JS } from "re2js";
import { FALSE, TRUE, UNEVALUABLE } from "../model.ts";
import type { Evaluate } from "./operator.ts";
import { searchable } from "./text.ts";

/** UTF-16 units a pattern may have. */
export const MAX_PATTERN = 1024;
/** Instructions a compiled pattern may have: `x{1000}{1000}` is short and huge. */
const MAX_PROGRAM = 10_000;

/** A regular expression in RE2 syntax: matching is linear in the text. It is found anywhere; `^` and `$` anchor it. */
export interface Pattern {
  readonly source: string;
  readonly compiled: RE2JS;
}

/** Throws an Error that says what is wrong with the pattern. */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_PATTERN) throw new Error(`a pattern has at most ${MAX_PATTERN} characters`);
  const compiled = RE2JS.compile(source);
  if (compiled.programSize() > MAX_PROGRAM)
    throw new Error("the pattern is too large when its repetitions are spelt out");
  return { source, compiled };
}

export const matches: Evaluate<Pattern> = (value, operand, context) => {
  const text = searchable(value, context);
  if (typeof text !== "string") return text;
  return context.memory.once(operand, text, () => operand.compiled.test(text)) ? TRUE : FALSE;
};

export const notMatches: Evaluate<Pattern> = (value, operand, context) => {
  const found = matches(value, operand, context);
  return found === UNEVALUABLE ? found : found === TRUE ? FALSE : TRUE;
};
