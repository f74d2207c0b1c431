import type { DatabaseSync, StatementSync } from "node:sqlite";
import { chainHash } from "./chain.ts";
import type { Chain, ChainHead, SchemaPart, SqlValue } from "./database.ts";
import { chainsOf, DUPLICATE, type Job, type JobResult, statementsOf, type WireStatement } from "./protocol.ts";
import { isStoreError } from "./sqlite-errors.ts";

/** `expectChanges` did not hold; the savepoint has undone the group already. */
class Mismatch extends Error {}

export type BatchOutcome =
  | { readonly kind: "done"; readonly results: readonly JobResult[] }
  | { readonly kind: "refused"; readonly message: string };

const MAX_PREPARED = 256;

/** Writes batches: chains, inserts, commits. Runs in the writer thread; knows nothing of threads. */
export class BatchWriter {
  private readonly db: DatabaseSync;
  private readonly chains: ReadonlyMap<string, Chain>;
  private readonly named: ReadonlyMap<string, string>;
  private readonly prepared = new Map<string, StatementSync>();
  private heads: Map<string, ChainHead>;

  constructor(db: DatabaseSync, schema: readonly SchemaPart[], heads: ReadonlyMap<string, ChainHead>) {
    this.db = db;
    this.chains = new Map(chainsOf(schema).map((chain) => [chain.table, chain]));
    this.named = statementsOf(schema);
    this.heads = new Map(heads);
  }

  currentHeads(): (readonly [string, ChainHead])[] {
    return [...this.heads];
  }

  /**
   * All jobs in one transaction. If the store is at fault, nothing is written and the batch is refused; if a statement is,
   * the jobs are done one by one, so that the bad one fails alone.
   */
  run(pairs: readonly string[]): BatchOutcome {
    try {
      return { kind: "done", results: this.transaction(pairs, 0, pairs.length) };
    } catch (error) {
      if (isStoreError(error)) return { kind: "refused", message: text(error) };
      return pairs.length === 2 ? { kind: "done", results: [failure(error)] } : this.oneByOne(pairs);
    }
  }

  private oneByOne(pairs: readonly string[]): BatchOutcome {
    const results: JobResult[] = [];
    for (let i = 0; i < pairs.length; i += 2) {
      try {
        results.push(...this.transaction(pairs, i, i + 2));
      } catch (error) {
        results.push(failure(error));
      }
    }
    return { kind: "done", results };
  }

  private transaction(pairs: readonly string[], from: number, to: number): JobResult[] {
    const before = new Map(this.heads);
    const results: JobResult[] = [];
    try {
      this.db.exec("BEGIN IMMEDIATE");
      for (let i = from; i < to; i += 2) {
        results.push(this.job(JSON.parse(pairs[i] ?? "") as Job, pairs[i + 1] ?? ""));
      }
      this.saveHeads(before);
      this.db.exec("COMMIT");
      return results;
    } catch (error) {
      this.heads = before;
      // A full disk or an I/O error may have rolled back already.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  private job(job: Job, body: string): JobResult {
    switch (job[0]) {
      case "append":
        return job[3].some(hasExpectation)
          ? this.guarded(() => this.append(job[1], job[2], job[3], body))
          : this.append(job[1], job[2], job[3], body);
      case "write":
        return job[1].some(hasExpectation) ? this.guarded(() => this.statements(job[1])) : this.statements(job[1]);
      case "prune":
        return [this.prune(job[1], job[2])];
      case "compact":
        this.db.exec(`PRAGMA incremental_vacuum(${Math.max(1, Math.trunc(job[1]))})`);
        return [];
      default:
        return job satisfies never;
    }
  }

  /** A group that may fail by design gets a savepoint, so that the others of the batch are not disturbed. */
  private guarded(work: () => JobResult): JobResult {
    const before = new Map(this.heads);
    this.db.exec("SAVEPOINT job");
    try {
      const result = work();
      this.db.exec("RELEASE job");
      return result;
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      this.db.exec("ROLLBACK TO job; RELEASE job");
      this.heads = before;
      return { code: "RL_CONFLICT", message: error.message };
    }
  }

  private statements(statements: readonly WireStatement[]): number[] {
    return statements.map(([sql, params, expect]) => {
      const changes = Number(this.prepare(sql).run(...params).changes);
      if (expect !== null && changes !== expect) {
        throw new Mismatch(`expected ${expect} rows to change, but ${changes} did`);
      }
      return changes;
    });
  }

  private append(table: string, columns: readonly SqlValue[], also: readonly WireStatement[], body: string): number {
    const chain = this.chains.get(table);
    const head = this.heads.get(table);
    if (chain === undefined || head === undefined) throw new Error(`${table} is not a chained table`);
    const seq = head.seq + 1;
    const hash = chainHash(head.hash, seq, body);
    const { changes } = this.prepare(insertOf(chain)).run(seq, ...columns, body, hash);
    if (Number(changes) === 0) return DUPLICATE;
    this.heads.set(table, { seq, hash });
    this.statements(also);
    return seq;
  }

  private prune(table: string, seq: number): number {
    if (!this.chains.has(table)) throw new Error(`${table} is not a chained table`);
    // The anchor moves with the rows, or verify could not tell pruned from removed.
    const moved = this.prepare(
      `UPDATE storage_chains SET anchor_seq = r.seq, anchor_hash = r.hash FROM (SELECT seq, hash FROM "${table}" WHERE seq <= ? ORDER BY seq DESC LIMIT 1) AS r WHERE name = ?`,
    ).run(seq, table);
    if (Number(moved.changes) === 0) return 0;
    return Number(this.prepare(`DELETE FROM "${table}" WHERE seq <= ?`).run(seq).changes);
  }

  private saveHeads(before: ReadonlyMap<string, ChainHead>): void {
    for (const [table, head] of this.heads) {
      if (head === before.get(table)) continue;
      this.prepare("UPDATE storage_chains SET head_seq = ?, head_hash = ? WHERE name = ?").run(
        head.seq,
        head.hash,
        table,
      );
    }
  }

  private prepare(sql: string): StatementSync {
    let statement = this.prepared.get(sql);
    if (statement === undefined) {
      if (this.prepared.size >= MAX_PREPARED) this.prepared.clear();
      statement = this.db.prepare(this.textOf(sql));
      this.prepared.set(sql, statement);
    }
    return statement;
  }

  private textOf(sql: string): string {
    if (!sql.startsWith("@")) return sql;
    const text = this.named.get(sql.slice(1));
    if (text === undefined) throw new Error(`no schema declares the statement ${sql}`);
    return text;
  }
}

function insertOf(chain: Chain): string {
  const columns = ["seq", ...chain.columns, "body", "hash"];
  const into = `INSERT INTO "${chain.table}" (${columns.join(", ")})`;
  if (chain.duplicate === undefined) return `${into} VALUES (${columns.map(() => "?").join(", ")})`;
  const row = columns.map((column) => `? AS ${column}`).join(", ");
  return `${into} SELECT * FROM (SELECT ${row}) AS new WHERE NOT EXISTS (SELECT 1 FROM "${chain.table}" AS old WHERE ${chain.duplicate})`;
}

function hasExpectation(statement: WireStatement): boolean {
  return statement[2] !== null;
}

function failure(error: unknown): JobResult {
  return { code: isStoreError(error) ? "RL_STORE_UNAVAILABLE" : "RL_INTERNAL", message: text(error) };
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
