export * from "./clock.ts";
export * from "./shutdown.ts";
