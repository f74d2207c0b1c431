export { compileDetector, DETECTOR_VERSION, entityTypes } from "./compile.ts";
export { countedText, Reads, weightOf, withinReads } from "./counted-text.ts";
export type { EntityInfo } from "./entities.ts";
export { type NumberTable, numberTable, type RedactOperator, redactText } from "./redact.ts";
export { redact, type Redaction, redactValue } from "./redact-value.ts";
export type * from "./types.ts";
