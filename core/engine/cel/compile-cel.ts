import { closest } from "#api";
import { serialize, type ASTNode, type Environment } from "@marcbachmann/cel-js";
import type { CelProgram } from "../compile/compiled.ts";
import type { Interner } from "../compile/interner.ts";
import { OperandError } from "../compile/operand-error.ts";
import type { Context } from "../evaluate/context.ts";
import { compilePattern, type Pattern } from "../operators/pattern.ts";
import { chainOf, childrenOf, sameTree } from "./ast.ts";
import { extentOf, isTooCostly, MAX_LOOPS, shapeOf, type Extent } from "./cost.ts";
import { CEL_NAMESPACE, celEnvironment, celVariables, RE2_MATCHES } from "./environment.ts";
import { factsIn } from "./facts.ts";
import { guardOf } from "./guard.ts";

/** Characters an expression may have. */
export const MAX_CEL = 2048;

export interface CelScope {
  readonly zone: string;
  readonly interner: Interner;
}

/** Compiles an expression over the facts. Throws OperandError when it is no valid one or could cost too much. */
export function compileCel(source: string, { zone, interner }: CelScope): CelProgram {
  if (source.length > MAX_CEL) throw new OperandError("bad-cel", `an expression has at most ${MAX_CEL} characters`);
  const environment = celEnvironment(interner);
  const { ast, patterns, evaluate } = prepare(source, environment, interner);
  const shape = shapeOf(ast);
  if (shape.loops > MAX_LOOPS) throw new OperandError("bad-cel", `loops are nested deeper than ${MAX_LOOPS} levels`);
  const { facts, view } = factsIn(ast, zone, interner);
  const splits = someNode(ast, (node) => node.op === "rcall" && node.args[0] === "split");
  const run = (context: Context): boolean => {
    if (shape.loops > 0 && isTooCostly(shape, extent(context), splits))
      throw new Error("the expression would cost too much");
    const result: unknown = evaluate(view(context));
    if (typeof result !== "boolean") throw new Error("the expression is neither true nor false");
    return result;
  };
  // The patterns are held by the program, so that the interner keeps them as long as it.
  return Object.freeze({ source, facts, guard: guardOf(facts, run, interner), run, patterns });
}

function extent({ input }: Context): Extent {
  return extentOf(input.args);
}

interface Prepared {
  readonly ast: ASTNode;
  readonly patterns: readonly Pattern[];
  readonly evaluate: (facts: object) => unknown;
}

/** Parses, sends `matches` to RE2 and checks the types. The library's own `matches` would backtrack. */
function prepare(source: string, environment: Environment, interner: Interner): Prepared {
  const parsed = parse(source, environment);
  const patterns = regexCalls(parsed.ast).map((call) => sendToRe2(call, interner));
  const loosened = loosenArithmetic(parsed.ast);
  const final = patterns.length === 0 && !loosened ? parsed : parse(serialize(parsed.ast), environment);
  if (regexCalls(final.ast).length > 0 || !sameTree(parsed.ast, final.ast)) {
    throw new OperandError("bad-cel", "the expression cannot be prepared; write matches in a simpler way");
  }
  const { valid, type, error } = final.check();
  if (!valid) throw new OperandError("bad-cel", explain(error), suggestion(error));
  if ((type !== "bool" && type !== "dyn") || arithmetic.has(final.ast.op))
    throw new OperandError("bad-cel", `the expression gives something else; expected true or false`);
  return { ast: final.ast, patterns, evaluate: (facts) => final(facts) as unknown };
}

function parse(source: string, environment: Environment): ReturnType<Environment["parse"]> {
  try {
    return environment.parse(source);
  } catch (error) {
    throw new OperandError("bad-cel", explain(error));
  }
}

function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = ""] = text.split("\n");
  if (/reserved.*namespace|namespace.*reserved/i.test(line))
    return `namespace is a reserved word of CEL: write ${CEL_NAMESPACE}`;
  return `not a valid CEL expression: ${line}`.replace(RE2_MATCHES, "matches");
}

function suggestion(error: unknown): string | undefined {
  const name = error instanceof Error ? /Unknown variable: (\w+)/.exec(error.message)?.[1] : undefined;
  return name === undefined ? undefined : closest(name, celVariables);
}

type MethodCall = Extract<ASTNode, { op: "rcall" }>;

function regexCalls(node: ASTNode): readonly MethodCall[] {
  const inner = childrenOf(node).flatMap(regexCalls);
  return node.op === "rcall" && node.args[0] === "matches" ? [...inner, node] : inner;
}

function someNode(node: ASTNode, holds: (node: ASTNode) => boolean): boolean {
  return holds(node) || childrenOf(node).some((child) => someNode(child, holds));
}

const arithmetic = new Set(["+", "-", "*", "/"]);

/**
 * The library takes `10 / args.n` for an integer, because it looks at the left side only; `dyn(10) / args.n` leaves it open until the number is known.
 * Answers whether anything was rewritten.
 */
function loosenArithmetic(node: ASTNode): boolean {
  const inner = childrenOf(node).map(loosenArithmetic).includes(true);
  if (!arithmetic.has(node.op)) return inner;
  const sides = node.args as ASTNode[];
  const [left] = sides;
  if (left === undefined || chainOf(left) !== undefined || (left.op === "value" && typeof left.args !== "bigint"))
    return inner;
  // Only its kind and operands are looked at when it is written out again.
  sides[0] = { op: "call", args: ["dyn", [left]] } as unknown as ASTNode;
  return true;
}

function sendToRe2(call: MethodCall, interner: Interner): Pattern {
  const [pattern] = call.args[2];
  if (pattern?.op !== "value" || typeof pattern.args !== "string") {
    throw new OperandError("bad-cel", "matches takes a pattern that is written out");
  }
  const source = pattern.args;
  call.args[0] = RE2_MATCHES;
  try {
    return interner.share("pattern", source, () => Object.freeze(compilePattern(source)));
  } catch (error) {
    throw new OperandError("bad-pattern", error instanceof Error ? error.message : "not a valid RE2 expression");
  }
}
