import type { JsonValue } from "#api";
import { redactValue, type RedactOperator, type ScanResult } from "../detect/index.ts";
import type { Detection } from "./detection.ts";

/** A first round may bring together what it parted; each further one finds less. */
const MAX_ROUNDS = 8;
/** From here on by type, whatever was asked for: what is still found must not stay. */
const LAST_RESORT = 5;

const byType: RedactOperator = Object.freeze({ kind: "replace" });

export interface RedactOptions {
  readonly operator: RedactOperator;
  /** How a value is scanned; a caller may remember the results. */
  readonly scan?: ((detection: Detection, value: JsonValue) => ScanResult) | undefined;
}

export type Redacted =
  | { readonly kind: "clean"; readonly value: JsonValue }
  | { readonly kind: "truncated" }
  | { readonly kind: "unclean" };

/**
 * Redacts until none of the detections finds anything in the result, in their order. `truncated`: a scan was cut short, so that nobody knows what is in
 * the rest. The value itself comes back when there was nothing to redact; a number in which something was found becomes a string.
 */
export function redactClean(value: JsonValue, detections: readonly Detection[], options: RedactOptions): Redacted {
  const { operator, scan = scanOnce } = options;
  let result = value;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let found = false;
    for (const detection of detections) {
      const { findings, truncated } = scan(detection, result);
      if (truncated) return { kind: "truncated" };
      if (findings.length === 0) continue;
      found = true;
      result = redactValue(result, findings, operatorOf(operator, round)) as JsonValue;
    }
    if (!found) return { kind: "clean", value: result };
  }
  return { kind: "unclean" };
}

function scanOnce({ detector, key }: Detection, value: JsonValue): ScanResult {
  return detector.findAll(value, key);
}

/** A hash or a masked value that looks like something again is not worth keeping. */
function operatorOf(operator: RedactOperator, round: number): RedactOperator {
  if (round === 0) return operator;
  return round >= LAST_RESORT || operator.kind === "hash" || operator.kind === "mask" ? byType : operator;
}
