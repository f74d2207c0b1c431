/** What every process stands on: configuration, time, ids, deadlines, a bounded queue, turns by key, ordered shutdown. Nothing else may move in. */
export * from "./bounded-queue.ts";
export * from "./clock.ts";
export * from "./config/index.ts";
export * from "./deadline.ts";
export * from "./ids.ts";
export * from "./keyed-turns.ts";
export * from "./shutdown.ts";
