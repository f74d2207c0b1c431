/** Primary result codes that speak of the disk or the file, not of the statement: https://www.sqlite.org/rescode.html. */
const STORE_CODES: ReadonlySet<number> = new Set([
  5, // BUSY: somebody else holds the write lock for longer than the busy timeout
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  23, // AUTH
  26, // NOTADB
]);

/** The primary code of an error of node:sqlite; undefined for anything else. */
export function sqliteCode(error: unknown): number | undefined {
  if (error === null || typeof error !== "object" || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** True when the store is at fault, so that no write would fare better; false when this one statement is. */
export function isStoreError(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && STORE_CODES.has(code);
}

export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === 5;
}
