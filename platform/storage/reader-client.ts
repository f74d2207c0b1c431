import { Worker } from "node:worker_threads";
import { RunlogError, messageOf } from "#api";
import type { ReadOptions, ReadResult, Reader, SqlValue } from "./database.ts";
import type { FromReader, ReadRequest, ReaderSettings } from "./protocol.ts";

const READER = new URL(
  import.meta.url.endsWith(".ts") ? "./storage-reader.ts" : "./storage-reader.js",
  import.meta.url,
);

const DEADLINE_MS = 2_000;
const MAX_CHARS = 4 * 1024 * 1024;
/** Threads that hang in a query at once; the next one is waited for. */
const MAX_ABANDONED = 2;

interface Pending {
  readonly request: ReadRequest;
  readonly resolve: (result: ReadResult<unknown>) => void;
  readonly reject: (error: RunlogError) => void;
  readonly deadline: NodeJS.Timeout;
  over: boolean;
}

export interface ReaderClientOptions {
  readonly settings: ReaderSettings;
  readonly waitingReads: number;
  readonly restarted: () => void;
}

/**
 * The main thread's side of the reader: one query at a time, each with a deadline. SQLite cannot be interrupted from here, so a thread whose
 * query is overdue is left to itself and another one takes over the queue.
 */
export class ReaderClient implements Reader {
  private readonly options: ReaderClientOptions;
  private worker: Worker | undefined;
  private current: Pending | undefined;
  private queue: Pending[] = [];
  private nextId = 1;
  private abandoned = 0;
  private starting = false;
  private closed = false;

  constructor(options: ReaderClientOptions) {
    this.options = options;
  }

  /** Rejects when the file cannot be opened. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.spawn({ ready: resolve, failed: reject }));
  }

  read<T>(sql: string, params: readonly SqlValue[], options: ReadOptions = {}): Promise<ReadResult<T>> {
    return new Promise<ReadResult<unknown>>((resolve, reject) => {
      if (this.closed) throw new RunlogError("RL_STORE_UNAVAILABLE", "the store is closed");
      if (this.queue.length >= this.options.waitingReads) {
        throw new RunlogError("RL_SATURATED", `${this.queue.length} queries wait for the store`, { retryAfter: 1 });
      }
      const request: ReadRequest = { id: this.nextId++, sql, params, maxChars: options.maxChars ?? MAX_CHARS };
      const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
      const pending: Pending = {
        request,
        resolve,
        reject,
        deadline: setTimeout(() => this.onDeadline(pending, deadlineMs), deadlineMs),
        over: false,
      };
      this.queue.push(pending);
      this.next();
    }) as Promise<ReadResult<T>>;
  }

  async close(deadlineMs: number): Promise<void> {
    this.closed = true;
    const error = new RunlogError("RL_STORE_UNAVAILABLE", "the store is closed");
    const waiting = this.current === undefined ? this.queue : [this.current, ...this.queue];
    this.current = undefined;
    this.queue = [];
    for (const pending of waiting) this.fail(pending, error);
    const worker = this.worker;
    this.worker = undefined;
    if (worker === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([worker.terminate(), late]);
    clearTimeout(timer);
  }

  private next(): void {
    if (this.worker === undefined) {
      if (!this.starting) this.spawn();
      return;
    }
    if (this.current !== undefined) return;
    this.current = this.queue.shift();
    if (this.current !== undefined) this.worker.postMessage(this.current.request);
  }

  private fail(pending: Pending, error: RunlogError): void {
    clearTimeout(pending.deadline);
    if (!pending.over) pending.reject(error);
    pending.over = true;
  }

  private onDeadline(pending: Pending, deadlineMs: number): void {
    this.fail(
      pending,
      new RunlogError("RL_DEADLINE", `the query took longer than ${deadlineMs} ms`, { retryAfter: 1 }),
    );
    if (pending !== this.current) {
      this.queue = this.queue.filter((other) => other !== pending);
    } else if (this.abandoned < MAX_ABANDONED) {
      this.abandon();
    }
  }

  private abandon(): void {
    const worker = this.worker;
    this.worker = undefined;
    this.current = undefined;
    this.abandoned++;
    this.options.restarted();
    void worker?.terminate().finally(() => {
      this.abandoned--;
    });
    this.next();
  }

  private spawn(first?: { ready: () => void; failed: (error: RunlogError) => void }): void {
    this.starting = true;
    const worker = new Worker(READER, { workerData: this.options.settings, name: "storage-reader" });
    let begun = false;
    const gone = (error: RunlogError): void => {
      if (this.worker === worker) this.onGone(error);
      else if (!begun) this.onFailedStart(error);
      begun = true;
      first?.failed(error);
    };
    worker.on("message", (message: FromReader) => {
      if (message.kind === "ready") {
        begun = true;
        this.onReady(worker);
        first?.ready();
      } else if (message.kind === "failed") {
        gone(new RunlogError(message.code, message.message));
      } else if (this.worker === worker) {
        this.onAnswer(message);
      }
    });
    worker.on("error", (error) => gone(new RunlogError("RL_STORE_UNAVAILABLE", messageOf(error), { cause: error })));
    worker.on("exit", (code) => {
      gone(new RunlogError("RL_STORE_UNAVAILABLE", `the reader thread ended with code ${code}`));
    });
  }

  private onReady(worker: Worker): void {
    this.starting = false;
    if (this.closed) {
      void worker.terminate();
      return;
    }
    this.worker = worker;
    this.next();
  }

  /** What waits fails with the reason; the next query tries again. */
  private onFailedStart(error: RunlogError): void {
    this.starting = false;
    const queue = this.queue;
    this.queue = [];
    for (const pending of queue) this.fail(pending, error);
  }

  private onAnswer(message: Extract<FromReader, { kind: "rows" | "error" }>): void {
    const pending = this.current;
    if (pending === undefined || pending.request.id !== message.id) return;
    this.current = undefined;
    if (message.kind === "error") {
      this.fail(pending, new RunlogError(message.code, message.message));
    } else {
      clearTimeout(pending.deadline);
      if (!pending.over) pending.resolve({ rows: message.rows, truncated: message.truncated });
    }
    this.next();
  }

  /** Died by itself: its query fails, the others get a new thread. */
  private onGone(error: RunlogError): void {
    this.worker = undefined;
    const pending = this.current;
    this.current = undefined;
    if (pending !== undefined) this.fail(pending, error);
    if (this.closed) return;
    this.options.restarted();
    if (this.queue.length > 0) this.next();
  }
}
