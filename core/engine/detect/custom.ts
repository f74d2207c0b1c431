import { RE2JS } from "re2js";
import { RunlogError } from "#api";
import { isAlnum, isDigit } from "./chars.ts";
import { luhn, mod11, mod97, verhoeff } from "./checksums.ts";
import { CONTEXT_BONUS, type Hit } from "./scanner.ts";
import type { Checksum, CustomEntity } from "./types.ts";

const MAX_PATTERNS = 16;
const MAX_PATTERN = 512;
const MAX_WORDS = 1024;
const MAX_WORD = 256;
const WINDOW = 48;

/** An entity of a policy's author, ready to scan. Frozen. */
export interface CompiledCustom {
  readonly entity: number;
  readonly type: string;
  readonly patterns: readonly RE2JS[];
  readonly deny: readonly string[];
  readonly score: number;
  readonly context: ReadonlySet<string>;
  readonly checksum: Checksum | undefined;
}

function refuse(path: string, message: string): never {
  throw new RunlogError("RL_POLICY_INVALID", message, { path });
}

function compilePattern(pattern: string, path: string): RE2JS {
  if (pattern === "" || pattern.length > MAX_PATTERN) refuse(path, `a pattern has 1 to ${MAX_PATTERN} characters`);
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.matcher("").find()) refuse(path, "a pattern must not match the empty text");
    return compiled;
  } catch (cause) {
    if (cause instanceof RunlogError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RunlogError("RL_POLICY_INVALID", `not an RE2 pattern: ${reason}`, { path, cause });
  }
}

function checkWords(deny: readonly string[], path: string): void {
  const bad = deny.some((word) => word.trim() === "" || word.length > MAX_WORD);
  if (bad || deny.length > MAX_WORDS) refuse(path, `at most ${MAX_WORDS} words of 1 to ${MAX_WORD} characters`);
}

function checkShape(custom: CustomEntity, path: string): void {
  const { patterns = [], deny = [], score = 0.5 } = custom;
  if (!/^[A-Z][A-Z0-9_]{0,62}$/.test(custom.type)) {
    refuse(`${path}.type`, "an entity name is upper case letters, digits and _");
  }
  if (patterns.length + deny.length === 0) refuse(path, "an entity needs patterns or deny words");
  if (patterns.length > MAX_PATTERNS) refuse(`${path}.patterns`, `at most ${MAX_PATTERNS} patterns`);
  checkWords(deny, `${path}.deny`);
  if (!(score >= 0 && score <= 1)) refuse(`${path}.score`, "a score lies between 0 and 1");
}

/** Throws RL_POLICY_INVALID with the path of what is wrong. */
export function compileCustom(custom: CustomEntity, entity: number, path: string): CompiledCustom {
  checkShape(custom, path);
  const { patterns = [], deny = [], score = 0.5, context = [] } = custom;
  return Object.freeze({
    entity,
    type: custom.type,
    patterns: patterns.map((pattern, i) => compilePattern(pattern, `${path}.patterns[${i}]`)),
    deny: deny.map((word) => word.toLowerCase()),
    score,
    context: new Set(context.map((word) => word.toLowerCase())),
    checksum: custom.checksum,
  });
}

function digitsOf(value: string): number[] {
  return Array.from(value).flatMap((char) => (isDigit(char.charCodeAt(0)) ? [Number(char)] : []));
}

function checksumHolds(checksum: Checksum, value: string): boolean {
  if (checksum === "mod97")
    return mod97(
      Array.from(value)
        .filter((char) => isAlnum(char.charCodeAt(0)) && char.length === 1)
        .join(""),
    );
  const digits = digitsOf(value);
  if (digits.length < 2) return false;
  if (checksum === "luhn") return luhn(digits, 0, digits.length);
  return checksum === "verhoeff" ? verhoeff(digits, 0, digits.length) : mod11(digits, 0, digits.length);
}

function named(
  custom: CompiledCustom,
  text: string,
  near: { start: number; end: number; keys: readonly (string | number)[] },
): boolean {
  if (custom.context.size === 0) return false;
  const { start, end, keys } = near;
  const around = `${keys.slice(-3).join(" ")} ${text.slice(Math.max(0, start - WINDOW), start)} ${text.slice(end, end + WINDOW / 2)}`;
  const words = around
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => custom.context.has(word));
}

function isWhole(text: string, start: number, end: number): boolean {
  return !isAlnum(text.charCodeAt(start - 1)) && !isAlnum(text.charCodeAt(end));
}

function denyHits(custom: CompiledCustom, text: string, hits: Hit[]): void {
  const lower = text.toLowerCase();
  // A few letters change their length in lower case; offsets would then be wrong.
  const haystack = lower.length === text.length ? lower : text;
  for (const word of custom.deny) {
    for (let at = haystack.indexOf(word); at >= 0; at = haystack.indexOf(word, at + word.length)) {
      if (isWhole(text, at, at + word.length))
        hits.push({ entity: custom.entity, start: at, end: at + word.length, score: 1, rule: "deny" });
    }
  }
}

function patternHits(
  custom: CompiledCustom,
  text: string,
  found: { hits: Hit[]; keys: readonly (string | number)[] },
): void {
  custom.patterns.forEach((pattern, index) => {
    const matcher = pattern.matcher(text);
    while (matcher.find()) {
      const start = matcher.start();
      const end = matcher.end();
      if (end === start || (custom.checksum !== undefined && !checksumHolds(custom.checksum, text.slice(start, end))))
        continue;
      const bonus = named(custom, text, { start, end, keys: found.keys }) ? CONTEXT_BONUS : 0;
      const score = custom.checksum === undefined ? Math.min(1, custom.score + bonus) : 1;
      found.hits.push({ entity: custom.entity, start, end, score, rule: `pattern:${index}` });
    }
  });
}

/** Everything of one custom entity in `text`, in no particular order. */
export function customHits(custom: CompiledCustom, text: string, keys: readonly (string | number)[]): Hit[] {
  const hits: Hit[] = [];
  denyHits(custom, text, hits);
  patternHits(custom, text, { hits, keys });
  return hits;
}

/** Hits in document order without overlaps: the higher score stays, then the longer one. */
export function merge(hits: readonly Hit[]): Hit[] {
  const ranked = hits.toSorted((a, b) => b.score - a.score || b.end - b.start - (a.end - a.start) || a.start - b.start);
  const kept: Hit[] = [];
  for (const hit of ranked) if (!kept.some((other) => hit.start < other.end && other.start < hit.end)) kept.push(hit);
  return kept.toSorted((a, b) => a.start - b.start);
}
