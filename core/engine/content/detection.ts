import type { Detector } from "../detect/index.ts";

/**
 * What a rule looks for in a value: a detector, how the policy wrote it, and the name the value stands under. Equal ones are one object, so that a
 * value is scanned once however many rules ask (evaluate/review-memory.ts).
 */
export interface Detection {
  /** JSON that says the same for the same meaning; part of the rule's hash. */
  readonly source: unknown;
  readonly detector: Detector;
  /** The last key of the fact's path: `phone` of `args.contact.phone`. It is context for what stands there. */
  readonly key: string | undefined;
}
