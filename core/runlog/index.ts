/** The run log: record types, the port and what needs no store. `#runlog/sqlite` opens one. */
export * from "./record.ts";
export type * from "./run-log.ts";
