import { compileDetector } from "./compile.ts";
import type { DetectOptions, Detector } from "./types.ts";

/** For tests: `TYPE value` of everything found in a text. */
export function foundBy(detector: Detector): (text: string) => string[] {
  return (text) => detector.findAll(text).findings.map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);
}

export function finder(options: Partial<DetectOptions> = {}): (text: string) => string[] {
  return foundBy(compileDetector({ family: "pii", ...options }));
}
