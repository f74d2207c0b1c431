import type { JsonObject, JsonValue } from "#api";
import { compileDetector, redactText, type Detector } from "#engine";

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
  const masked = (args: JsonObject): JsonObject => mask(mask(args, secrets), personal) as JsonObject;
  return {
    stored,
    store(args) {
      if (stored === "digest") return undefined;
      return stored === "full" ? args : masked(args);
    },
    display(args, show) {
      if (show === "none") return {};
      return show === "full" ? (mask(args, secrets) as JsonObject) : masked(args);
    },
  };
}

/** A copy in which everything the detector finds is replaced by its type. A value that could not be scanned whole is replaced whole. */
function mask(value: JsonValue, detector: Detector, key?: string): JsonValue {
  if (typeof value === "string" || typeof value === "number") return maskLeaf(value, detector, key);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => mask(item, detector, key));
  const copy: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const masked = mask(item, detector, name);
    Object.defineProperty(copy, name, { value: masked, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function maskLeaf(value: string | number, detector: Detector, key: string | undefined): JsonValue {
  const { findings, truncated } = detector.findAll(key === undefined ? value : { [key]: value });
  if (truncated) return "<NOT_SCANNED>";
  if (findings.length === 0) return value;
  if (typeof value === "number") return `<${findings[0]?.type ?? "REDACTED"}>`;
  return redactText(value, findings);
}
