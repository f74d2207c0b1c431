export * from "./check.ts";
export * from "./file-source.ts";
export * from "./finding.ts";
export { convertPlainFile, isPlainFile, policyNameOf } from "./plain-file.ts";
export type { PolicyEntry } from "./policy-entry.ts";
export * from "./policy-set.ts";
export { excerptOf, readYaml } from "./yaml-text.ts";
