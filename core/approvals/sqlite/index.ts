/** Side door: requests kept in the SQLite file. Opened by composition roots only. */
export { sqliteApprovalStore, approvalsSchema } from "./sqlite-store.ts";
