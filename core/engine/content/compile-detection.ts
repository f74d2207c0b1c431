import { closest, digestOf, isRunlogError, type DetectionFamily } from "#api";
import type { Interner } from "../compile/interner.ts";
import { OperandError } from "../compile/operand-error.ts";
import { boundedText, shown } from "../compile/scalars.ts";
import { compileDetector, type DetectOptions } from "../detect/index.ts";
import type { Segment } from "../model.ts";
import { isObject } from "../parse/parse-when.ts";
import type { Detection } from "./detection.ts";
import { filled, given } from "./given.ts";
import { entityNames, noSettings, type DetectionSettings } from "./settings.ts";

const MAX_ENTITIES = 256;

export interface DetectionScope {
  readonly interner: Interner;
  /** The policy's `spec.detection`; absent where there is no policy. */
  readonly detection?: DetectionSettings | undefined;
}

/** What is looked for, and in what: `key` is the name the value stands under. */
export interface Wanted {
  readonly family: DetectionFamily;
  readonly entities?: readonly string[] | undefined;
  readonly minScore?: number | undefined;
  readonly key: string | undefined;
}

/** The operand of contains_pii and contains_secret: `true`, a list of entities, or `{ entities, min_score }`. Throws OperandError. */
export function detectionOf(
  operand: unknown,
  { family, key }: Pick<Wanted, "family" | "key">,
  scope: DetectionScope,
): Detection {
  return compileDetection({ ...operandOptions(operand), family, key }, scope);
}

/** The last key of a path: what stands at `args.phones[*]` stands under `phones`. */
export function keyOf(path: readonly Segment[]): string | undefined {
  return path.findLast((segment) => typeof segment === "string");
}

/** The detection, shared with every rule that wants the same. Throws OperandError for entities nobody knows. */
export function compileDetection(
  wanted: Wanted,
  { interner, detection: settings = noSettings }: DetectionScope,
): Detection {
  checkNames(wanted, settings);
  const options = optionsOf(wanted, settings);
  const { family, entities, minScore, ...special } = options;
  // Lists of a thousand values would make every hash of a rule costly.
  const digest = filled(special) && digestOf(special);
  const source = Object.freeze({ family, ...given({ entities, minScore, settings: digest }) });
  const { key } = wanted;
  const name = JSON.stringify(source);
  try {
    const detector = interner.share("detector", name, () => compileDetector(options));
    return interner.share("detection", `${name}\n${key === undefined ? "" : JSON.stringify(key)}`, () =>
      Object.freeze({ source, detector, key }),
    );
  } catch (error) {
    if (isRunlogError(error)) throw new OperandError("bad-operand", error.message);
    throw error;
  }
}

function checkNames({ family, entities = [] }: Wanted, settings: DetectionSettings): void {
  const known = entityNames(family, settings);
  const other = entityNames(family === "pii" ? "secret" : "pii", settings);
  for (const type of entities) {
    if (known.includes(type)) continue;
    if (other.includes(type)) {
      const operator = family === "pii" ? "contains_secret" : "contains_pii";
      throw new OperandError("unknown-entity", `${shown(type)} is of the other family: use ${operator}`, operator);
    }
    throw new OperandError("unknown-entity", `${shown(type)} is none of the ${family} entities`, closest(type, known));
  }
}

/** Only what matters for this family and these entities, so that detectors that would find the same are the same. */
function optionsOf({ family, entities, minScore }: Wanted, settings: DetectionSettings): DetectOptions {
  const own = settings.entities.filter((entity) => entity.family === family);
  const asked = askedOf(entities, own);
  const usable = own.filter((entity) => entity.usable && (asked?.includes(entity.custom.type) ?? true));
  // A rule's own score stands instead of what the policy says, also of single entities.
  const perEntity = minScore === undefined ? perEntityOf(family, asked, settings) : {};
  return {
    family,
    ...given({
      entities: asked,
      minScore: minScore ?? settings.minScore,
      custom: filled(usable.map(({ custom }) => custom)),
      allow: filled(settings.allow),
      allowTestValues: settings.allowTestValues || undefined,
      publicAddressesOnly: (family === "pii" && settings.publicAddressesOnly) || undefined,
      perEntityMinScore: filled(perEntity),
    }),
  };
}

/** Without those that cannot be looked for, which was reported already. */
function askedOf(
  entities: readonly string[] | undefined,
  own: DetectionSettings["entities"],
): readonly string[] | undefined {
  const unusable = new Set(own.filter(({ usable }) => !usable).map(({ custom }) => custom.type));
  return filled([...new Set(entities ?? [])].filter((name) => !unusable.has(name)).sort());
}

function perEntityOf(
  family: DetectionFamily,
  asked: readonly string[] | undefined,
  settings: DetectionSettings,
): Readonly<Record<string, number>> {
  const usable = settings.entities.filter((entity) => entity.usable);
  const known = new Set(asked ?? entityNames(family, { ...settings, entities: usable }));
  const wanted = Object.entries(settings.perEntity).filter(([name]) => known.has(name));
  return Object.fromEntries(wanted.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function operandOptions(operand: unknown): Pick<Wanted, "entities" | "minScore"> {
  if (operand === true) return {};
  if (Array.isArray(operand)) return { entities: entityList(operand) };
  if (!isObject(operand)) {
    throw new OperandError(
      "bad-operand",
      `expected true, a list of entities or { entities, min_score }, found ${shown(operand)}`,
    );
  }
  const { entities, min_score: minScore, ...rest } = operand;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new OperandError(
      "bad-operand",
      `there is no option ${shown(unknown)}`,
      closest(unknown, ["entities", "min_score"]),
    );
  return given({
    entities: entities === undefined ? undefined : entityList(entities),
    minScore: minScore === undefined ? undefined : scoreOf(minScore),
  });
}

function entityList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new OperandError("bad-operand", `expected a list, found ${shown(value)}`);
  if (value.length === 0) throw new OperandError("bad-operand", "the list is empty");
  if (value.length > MAX_ENTITIES) throw new OperandError("bad-operand", `a list has at most ${MAX_ENTITIES} entities`);
  return value.map(boundedText);
}

function scoreOf(value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new OperandError("bad-operand", `min_score lies between 0 and 1, found ${shown(value)}`);
}
