export * from "./check.ts";
export * from "./file-source.ts";
export * from "./finding.ts";
export { convertPlainFile, isPlainFile, policyNameOf } from "./plain-file.ts";
export * from "./policy-set.ts";
export { excerptOf, readYaml } from "./yaml-text.ts";
