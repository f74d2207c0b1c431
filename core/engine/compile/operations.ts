import { closest, modifyVerbs, type DetectionFamily, type ModifyOperation } from "#api";
import { compileDetection, keyOf, type Wanted } from "../content/compile-detection.ts";
import { given } from "../content/given.ts";
import { entityNames, noSettings, type DetectionSettings } from "../content/settings.ts";
import { EVERY } from "../model.ts";
import type { Findings, Path } from "../diagnostic.ts";
import { parseFactName } from "../parse/fact-name.ts";
import type { ArgsFact, CompiledOperation, Redaction } from "./compiled.ts";
import { argsFact } from "./facts.ts";
import { OperandError } from "./operand-error.ts";
import type { OperandScope } from "./operands.ts";
import { shown } from "./scalars.ts";

type Verb = CompiledOperation["verb"];
/** What each verb takes beside its path. */
const companions: Readonly<Record<Verb, readonly (keyof ModifyOperation)[]>> = {
  redact: ["entities", "secrets", "as", "keepLast"],
  set: ["value"],
  add_default: ["value"],
  remove: [],
  clamp: ["min", "max"],
  truncate: ["length"],
};

export interface OperationScope extends OperandScope {
  readonly findings: Findings;
  /** The keyed hash of `as: hash`; absent where no key is configured. */
  readonly hash?: ((value: string) => string) | undefined;
}

/** The operations of a modify rule or of an approver's edits; undefined when one is wrong, which `findings` then says. */
export function compileOperations(
  operations: readonly ModifyOperation[],
  path: Path,
  scope: OperationScope,
): readonly CompiledOperation[] | undefined {
  const compiled = operations.map((operation, index) => compileOne(operation, [...path, index], scope));
  const good = compiled.filter((operation) => operation !== undefined);
  return good.length === compiled.length ? Object.freeze(good) : undefined;
}

function compileOne(operation: ModifyOperation, path: Path, scope: OperationScope): CompiledOperation | undefined {
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
  const problem = missing(verb, operation) ?? misplaced(verb, fact.path) ?? unmasked(operation);
  if (problem !== undefined) return fail(problem);
  return finish({ verb, place: argsFact(fact.path, scope.interner), operation, path, scope });
}

function missing(verb: Verb, operation: ModifyOperation): string | undefined {
  if (verb === "clamp") return missingBound(operation);
  const needed = verb === "redact" ? undefined : companions[verb].find((key) => operation[key] === undefined);
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

function unmasked({ as, keepLast }: ModifyOperation): string | undefined {
  return keepLast === undefined || as === "mask" ? undefined : "keepLast needs as: mask";
}

interface Finish {
  readonly verb: Verb;
  readonly place: ArgsFact;
  readonly operation: ModifyOperation;
  readonly path: Path;
  readonly scope: OperationScope;
}

function finish({ verb, place, operation, path, scope }: Finish): CompiledOperation | undefined {
  const { value, min, max, length } = operation;
  try {
    return Object.freeze({
      verb,
      path: place,
      ...(verb === "redact" ? { redaction: redactionOf(operation, keyOf(place.path), scope) } : {}),
      ...(value === undefined ? {} : { value }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(length === undefined ? {} : { length }),
    });
  } catch (error) {
    if (!(error instanceof OperandError)) throw error;
    scope.findings.error(error.code, [...path, redactField(error)], error.message, error.suggestion);
    return undefined;
  }
}

function redactField({ code }: OperandError): string {
  return code === "no-hash-key" ? "as" : "entities";
}

function redactionOf(operation: ModifyOperation, key: string | undefined, scope: OperationScope): Redaction {
  const { as = "replace", keepLast } = operation;
  const hash = as === "hash" ? scope.hash : undefined;
  if (as === "hash" && hash === undefined) {
    throw new OperandError("no-hash-key", "hash needs a key, and none is configured: see detection.hashKeyFile");
  }
  const detections = lookFor(operation, scope).map((one) => compileDetection({ ...one, key }, scope));
  return Object.freeze({ detections: Object.freeze(detections), as, ...given({ keepLast, hash }) });
}

/** Entities of either family; secrets come first, because redacting what is personal in a part of one would leave the rest. */
function lookFor(
  { entities, secrets = false }: ModifyOperation,
  { detection = noSettings }: OperationScope,
): readonly Omit<Wanted, "key">[] {
  if (entities === undefined) return secrets ? [{ family: "secret" }, { family: "pii" }] : [{ family: "pii" }];
  checkEntities(entities, detection);
  const named = (family: DetectionFamily): readonly Omit<Wanted, "key">[] => {
    const own = entities.filter((name) => entityNames(family, detection).includes(name));
    return own.length === 0 ? [] : [{ family, entities: own }];
  };
  return [...(secrets ? [{ family: "secret" } as const] : named("secret")), ...named("pii")];
}

function checkEntities(entities: readonly string[], detection: DetectionSettings): void {
  if (entities.length === 0) throw new OperandError("bad-operand", "the list is empty");
  const all = [...entityNames("pii", detection), ...entityNames("secret", detection)];
  const unknown = entities.find((name) => !all.includes(name));
  if (unknown === undefined) return;
  throw new OperandError("unknown-entity", `there is no entity ${shown(unknown)}`, closest(unknown, all));
}
