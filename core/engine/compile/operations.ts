import { modifyVerbs, type ModifyOperation } from "#api";
import { EVERY } from "../model.ts";
import type { Findings, Path } from "../diagnostic.ts";
import { parseFactName } from "../parse/fact-name.ts";
import type { ArgsFact, CompiledOperation } from "./compiled.ts";
import { argsFact } from "./facts.ts";
import { OperandError } from "./operand-error.ts";
import { detectionOf, type OperandScope } from "./operands.ts";

type Verb = CompiledOperation["verb"];
/** What each verb takes beside its path. */
const companions: Readonly<Record<Verb, readonly (keyof ModifyOperation)[]>> = {
  redact: ["entities"],
  set: ["value"],
  add_default: ["value"],
  remove: [],
  clamp: ["min", "max"],
  truncate: ["length"],
};

/** The operations of a modify rule or of an approver's edits; undefined when one is wrong, which `findings` then says. */
export function compileOperations(
  operations: readonly ModifyOperation[],
  path: Path,
  scope: OperandScope & { readonly findings: Findings },
): readonly CompiledOperation[] | undefined {
  const compiled = operations.map((operation, index) => compileOne(operation, [...path, index], scope));
  const good = compiled.filter((operation) => operation !== undefined);
  return good.length === compiled.length ? Object.freeze(good) : undefined;
}

function compileOne(
  operation: ModifyOperation,
  path: Path,
  scope: OperandScope & { readonly findings: Findings },
): CompiledOperation | undefined {
  const fail = (message: string, at: Path = path): undefined => {
    scope.findings.error("bad-modify", at, message);
    return undefined;
  };
  const verbs = modifyVerbs.filter((verb) => operation[verb] !== undefined);
  const [verb] = verbs;
  if (verb === undefined || verbs.length > 1) return fail(`expected exactly one of ${modifyVerbs.join(", ")}`);
  const foreign = Object.keys(operation).find(
    (key) => key !== verb && !(companions[verb] as readonly string[]).includes(key),
  );
  if (foreign !== undefined) return fail(`${foreign} does not belong to ${verb}`, [...path, foreign]);
  const fact = parseFactName(operation[verb] ?? "");
  if (fact?.kind !== "args") return fail("expected a path in the arguments such as args.body", [...path, verb]);
  const problem = missing(verb, operation) ?? misplaced(verb, fact.path);
  if (problem !== undefined) return fail(problem);
  return finish({ verb, place: argsFact(fact.path, scope.interner), operation, path, scope });
}

function missing(verb: Verb, operation: ModifyOperation): string | undefined {
  if (verb === "clamp") return missingBound(operation);
  const needed = companions[verb].find((key) => key !== "entities" && operation[key] === undefined);
  return needed === undefined ? undefined : `${verb} needs a ${needed}`;
}

function missingBound({ min, max }: ModifyOperation): string | undefined {
  if (min === undefined && max === undefined) return "clamp needs min, max or both";
  return min !== undefined && max !== undefined && min > max ? "min is greater than max" : undefined;
}

function misplaced(verb: Verb, path: ArgsFact["path"]): string | undefined {
  if (path.includes("__proto__")) return "no argument may be called __proto__ here";
  if (path.length === 0 && verb !== "redact") return `${verb} needs a path below args`;
  if (verb === "add_default" && path.at(-1) === EVERY) return "add_default needs a key to add";
  return undefined;
}

interface Finish {
  readonly verb: Verb;
  readonly place: ArgsFact;
  readonly operation: ModifyOperation;
  readonly path: Path;
  readonly scope: OperandScope & { readonly findings: Findings };
}

function finish({ verb, place, operation, path, scope }: Finish): CompiledOperation | undefined {
  const { value, min, max, length } = operation;
  try {
    return Object.freeze({
      verb,
      path: place,
      ...(verb === "redact" ? { detection: detectionOf(operation.entities ?? true, "pii", scope) } : {}),
      ...(value === undefined ? {} : { value }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(length === undefined ? {} : { length }),
    });
  } catch (error) {
    if (!(error instanceof OperandError)) throw error;
    scope.findings.error(error.code, [...path, "entities"], error.message, error.suggestion);
    return undefined;
  }
}
