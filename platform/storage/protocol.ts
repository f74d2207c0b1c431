import type { ErrorCode } from "#api";
import type { Chain, ChainHead, Durability, SchemaPart, SqlValue } from "./database.ts";

/** [sql, params, expected changes or null] */
export type WireStatement = readonly [sql: string, params: readonly SqlValue[], expect: number | null];

/** One write, as the JSON text that crosses to the writer thread; an append's body goes beside it, unparsed. */
export type Job =
  | readonly ["append", table: string, columns: readonly SqlValue[], also: readonly WireStatement[]]
  | readonly ["write", statements: readonly WireStatement[]]
  | readonly ["prune", table: string, seq: number]
  | readonly ["compact", pages: number];

export const DUPLICATE = -1;

/** An append: its seq or DUPLICATE; any other job: changes per statement. A failure: code and message. */
export type JobResult = number | readonly number[] | { readonly code: ErrorCode; readonly message: string };

export interface WriterSettings {
  readonly file: string;
  readonly schema: readonly SchemaPart[];
  readonly durability: Durability;
  readonly flushIntervalMs: number;
  /** When the process opened the file; undefined when only the thread is started again. */
  readonly openedAt: number | undefined;
}

export type ToWriter =
  /** `jobs` holds pairs: the JSON of a Job, and a body or "". */
  | { readonly kind: "batch"; readonly id: number; readonly jobs: readonly string[] }
  | { readonly kind: "close"; readonly at: number };

export type Heads = readonly (readonly [table: string, head: ChainHead])[];

export type FromWriter =
  | { readonly kind: "ready"; readonly heads: Heads }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "done"; readonly id: number; readonly results: readonly JobResult[]; readonly heads: Heads }
  | { readonly kind: "refused"; readonly id: number; readonly message: string }
  | { readonly kind: "checkpoint-failed"; readonly message: string }
  | { readonly kind: "closed" };

export interface ReaderSettings {
  readonly file: string;
  readonly schema: readonly SchemaPart[];
}
export interface ReadRequest {
  readonly id: number;
  readonly sql: string;
  readonly params: readonly SqlValue[];
  readonly maxChars: number;
}
export type FromReader =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "rows"; readonly id: number; readonly rows: readonly unknown[]; readonly truncated: boolean }
  | { readonly kind: "error"; readonly id: number; readonly code: ErrorCode; readonly message: string };

export function chainsOf(schema: readonly SchemaPart[]): readonly Chain[] {
  return schema.flatMap((part) => part.chains ?? []);
}

export function statementsOf(schema: readonly SchemaPart[]): ReadonlyMap<string, string> {
  return new Map(schema.flatMap((part) => Object.entries(part.statements ?? {})));
}
