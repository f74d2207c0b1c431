import { RE2JS } from "re2js";
import { countedText, Reads, weightOf, withinReads } from "../detect/index.ts";
import { FALSE, TRUE, UNEVALUABLE } from "../model.ts";
import type { Evaluate } from "./operator.ts";
import { searchable } from "./text.ts";

/** UTF-16 units a pattern may have. */
export const MAX_PATTERN = 1024;
/** Instructions a compiled pattern may have: `x{1000}{1000}` is short and huge. */
const MAX_PROGRAM = 10_000;
/** What a pattern of many instructions may read of one text, and in addition for each of its characters: each read follows up to all instructions. */
const FIRST_READS = 1_048_576;
const READS_PER_CHARACTER = 8;
const MOST_READS = 2_097_152;
/**
 * Bytes by RE2JS's own count that a pattern may keep of its automaton from text to text, for any program and for each instruction; its default of 8 MB
 * would be kept for each pattern of each policy. A state names up to all instructions at 8 bytes, so this is at least 64 states.
 */
const AUTOMATON = 131_072;
const AUTOMATON_PER_INSTRUCTION = 512;
const LARGEST_AUTOMATON = 2_097_152;

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
  const found = context.memory.once(operand, text, () => search(operand, text));
  return found === "spent" ? context.unevaluable("scan_limit") : found ? TRUE : FALSE;
};

/** A small program is linear in the text with a small factor; a large one is given only as much as it may cost. */
function search({ compiled }: Pattern, text: string): boolean | "spent" {
  boundAutomaton(compiled);
  if (weightOf(compiled) === 1) return compiled.test(text);
  const reads = new Reads(FIRST_READS, MOST_READS);
  reads.add(READS_PER_CHARACTER * text.length);
  return withinReads(() => compiled.test(countedText(text, compiled, reads)));
}

/** Literals and patterns without alternatives to follow need none. The automaton is made by the first search. One that outgrows its budget starts anew or gives way to a slower, still linear search. */
function boundAutomaton(compiled: RE2JS): void {
  const { re2Input } = compiled;
  if (re2Input.prefixComplete || re2Input.onepass) return;
  const { dfa } = re2Input;
  const most = Math.min(AUTOMATON + AUTOMATON_PER_INSTRUCTION * compiled.programSize(), LARGEST_AUTOMATON);
  if (dfa.stateBudget === most) return;
  dfa.stateBudget = most;
  dfa.memBudget = most;
}

export const notMatches: Evaluate<Pattern> = (value, operand, context) => {
  const found = matches(value, operand, context);
  return found === UNEVALUABLE ? found : found === TRUE ? FALSE : TRUE;
};
