import type { JsonValue } from "#api";
import type { ArgsFact, Condition, Test } from "../compile/compiled.ts";
import { FALSE, TRUE, UNEVALUABLE, type Truth } from "../model.ts";
import { visitPath } from "../path.ts";
import type { Evaluate } from "../operators/operator.ts";
import type { Context } from "./context.ts";
import { readFact, UNREADABLE } from "./read.ts";

/**
 * True, false or unevaluable, combined as Kleene does. It stops at what settles the answer (a false in `all`, a true in `any`), never at an
 * unevaluable, so the order of conditions does not show. When the answer is unevaluable, `context.why` says why.
 */
export function evaluateCondition(condition: Condition, context: Context): Truth {
  context.why = "";
  context.whyFact = "";
  return truthOf(condition, context);
}

/** As `evaluateCondition`, but keeps a reason noted before. */
export function truthOf(condition: Condition, context: Context): Truth {
  switch (condition.kind) {
    case "test":
      return truthOfTest(condition, context);
    case "all":
      return combine(condition.items, FALSE, context);
    case "any":
      return combine(condition.items, TRUE, context);
    case "not":
      return negate(truthOf(condition.item, context));
    case "cel":
      return truthOfCel(condition, context);
  }
}

function negate(truth: Truth): Truth {
  return truth === TRUE ? FALSE : truth === FALSE ? TRUE : UNEVALUABLE;
}

/** `all` is settled by a false, `any` by a true; a settled answer forgets the reasons of what did not matter. */
function combine(items: readonly Condition[], settling: Truth, context: Context): Truth {
  const { why, whyFact } = context;
  let result: Truth = settling === TRUE ? FALSE : TRUE;
  for (let i = 0; i < items.length; i++) {
    const truth = truthOf(items[i] as Condition, context);
    if (truth === settling) {
      context.why = why;
      context.whyFact = whyFact;
      return settling;
    }
    if (truth === UNEVALUABLE) result = UNEVALUABLE;
  }
  return result;
}

function truthOfTest(test: Test, context: Context): Truth {
  const { fact } = test;
  if (fact.kind === "args" && fact.wild) return truthOfElements(test, fact, context);
  const value = readFact(fact, context);
  const truth = value === UNREADABLE ? UNEVALUABLE : truthOfValue(test, value, context);
  if (truth === UNEVALUABLE && context.whyFact === "") context.whyFact = fact.key;
  return truth;
}

/** Absence is false for every operator but `exists: false`, the negative ones too. */
export function truthOfValue(test: Test, value: JsonValue | undefined, context: Context): Truth {
  const { name, evaluate } = test.operator;
  if (name === "exists") return (value !== undefined) === test.operand ? TRUE : FALSE;
  return value === undefined ? FALSE : (evaluate as Evaluate<Test["operand"]>)(value, test.operand, context);
}

/** Some element holds: true; else some cannot be judged: unevaluable. Without any element the fact is absent. */
function truthOfElements(test: Test, fact: ArgsFact, context: Context): Truth {
  const { why, whyFact } = context;
  let found = false;
  let unsure = false;
  const visited = visitPath(context.input.args, fact.path, (value) => {
    const truth = truthOfValue(test, value, context);
    found = truth === TRUE;
    unsure ||= truth === UNEVALUABLE;
    return found;
  });
  if (visited === 0) return truthOfValue(test, undefined, context);
  if (found) {
    context.why = why;
    context.whyFact = whyFact;
    return TRUE;
  }
  if (visited === Infinity) context.unevaluable("too_large");
  const open = unsure || visited === Infinity;
  if (open && context.whyFact === "") context.whyFact = fact.key;
  return open ? UNEVALUABLE : FALSE;
}

function truthOfCel(condition: Extract<Condition, { kind: "cel" }>, context: Context): Truth {
  const { why } = context;
  try {
    const holds = condition.program.run(context);
    context.why = why; // an unreadable fact that did not matter
    return holds ? TRUE : FALSE;
  } catch {
    // Whatever went wrong in the expression, its value is not known; that counts as matched.
    if (context.whyFact === "") context.whyFact = "cel";
    return context.unevaluable("cel_error");
  }
}
