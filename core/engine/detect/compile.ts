import { RunlogError } from "#api";
import { type CompiledCustom, compileCustom } from "./custom.ts";
import { piiEntities, type EntityInfo } from "./entities.ts";
import { LeafScan, type Place } from "./leaf-scan.ts";
import { mayHold } from "./object-keys.ts";
import { scanText } from "./scan-text.ts";
import { Scanner, type ScanSettings } from "./scanner.ts";
import { secretEntities } from "./secrets/entities.ts";
import { secretScan } from "./secrets/scan-secrets.ts";
import type { Detector, DetectOptions, Finding, ScanResult } from "./types.ts";
import { type Visitor, walkLeaves } from "./walk.ts";

/** Changes whenever the same value may be found or scored differently; records keep it. */
export const DETECTOR_VERSION = "1.1.0";

/** Every built-in entity of both families. */
export const entityTypes: readonly EntityInfo[] = Object.freeze([...piiEntities, ...secretEntities]);

const DEFAULT_MIN_SCORE = 0.5;
const DEFAULT_MAX_CHARS = 131_072;
const MOST_CHARS = 1_048_576;
const MAX_CUSTOM = 32;
const MAX_ALLOW = 1024;
/** Numbers below this have too few digits to be anything that is looked for. */
const SMALLEST_NUMBER = 100_000;

function refuse(path: string, message: string): never {
  throw new RunlogError("RL_POLICY_INVALID", message, { path });
}

function checkScore(score: number | undefined, path: string): void {
  if (score !== undefined && !(score >= 0 && score <= 1)) refuse(path, "a score lies between 0 and 1");
}

function checkLimits(options: DetectOptions): void {
  const { minScore, allow = [], custom = [], maxChars = DEFAULT_MAX_CHARS } = options;
  checkScore(minScore, "minScore");
  if (allow.length > MAX_ALLOW) refuse("allow", `at most ${MAX_ALLOW} values`);
  if (custom.length > MAX_CUSTOM) refuse("custom", `at most ${MAX_CUSTOM} entities`);
  const fits = Number.isInteger(maxChars) && maxChars >= 1 && maxChars <= MOST_CHARS;
  if (!fits) refuse("maxChars", `a whole number from 1 to ${MOST_CHARS}`);
}

/** Names of the family and of its custom entities, in the order of their numbers. */
function namesOf(options: DetectOptions, entities: readonly EntityInfo[]): string[] {
  const names = entities.map(({ type }) => type);
  for (const [i, { type }] of (options.custom ?? []).entries()) {
    if (names.includes(type)) refuse(`custom[${i}].type`, `${type} is already an entity`);
    names.push(type);
  }
  options.entities?.forEach((type, i) => {
    if (!names.includes(type)) refuse(`entities[${i}]`, `${type} is no entity of this family`);
  });
  for (const [type, score] of Object.entries(options.perEntityMinScore ?? {})) {
    if (!names.includes(type)) refuse(`perEntityMinScore.${type}`, `${type} is no entity of this family`);
    checkScore(score, `perEntityMinScore.${type}`);
  }
  return names;
}

function settingsOf(options: DetectOptions, names: readonly string[], entities: readonly EntityInfo[]): ScanSettings {
  const wanted = (name: string, i: number): boolean =>
    options.entities?.includes(name) ?? entities[i]?.defaultOn ?? true;
  const floor = options.minScore ?? DEFAULT_MIN_SCORE;
  return Object.freeze({
    enabled: Uint8Array.from(names, (name, i) => (wanted(name, i) ? 1 : 0)),
    minScore: Float64Array.from(names, (name) => options.perEntityMinScore?.[name] ?? floor),
    allow: new Set((options.allow ?? []).map((value) => value.trim().toLowerCase())),
    allowTestValues: options.allowTestValues ?? false,
    publicAddressesOnly: options.publicAddressesOnly ?? false,
  });
}

interface Outcome {
  found: boolean;
  truncated: boolean;
}

function leafText(leaf: string | number): string {
  if (typeof leaf === "string") return leaf;
  return leaf >= SMALLEST_NUMBER && Number.isSafeInteger(leaf) ? String(leaf) : "";
}

/**
 * Checks the options and builds a detector from them. Throws RL_POLICY_INVALID whose `path` names the option.
 * Nothing about a detector changes from call to call, so one may be shared; it must not be called from within itself.
 */
export function compileDetector(options: DetectOptions): Detector {
  checkLimits(options);
  const pii = options.family === "pii";
  const entities = pii ? piiEntities : secretEntities;
  const names = namesOf(options, entities);
  const custom: readonly CompiledCustom[] = (options.custom ?? []).map((entity, i) =>
    compileCustom(entity, entities.length + i, `custom[${i}]`),
  );
  const settings = settingsOf(options, names, entities);
  const scan = new LeafScan({
    scanner: new Scanner(settings),
    inner: new Scanner(settings),
    scan: pii ? scanText : secretScan(),
    custom,
    names,
    decode: options.decode ?? true,
  });
  const maxChars = options.maxChars ?? DEFAULT_MAX_CHARS;

  const run = (value: unknown, key: string | undefined, sink: Finding[] | undefined): Outcome => {
    const outcome: Outcome = { found: false, truncated: false };
    const skip = key === undefined ? 0 : 1;
    let left = maxChars;
    scan.begin();
    const look = (whole: string, place: Place): boolean => {
      let text = whole;
      if (text.length > left) {
        outcome.truncated = true;
        text = text.slice(0, left);
      }
      left -= text.length;
      if (scan.leaf(text, place, sink)) outcome.found = true;
      if (scan.truncated) outcome.truncated = true;
      return outcome.truncated || (outcome.found && sink === undefined);
    };
    const leaf: Visitor["leaf"] = (value, keys, sibling) => {
      const text = leafText(value);
      return text !== "" && look(text, { keys, sibling, skip });
    };
    const name: Visitor["name"] = (text, keys) =>
      (custom.length > 0 || mayHold(text)) && look(text, { keys, sibling: "", skip, name: text });
    if (typeof value === "string") leaf(value, key === undefined ? [] : [key], "");
    else if (walkLeaves(value, key, { leaf, name })) outcome.truncated = true;
    return outcome;
  };

  return Object.freeze({
    family: options.family,
    any(value: unknown, key?: string): boolean | "truncated" {
      const { found, truncated } = run(value, key, undefined);
      return found || (truncated ? "truncated" : false);
    },
    findAll(value: unknown, key?: string): ScanResult {
      const findings: Finding[] = [];
      const { truncated } = run(value, key, findings);
      return { findings, truncated };
    },
  });
}
