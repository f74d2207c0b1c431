/** Telemetry: logger and metrics, handed in by the composition root. */
export * from "./hot-metrics.ts";
export * from "./logger.ts";
export * from "./registry.ts";
