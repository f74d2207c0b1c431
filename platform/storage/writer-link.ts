import { Worker } from "node:worker_threads";
import { RunlogError, messageOf } from "#api";
import type { FromWriter, Heads, ToWriter, WriterSettings } from "./protocol.ts";

/** The bundle puts the thread's file beside the program. */
const WRITER = new URL(
  import.meta.url.endsWith(".ts") ? "./storage-writer.ts" : "./storage-writer.js",
  import.meta.url,
);

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 5_000;

export interface LinkListener {
  ready(heads: Heads): void;
  message(message: FromWriter): void;
  /** The thread is gone; it will be started again. */
  down(why: string): void;
}

/** Keeps one writer thread alive: starts it, starts it again with growing pauses when it dies. */
export class WriterLink {
  private readonly settings: WriterSettings;
  private readonly listener: LinkListener;
  private worker: Worker | undefined;
  private backoffMs = FIRST_BACKOFF_MS;
  private retry: NodeJS.Timeout | undefined;
  private closing = false;
  private onClosed: (() => void) | undefined;

  constructor(settings: WriterSettings, listener: LinkListener) {
    this.settings = settings;
    this.listener = listener;
  }

  /** The first start. Rejects with the code the thread gave: a file that cannot be opened is not tried again. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.spawn(this.settings, {
        ready: resolve,
        failed: (error) => {
          this.closing = true;
          reject(error);
        },
      });
    });
  }

  send(message: ToWriter): void {
    this.worker?.postMessage(message);
  }

  /** The pauses start small again. */
  worked(): void {
    this.backoffMs = FIRST_BACKOFF_MS;
  }

  /** Ends the thread as a crash would; it is started again. */
  kill(): Promise<number> | undefined {
    return this.worker?.terminate();
  }

  /** Asks the thread to checkpoint and close; after `deadlineMs` it is ended. */
  async close(at: number, deadlineMs: number): Promise<void> {
    this.closing = true;
    clearTimeout(this.retry);
    const worker = this.worker;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
      this.send({ kind: "close", at });
    });
    // Not awaited: a thread inside a system call that hangs would hold up the shutdown.
    void worker.terminate();
  }

  private spawn(settings: WriterSettings, first?: { ready: () => void; failed: (error: RunlogError) => void }): void {
    const worker = new Worker(WRITER, { workerData: settings, name: "storage-writer" });
    this.worker = worker;
    let over = false;
    const gone = (error: RunlogError): void => {
      if (over) return;
      over = true;
      this.worker = undefined;
      this.onClosed?.();
      if (first !== undefined) first.failed(error);
      else if (!this.closing) this.restart(error);
    };
    worker.on("message", (message: FromWriter) => {
      if (message.kind === "failed") {
        gone(new RunlogError(message.code, message.message));
      } else if (message.kind === "ready") {
        this.listener.ready(message.heads);
        first?.ready();
        first = undefined;
      } else if (message.kind === "closed") {
        this.onClosed?.();
      } else {
        this.listener.message(message);
      }
    });
    worker.on("error", (error) => {
      gone(new RunlogError("RL_STORE_UNAVAILABLE", messageOf(error), { cause: error }));
    });
    worker.on("exit", (code) => {
      gone(new RunlogError("RL_STORE_UNAVAILABLE", `the writer thread ended with code ${code}`));
    });
  }

  private restart(error: RunlogError): void {
    this.listener.down(error.message);
    this.retry = setTimeout(() => {
      if (!this.closing) this.spawn({ ...this.settings, openedAt: undefined });
    }, this.backoffMs);
    this.backoffMs = Math.min(this.backoffMs * 2, LAST_BACKOFF_MS);
  }
}
