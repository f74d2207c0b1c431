/** The run log: record types, the port and what needs no store. `#runlog/sqlite` opens one. */
export { exportLines, readExport, verifyExport } from "./export.ts";
export { parseRecord } from "./parse-record.ts";
export * from "./record.ts";
export type * from "./run-log.ts";
