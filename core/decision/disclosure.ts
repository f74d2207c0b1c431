import type { DetectionFamily, JsonObject } from "#api";
import { displayArgs } from "#approvals";
import { compileDetector, redactValue, type Detector } from "#engine";

/** How much of the arguments a record keeps. The digest is always over the real ones. */
export type StoredArgs = "full" | "redacted" | "digest";

/** Masks what the built-in detectors do not know by themselves: what the matched rules look for. */
export type AlsoMask = (args: JsonObject, family: DetectionFamily) => JsonObject;

/** What may be shown or kept of arguments. */
export interface Disclosure {
  readonly stored: StoredArgs;
  /** Arguments as the run log keeps them; undefined when only the digest is kept. */
  store(args: JsonObject, also: AlsoMask): JsonObject | undefined;
  /** Arguments as approvers see them: secrets always masked, personal data unless `full`. */
  display(args: JsonObject, show: "masked" | "full" | "none", also: AlsoMask): JsonObject;
}

export function createDisclosure(stored: StoredArgs): Disclosure {
  const secrets = compileDetector({ family: "secret" });
  const personal = compileDetector({ family: "pii" });
  const without = (family: DetectionFamily, also: AlsoMask) => {
    const detector = family === "secret" ? secrets : personal;
    return (args: JsonObject): JsonObject => also(mask(args, detector), family);
  };
  return {
    stored,
    store(args, also) {
      if (stored === "digest") return undefined;
      return stored === "full" ? args : without("pii", also)(without("secret", also)(args));
    },
    display: (args, show, also) =>
      displayArgs(args, {
        show,
        maskSecrets: without("secret", also),
        maskPersonal: without("pii", also),
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
