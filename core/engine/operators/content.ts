import { FALSE, TRUE } from "../model.ts";
import type { Detector } from "../detect/types.ts";
import type { Evaluate } from "./operator.ts";

/** What is looked for: a detector, and how the policy wrote it. Equal specifications share one object, so that a value is scanned once. */
export interface Detection {
  readonly source: unknown;
  readonly detector: Detector;
}

/** Personal data or secrets at any depth. A scan that hit its limit found nothing so far, but did not see everything. */
export const detected: Evaluate<Detection> = (value, operand, context) => {
  const found = context.once(operand, value, () => operand.detector.any(value));
  if (found === "truncated") return context.unevaluable("scan_limit");
  return found ? TRUE : FALSE;
};
