import type { Detection } from "../content/detection.ts";
import { FALSE, TRUE } from "../model.ts";
import type { Evaluate } from "./operator.ts";

/** Personal data or secrets at any depth. A scan that hit its limit found nothing so far, but did not see everything. */
export const detected: Evaluate<Detection> = (value, operand, context) => {
  const found = context.memory.any(operand, value);
  if (found === "truncated") return context.unevaluable("scan_limit");
  return found ? TRUE : FALSE;
};
