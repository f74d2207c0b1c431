import type { ASTNode } from "@marcbachmann/cel-js";
import type { CompiledFact } from "../compile/compiled.ts";
import { argsFact, compileFact, labelFact } from "../compile/facts.ts";
import type { Interner } from "../compile/interner.ts";
import { OperandError } from "../compile/operand-error.ts";
import type { Context } from "../evaluate/context.ts";
import { parseFactName, type PlainFactName } from "../parse/fact-name.ts";
import { bindingOf, chainOf, childrenOf, loopOf, type Chain } from "./ast.ts";
import { CEL_NAMESPACE } from "./environment.ts";
import { celValue, createView } from "./view.ts";

/** The label fact that stands for all labels at once: absent in every pod, unreadable when they are. */
const ALL_LABELS = "";

export interface CelFacts {
  readonly facts: readonly CompiledFact[];
  readonly view: (context: Context) => object;
}

/** The facts an expression names, as far as their paths are written out, and how it reads them. */
export function factsIn(ast: ASTNode, zone: string, interner: Interner): CelFacts {
  const named = new Map<string, CompiledFact>();
  const readers = new Map<string, (context: Context) => unknown>();
  for (const chain of chainsIn(ast, new Set())) {
    const fact = factOf(chain, zone, interner);
    named.set(fact.key, fact);
    readers.set(chain.root, readerOf(chain.root, fact, { zone, interner }));
  }
  return { facts: Object.freeze(withoutInner([...named.values()])), view: createView(readers) };
}

/** Names that are no variable of a loop or binding, with the constant steps after them. */
function chainsIn(node: ASTNode, bound: ReadonlySet<string>): readonly Chain[] {
  const chain = chainOf(node);
  if (chain !== undefined) return bound.has(chain.root) ? [] : [chain];
  const loop = loopOf(node);
  if (loop !== undefined) {
    const within = new Set([...bound, loop.variable]);
    return [...chainsIn(loop.over, bound), ...loop.body.flatMap((part) => chainsIn(part, within))];
  }
  const binding = bindingOf(node);
  if (binding !== undefined) {
    return [...chainsIn(binding.value, bound), ...chainsIn(binding.body, new Set([...bound, binding.variable]))];
  }
  return childrenOf(node).flatMap((child) => chainsIn(child, bound));
}

function factOf({ root, steps }: Chain, zone: string, interner: Interner): CompiledFact {
  if (root === "args") return argsFact(steps, interner);
  const [step] = steps;
  if (root === "labels") return labelFact(typeof step === "string" ? step : ALL_LABELS, "pod", interner);
  const name = root === CEL_NAMESPACE ? "namespace" : root;
  const named = parseFactName(root === "time" ? `time.${String(step)}` : name);
  if (named === undefined) {
    throw new OperandError("bad-cel", root === "time" ? "time has hour and weekday" : `there is no fact "${root}"`);
  }
  return compileFact(named, {}, zone, interner);
}

function readerOf(
  root: string,
  fact: CompiledFact,
  scope: { zone: string; interner: Interner },
): (context: Context) => unknown {
  if (root === "args") return ({ input }) => input.args;
  if (root === "labels") {
    return (context) => {
      celValue(fact, context); // throws when they cannot be read
      return context.input.subject.labels;
    };
  }
  if (root !== "time") return (context) => celValue(fact, context);
  const part = (name: PlainFactName): CompiledFact =>
    compileFact({ kind: "plain", name }, {}, scope.zone, scope.interner);
  const hour = part("time.hour");
  const weekday = part("time.weekday");
  return (context) => ({ hour: celValue(hour, context), weekday: celValue(weekday, context) });
}

/** `args.a` covers `args.a.b`. */
function withoutInner(facts: readonly CompiledFact[]): readonly CompiledFact[] {
  return facts.filter(
    (fact) =>
      fact.kind !== "args" ||
      !facts.some((outer) => outer !== fact && outer.kind === "args" && isWithin(fact.path, outer.path)),
  );
}

function isWithin(path: readonly unknown[], outer: readonly unknown[]): boolean {
  return outer.length < path.length && outer.every((segment, index) => segment === path[index]);
}
