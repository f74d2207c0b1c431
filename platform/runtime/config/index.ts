export { defineConfig } from "./config.ts";
export type { Config, ConfigSources, LoadedConfig, SettingDescription, SettingTable, Values } from "./config.ts";
export { helpText } from "./help.ts";
export * from "./settings.ts";
