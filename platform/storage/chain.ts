import { hash } from "node:crypto";
import type { ChainHead } from "./database.ts";

/** What stands before the first row. */
export const GENESIS: ChainHead = { seq: 0, hash: "0".repeat(64) };

/** The hash of row `seq` after one with hash `previous`; the rule is told at `Chain`. */
export function chainHash(previous: string, seq: number, body: string): string {
  return hash("sha256", `${previous}\n${seq}\n${body}`, "hex");
}
