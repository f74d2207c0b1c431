import type { DetectionFamily, JsonObject } from "#api";
import { READS_CONTENT, type CompiledFact, type CompiledRule, type Condition } from "../compile/compiled.ts";
import type { Match, Verdict } from "../model.ts";
import { editAt } from "../modify/edit.ts";
import type { Detection } from "./detection.ts";
import { redactClean } from "./redact-clean.ts";

/** A place a rule looks at, what for, and whether it is there to redact it. */
export interface LookedFor {
  readonly fact: CompiledFact;
  readonly detection: Detection;
  readonly redacts: boolean;
}

type Matches = Pick<Verdict, "matched" | "audit">;

/** Whether any matched rule looks into content; costs a look at each match. */
export function looksIntoContent({ matched, audit }: Matches): boolean {
  return matched.some(looks) || audit.some(looks);
}

/** Everything that the matched rules look for, enforcing rules first. */
export function lookedFor({ matched, audit }: Matches): readonly LookedFor[] {
  return [...matched, ...audit].filter(looks).flatMap((match) => {
    const { condition, operations } = ruleOf(match);
    const redactions = operations.flatMap(({ path, redaction }) =>
      (redaction?.detections ?? []).map((detection) => ({ fact: path, detection, redacts: true })),
    );
    return [...inCondition(condition), ...redactions];
  });
}

/** The engine makes every match, and a compiled rule is its own RuleInfo. */
function ruleOf({ rule }: Match): CompiledRule {
  return rule as CompiledRule;
}

function looks(match: Match): boolean {
  return (ruleOf(match).reads & READS_CONTENT) !== 0;
}

function inCondition(condition: Condition): readonly LookedFor[] {
  switch (condition.kind) {
    case "all":
    case "any":
      return condition.items.flatMap(inCondition);
    case "not":
      return inCondition(condition.item);
    case "cel":
      return [];
    case "test":
      return isDetection(condition.operand)
        ? [{ fact: condition.fact, detection: condition.operand, redacts: false }]
        : [];
  }
}

function isDetection(operand: unknown): operand is Detection {
  return typeof operand === "object" && operand !== null && "detector" in operand;
}

/**
 * The arguments for a display or a record: whatever the matched rules look for is replaced by its type, also entities that only their policies know.
 * What cannot be scanned whole is not shown. The input is not changed.
 */
export function maskLookedFor(matches: Matches, args: JsonObject, family: DetectionFamily): JsonObject {
  if (!looksIntoContent(matches)) return args;
  let masked = args;
  const done = new Set<string>();
  for (const { fact, detection } of lookedFor(matches)) {
    const key = `${JSON.stringify(detection.source)} ${fact.key}`;
    if (fact.kind !== "args" || detection.detector.family !== family || done.has(key)) continue;
    done.add(key);
    masked = fact.path.length === 0 ? wholly(masked, detection) : editAt(masked, fact.path, maskOf(detection), keep);
  }
  return masked;
}

const keep = { create: false };
const hidden = "… not shown: it could not be scanned as a whole";

function maskOf(detection: Detection): Parameters<typeof editAt>[2] {
  return (value) => {
    if (value === undefined) return undefined;
    const redacted = redactClean(value, [detection], { operator: { kind: "replace" } });
    return redacted.kind === "clean" ? redacted.value : hidden;
  };
}

function wholly(args: JsonObject, detection: Detection): JsonObject {
  const redacted = redactClean(args, [detection], { operator: { kind: "replace" } });
  return redacted.kind === "clean" ? (redacted.value as JsonObject) : { "…": hidden };
}
