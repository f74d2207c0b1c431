import { closest, isRunlogError, type DetectionFamily, type DetectionSpec, type EntityDefinition } from "#api";
import { compileDetector, type CustomEntity, entityTypes } from "../detect/index.ts";
import type { Findings, Path } from "../diagnostic.ts";
import { compilePattern } from "../operators/pattern.ts";
import { given } from "./given.ts";

/** Instructions of all patterns of a policy's entities together: as much as a single `matches` may have, because all run over each text. */
const MAX_PROGRAM = 10_000;
/** Words under `deny` of all entities of a policy together. */
const MAX_DENY = 1024;
const DEFAULT_MIN_SCORE = 0.5;
const CONTEXT_BONUS = 0.35;

export interface PolicyEntity {
  readonly family: DetectionFamily;
  readonly custom: CustomEntity;
  /** False when a finding was reported about it: its name is known, but it cannot be looked for. */
  readonly usable: boolean;
}

/** What `spec.detection` says, checked; an empty one is what a policy without it has. */
export interface DetectionSettings {
  readonly entities: readonly PolicyEntity[];
  readonly allow: readonly string[];
  readonly allowTestValues: boolean;
  readonly publicAddressesOnly: boolean;
  readonly minScore: number | undefined;
  readonly perEntity: Readonly<Record<string, number>>;
}

export const noSettings: DetectionSettings = Object.freeze({
  entities: Object.freeze([]),
  allow: Object.freeze([]),
  allowTestValues: false,
  publicAddressesOnly: false,
  minScore: undefined,
  perEntity: Object.freeze({}),
});

/** Names a rule may use: those built in and those of its policy. */
export function entityNames(family: DetectionFamily, { entities }: DetectionSettings): readonly string[] {
  return [
    ...entityTypes.filter((entity) => entity.family === family).map(({ type }) => type),
    ...entities.filter((entity) => entity.family === family).map(({ custom }) => custom.type),
  ];
}

/** Reads a policy's settings; what is wrong with them is reported with its place. */
export function detectionSettings(spec: DetectionSpec | undefined, path: Path, findings: Findings): DetectionSettings {
  if (spec === undefined) return noSettings;
  const { entities = [], allow = [], allowTestValues = false, publicAddressesOnly = false, minScore } = spec;
  const perEntity = Object.fromEntries(Object.entries(spec.perEntity ?? {}).map(([name, one]) => [name, one.minScore]));
  const budget = { program: MAX_PROGRAM, deny: MAX_DENY };
  const settings: DetectionSettings = {
    entities: entities.map((entity, index) => {
      const before = findings.errors;
      const at = [...path, "entities", index];
      const custom = customOf(entity);
      checkPatterns(entity, { at, findings, budget });
      checkWords(entity, { at, findings, budget });
      checkReach(entity, perEntity[entity.name] ?? minScore ?? DEFAULT_MIN_SCORE, { at, findings, budget });
      if (findings.errors === before) checkWhole(entity, custom, { at, findings, budget });
      return { family: familyOf(entity), custom, usable: findings.errors === before };
    }),
    allow,
    allowTestValues,
    publicAddressesOnly,
    minScore,
    perEntity,
  };
  checkNames(settings, path, findings);
  return settings;
}

function familyOf({ family = "pii" }: EntityDefinition): DetectionFamily {
  return family;
}

function customOf({ name, patterns, deny, context, checksum, score }: EntityDefinition): CustomEntity {
  return { type: name, ...given({ patterns, deny, context, checksum, score }) };
}

interface EntityCheck {
  readonly at: Path;
  readonly findings: Findings;
  /** What is left for this entity and those after it. */
  readonly budget: { program: number; deny: number };
}

function checkPatterns({ patterns = [] }: EntityDefinition, { at, findings, budget }: EntityCheck): void {
  for (const [index, source] of patterns.entries()) {
    const place = [...at, "patterns", index];
    try {
      const { compiled } = compilePattern(source);
      if (compiled.test("")) findings.error("bad-pattern", place, "a pattern must not match the empty text");
      budget.program -= compiled.programSize();
      if (budget.program < 0) {
        findings.error("bad-pattern", place, "the patterns of the policy's entities are too large together");
        budget.program = Number.POSITIVE_INFINITY; // said once
      }
    } catch (error) {
      findings.error("bad-pattern", place, error instanceof Error ? error.message : "not a valid RE2 expression");
    }
  }
}

function checkWords({ deny = [], context = [] }: EntityDefinition, { at, findings, budget }: EntityCheck): void {
  budget.deny -= deny.length;
  if (budget.deny < 0) {
    findings.error("bad-entity", [...at, "deny"], `the entities of a policy have at most ${MAX_DENY} words under deny`);
    budget.deny = Number.POSITIVE_INFINITY;
  }
  const phrase = context.findIndex((word) => !/^[\p{L}\p{N}]+$/u.test(word));
  if (phrase >= 0) {
    findings.error("bad-entity", [...at, "context", phrase], "context takes single words: letters and digits only");
  }
}

/** An entity that never reaches the least score would never be found. */
function checkReach(entity: EntityDefinition, least: number, { at, findings }: EntityCheck): void {
  const { deny = [], checksum, context = [], score = DEFAULT_MIN_SCORE } = entity;
  if (deny.length > 0 || checksum !== undefined) return;
  const best = Math.min(1, score + (context.length > 0 ? CONTEXT_BONUS : 0));
  if (best >= least) return;
  findings.error(
    "bad-entity",
    [...at, "score"],
    `${entity.name} scores ${best} at most and ${least} is the least that counts, so it is never found`,
  );
}

/** What the detector itself refuses, such as a name that is taken. */
function checkWhole(entity: EntityDefinition, custom: CustomEntity, { at, findings }: EntityCheck): void {
  if (entityTypes.some(({ type }) => type === entity.name)) {
    findings.error("bad-entity", [...at, "name"], `${entity.name} is a built-in entity already`);
    return;
  }
  try {
    compileDetector({ family: familyOf(entity), custom: [custom] });
  } catch (error) {
    if (!isRunlogError(error)) throw error;
    findings.error("bad-entity", at, error.message);
  }
}

function checkNames(settings: DetectionSettings, path: Path, findings: Findings): void {
  const known = [...entityNames("pii", settings), ...entityNames("secret", settings)];
  for (const name of Object.keys(settings.perEntity)) {
    if (known.includes(name)) continue;
    const meant = closest(name, known);
    findings.error("unknown-entity", [...path, "perEntity", name], `there is no entity "${name}"`, meant);
  }
}
