import type { JsonObject } from "#api";
import { displayArgs } from "#approvals";
import { compileDetector, redactValue, type Detector } from "#engine";

/** How much of the arguments a record keeps. The digest is always over the real ones. */
export type StoredArgs = "full" | "redacted" | "digest";

/** What may be shown or kept of arguments. */
export interface Disclosure {
  readonly stored: StoredArgs;
  /** Arguments as the run log keeps them; undefined when only the digest is kept. */
  store(args: JsonObject): JsonObject | undefined;
  /** Arguments as approvers see them: secrets always masked, personal data unless `full`. */
  display(args: JsonObject, show: "masked" | "full" | "none"): JsonObject;
}

export function createDisclosure(stored: StoredArgs): Disclosure {
  const secrets = compileDetector({ family: "secret" });
  const personal = compileDetector({ family: "pii" });
  const masked = (args: JsonObject): JsonObject => mask(mask(args, secrets), personal);
  return {
    stored,
    store(args) {
      if (stored === "digest") return undefined;
      return stored === "full" ? args : masked(args);
    },
    display: (args, show) =>
      displayArgs(args, {
        show,
        maskSecrets: (tree) => mask(tree, secrets),
        maskPersonal: (tree) => mask(tree, personal),
      }),
  };
}

/** A copy in which everything the detector finds is replaced by its type. What could not be scanned whole is not shown at all. */
function mask(args: JsonObject, detector: Detector): JsonObject {
  const { findings, truncated } = detector.findAll(args);
  return truncated
    ? { "…": "too large to be scanned for personal data and secrets" }
    : (redactValue(args, findings) as JsonObject);
}
