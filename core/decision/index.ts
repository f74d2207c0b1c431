/** The way of a review: from a verified caller's question to a recorded answer. Knows neither HTTP nor a cluster. */
export type { Caller } from "./caller.ts";
export { createDecider, type Decider, type DeciderOptions } from "./decider.ts";
export { createDisclosure, type Disclosure, type StoredArgs } from "./disclosure.ts";
export type { Outcome } from "./outcome.ts";
export type { Question } from "./facts.ts";
export { createRunArchive, rebuildLedger, REBUILD_SPAN_MS } from "./rebuild.ts";
export type { Reported } from "./report.ts";
