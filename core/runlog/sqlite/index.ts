/** The run log in a SQLite file; opened by composition roots only. */
export { runLogSchema } from "./schema.ts";
export { sqliteRunLog, sqliteRunLogReader, type SqliteRunLogOptions } from "./sqlite-run-log.ts";
