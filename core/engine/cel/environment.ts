import { Environment } from "@marcbachmann/cel-js";
import { factEntry, type FactName, factNames } from "../catalog/facts.ts";
import type { Interner } from "../compile/interner.ts";
import { compilePattern } from "../operators/pattern.ts";
import { MAX_TEXT } from "../operators/text.ts";

/** `namespace` is a reserved word of CEL, so this fact has another name there. */
export const CEL_NAMESPACE = "agent_namespace";

/** Facts by their names in CEL: all but those that need to be told which counter is meant. `time` has `hour` and `weekday`. */
export const celVariables: readonly string[] = Object.freeze([
  ...factNames.filter((name) => isVariable(name)),
  CEL_NAMESPACE,
  "time",
]);

function isVariable(name: FactName): boolean {
  return !name.includes(".") && name !== "namespace" && factEntry(name).counter?.span !== "window";
}

/** The name under which `matches` is called after its rewriting; not a name one would choose. */
export const RE2_MATCHES = "runlogRe2Matches";

const limits = { maxAstNodes: 400, maxDepth: 24, maxListElements: 64, maxMapEntries: 32, maxCallArguments: 8 };

/**
 * One environment for all expressions that share an interner. JSON numbers are doubles, so arithmetic between a double and an integer
 * literal is defined here (`args.n + 1`), which the CEL specification leaves out.
 */
export function celEnvironment(interner: Interner): Environment {
  return interner.share("cel", "environment", () => {
    const environment = new Environment({
      unlistedVariablesAreDyn: false,
      homogeneousAggregateLiterals: false,
      limits,
    });
    for (const name of celVariables) environment.registerVariable(name, "dyn");
    addMixedArithmetic(environment);
    environment.registerFunction(`string.${RE2_MATCHES}(string): bool`, (text: string, source: string) => {
      if (text.length > MAX_TEXT) throw new Error("the text is too long to be searched");
      return interner.share("pattern", source, () => Object.freeze(compilePattern(source))).compiled.test(text);
    });
    return environment;
  });
}

function addMixedArithmetic(environment: Environment): void {
  const operations = {
    "+": (a: number, b: number) => a + b,
    "-": (a: number, b: number) => a - b,
    "*": (a: number, b: number) => a * b,
    "/": (a: number, b: number) => a / b,
  } as const;
  for (const [sign, apply] of Object.entries(operations)) {
    environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => apply(a, Number(b)));
    environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => apply(Number(a), b));
  }
}
