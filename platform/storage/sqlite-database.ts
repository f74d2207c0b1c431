import type { Clock } from "#runtime";
import type {
  Appended,
  ChainedRow,
  Database,
  DatabaseHealth,
  Durability,
  LostListener,
  ReadOptions,
  ReadResult,
  SqlValue,
  Statement,
} from "./database.ts";
import type { FileLock } from "./file-lock.ts";
import { DUPLICATE, type Job, type JobResult, type WireStatement } from "./protocol.ts";
import type { ReaderClient } from "./reader-client.ts";
import type { WriterClient } from "./writer-client.ts";

export interface DatabaseParts {
  readonly writer: WriterClient;
  readonly reader: ReaderClient;
  readonly lock: FileLock;
  readonly lost: LostListener[];
  readonly durability: Durability;
  readonly clock: Clock;
}

/** Puts lock, writer and reader together. */
export class SqliteDatabase implements Database {
  readonly durability: Durability;
  private readonly parts: DatabaseParts;
  private closing: Promise<{ readonly left: number }> | undefined;

  constructor(parts: DatabaseParts) {
    this.parts = parts;
    this.durability = parts.durability;
  }

  async append(row: ChainedRow): Promise<Appended> {
    const job = encode(["append", row.table, row.columns, (row.also ?? []).map(wire)]);
    if (this.durability !== "buffered") return appended(await this.parts.writer.submit(job, row.body));
    const result = await this.parts.writer.submitBuffered(job, row.body);
    return result === undefined ? { kind: "buffered" } : appended(result);
  }

  async write(statements: readonly Statement[]): Promise<readonly number[]> {
    return changes(await this.parts.writer.submit(encode(["write", statements.map(wire)]), ""));
  }

  async pruneChain(table: string, seq: number): Promise<number> {
    return changes(await this.parts.writer.submit(encode(["prune", table, seq]), ""))[0] ?? 0;
  }

  async compact(pages: number): Promise<void> {
    await this.parts.writer.submit(encode(["compact", pages]), "");
  }

  read<T>(sql: string, params: readonly SqlValue[], options?: ReadOptions): Promise<ReadResult<T>> {
    return this.parts.reader.read(sql, params, options);
  }

  get accepting(): boolean {
    return this.parts.writer.accepting;
  }

  onLost(listener: LostListener): void {
    this.parts.lost.push(listener);
  }

  health(): DatabaseHealth {
    return this.parts.writer.health();
  }

  close(deadlineMs: number): Promise<{ readonly left: number }> {
    this.closing ??= this.shutDown(deadlineMs);
    return this.closing;
  }

  private async shutDown(deadlineMs: number): Promise<{ readonly left: number }> {
    const { writer, reader, lock, clock } = this.parts;
    try {
      // The reader goes first: an open snapshot would keep the last checkpoint from emptying the WAL.
      await reader.close(Math.min(deadlineMs, 1_000));
      return { left: await writer.close(clock.now(), deadlineMs) };
    } finally {
      lock.release();
    }
  }
}

function encode(job: Job): string {
  return JSON.stringify(job);
}

function wire(statement: Statement): WireStatement {
  return [statement.sql, statement.params, statement.expectChanges ?? null];
}

function appended(result: JobResult): Appended {
  return result === DUPLICATE ? { kind: "duplicate" } : { kind: "committed", seq: result as number };
}

function changes(result: JobResult): readonly number[] {
  return result as readonly number[];
}
