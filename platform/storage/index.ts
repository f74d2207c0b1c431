/** Storage: one SQLite file, one writer thread, one reader thread. */
export { chainHash, GENESIS } from "./chain.ts";
export type * from "./database.ts";
export { openDatabase, openReader, type OpenOptions, type OpenReaderOptions, type ClosableReader } from "./open.ts";
