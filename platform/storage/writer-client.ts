import { RunlogError } from "#api";
import type { Logger } from "#telemetry";
import type { ChainHead, DatabaseHealth, DatabaseLimits } from "./database.ts";
import type { StorageMetrics } from "./metrics.ts";
import type { FromWriter, Heads, JobResult, WriterSettings } from "./protocol.ts";
import { bytesOf, type Waiting, WriteQueue } from "./write-queue.ts";
import { WriterLink } from "./writer-link.ts";

export interface WriterOptions {
  readonly settings: WriterSettings;
  readonly limits: Required<{ [K in keyof DatabaseLimits]: number }>;
  readonly logger: Logger;
  readonly metrics: StorageMetrics;
  /** A write that was answered before its commit (`buffered`) is lost. */
  readonly onLost: (count: number, reason: string) => void;
}

interface InFlight {
  readonly id: number;
  readonly items: readonly Waiting[];
  readonly bytes: number;
  readonly sentAt: number;
  readonly deadline: NodeJS.Timeout;
  /** Its waiters were told already that it is overdue. */
  overdue: boolean;
}

const RETRY_SECONDS = 1;

/** The main thread's side of the writer: one batch in flight, what arrives meanwhile is the next. */
export class WriterClient {
  private readonly options: WriterOptions;
  private readonly link: WriterLink;
  private readonly queue = new WriteQueue();
  private inFlight: InFlight | undefined;
  private nextId = 1;
  private state: "ok" | "stalled" | "down" | "closed" = "down";
  private failing = false;
  private lastError: string | undefined;
  private flushTimer: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;
  private heads: ReadonlyMap<string, ChainHead> = new Map();
  private closing = false;
  private drained: (() => void) | undefined;

  constructor(options: WriterOptions) {
    this.options = options;
    this.link = new WriterLink(options.settings, {
      ready: (heads) => this.onReady(heads),
      message: (message) => this.onMessage(message),
      down: (why) => this.onDown(why),
    });
    options.metrics.waiting(() => this.waitingRecords);
  }

  start(): Promise<void> {
    return this.link.start();
  }

  /** The thread, for tests of its death. */
  kill(): Promise<number> | undefined {
    return this.link.kill();
  }

  get accepting(): boolean {
    return this.refusal() === undefined;
  }

  get waitingRecords(): number {
    return this.queue.records + (this.inFlight?.items.length ?? 0);
  }
  get waitingBytes(): number {
    return this.queue.bytes + (this.inFlight?.bytes ?? 0);
  }

  health(): DatabaseHealth {
    return {
      state: this.state === "ok" && this.failing ? "failing" : this.state,
      lastError: this.lastError,
      waiting: { records: this.waitingRecords, bytes: this.waitingBytes },
      heads: this.heads,
    };
  }

  /** Resolves at the commit. */
  submit(job: string, body: string): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      this.add({ job, body, bytes: job.length + Buffer.byteLength(body), done: resolve, fail: reject }, true);
    });
  }

  /**
   * Returns once the write is taken over (`buffered`). After a batch was refused it waits for the commit instead,
   * so that nothing is answered on the word of a store that is known to fail.
   */
  async submitBuffered(job: string, body: string): Promise<JobResult | undefined> {
    if (this.failing) return this.submit(job, body);
    const lost = (reason: string): void => this.options.onLost(1, reason);
    this.add(
      {
        job,
        body,
        bytes: job.length + Buffer.byteLength(body),
        done: (result) => {
          if (typeof result === "object" && "code" in result) lost(result.message);
        },
        fail: (error) => lost(error.message),
      },
      false,
    );
    return undefined;
  }

  /** Writes what waits, closes the thread; resolves to the number of writes left undone. */
  async close(at: number, deadlineMs: number): Promise<number> {
    const until = performance.now() + deadlineMs;
    this.closing = true;
    await this.drain(deadlineMs);
    const left = this.waitingRecords;
    this.state = "closed";
    this.failAll(new RunlogError("RL_STORE_UNAVAILABLE", "the store is closed"));
    await this.link.close(at, Math.max(0, until - performance.now()));
    return left;
  }

  private drain(deadlineMs: number): Promise<void> {
    clearTimeout(this.flushTimer);
    clearImmediate(this.turn);
    this.flushTimer = this.turn = undefined;
    this.send();
    if (this.waitingRecords === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private add(item: Waiting, urgent: boolean): void {
    const refusal = this.refusal() ?? this.tooLarge(item.bytes);
    if (refusal !== undefined) throw refusal;
    this.queue.push(item);
    if (this.inFlight !== undefined) return;
    if (this.batchIsFull()) this.send();
    // Waking the thread costs more than a record: what arrives in the same turn of the event loop goes together.
    else if (urgent) this.turn ??= setImmediate(() => this.endTurn());
    else this.flushTimer ??= setTimeout(() => this.flush(), this.options.settings.flushIntervalMs);
  }

  private batchIsFull(): boolean {
    const { batchRecords, batchBytes } = this.options.limits;
    return this.queue.records >= batchRecords || this.queue.bytes >= batchBytes;
  }

  private endTurn(): void {
    this.turn = undefined;
    this.send();
  }

  private flush(): void {
    this.flushTimer = undefined;
    this.send();
  }

  private refusal(): RunlogError | undefined {
    const { waitingRecords, waitingBytes } = this.options.limits;
    if (this.state !== "ok" || this.closing) {
      return unavailable(`the store is ${this.closing ? "closing" : this.state}`);
    }
    if (this.waitingRecords >= waitingRecords || this.waitingBytes >= waitingBytes) {
      return new RunlogError("RL_SATURATED", `${this.waitingRecords} writes wait for the store`, {
        retryAfter: RETRY_SECONDS,
      });
    }
    return undefined;
  }

  private tooLarge(bytes: number): RunlogError | undefined {
    const limit = this.options.limits.waitingBytes;
    return bytes > limit
      ? new RunlogError("RL_BODY_TOO_LARGE", `a write of ${bytes} bytes is over the limit of ${limit}`)
      : undefined;
  }

  private send(): void {
    if (this.inFlight !== undefined || this.state !== "ok" || this.queue.records === 0) return;
    const { batchRecords, batchBytes, acknowledgeMs } = this.options.limits;
    const items = this.queue.take(batchRecords, batchBytes);
    const id = this.nextId++;
    const jobs: string[] = [];
    for (const item of items) jobs.push(item.job, item.body);
    this.inFlight = {
      id,
      items,
      bytes: bytesOf(items),
      sentAt: performance.now(),
      deadline: setTimeout(() => this.onOverdue(id), acknowledgeMs),
      overdue: false,
    };
    this.link.send({ kind: "batch", id, jobs });
  }

  private onReady(heads: Heads): void {
    this.heads = new Map(heads);
    if (this.state === "down") this.state = "ok";
  }

  private onMessage(message: FromWriter): void {
    if (message.kind === "checkpoint-failed") {
      this.options.logger.warn({ error: message.message }, "the run log's checkpoint failed; it is tried again later");
    } else if (message.kind === "done") {
      this.heads = new Map(message.heads);
      this.onDone(message.id, message.results);
    } else if (message.kind === "refused") {
      this.onRefused(message.id, message.message);
    }
  }

  private onDone(id: number, results: readonly JobResult[]): void {
    const batch = this.finish(id);
    if (batch === undefined) return;
    this.failing = false;
    this.link.worked();
    this.options.metrics.commit((performance.now() - batch.sentAt) / 1000, results.length);
    if (!batch.overdue) batch.items.forEach((item, index) => settle(item, results[index]));
    this.next();
  }

  private onRefused(id: number, why: string): void {
    const batch = this.finish(id);
    if (batch === undefined) return;
    this.failing = true;
    this.lastError = why;
    this.options.logger.error({ error: why, writes: batch.items.length }, "the store refused a batch");
    if (!batch.overdue) failItems(batch.items, unavailable(why));
    this.next();
  }

  /** The batch in flight is over; an overdue one ends the stall. */
  private finish(id: number): InFlight | undefined {
    const batch = this.inFlight;
    if (batch === undefined || batch.id !== id) return undefined;
    clearTimeout(batch.deadline);
    this.inFlight = undefined;
    if (this.state === "stalled") this.state = "ok";
    return batch;
  }

  private next(): void {
    if (this.queue.records > 0) this.send();
    if (this.waitingRecords === 0) this.drained?.();
  }

  /** Nothing behind an overdue batch would fare better, so all that wait are failed; those not sent are certainly not written. */
  private onOverdue(id: number): void {
    const batch = this.inFlight;
    if (batch === undefined || batch.id !== id) return;
    const why = `the store did not acknowledge within ${this.options.limits.acknowledgeMs} ms`;
    this.state = "stalled";
    this.lastError = why;
    batch.overdue = true;
    this.options.logger.error({ writes: batch.items.length + this.queue.records }, why);
    failItems([...batch.items, ...this.queue.takeAll()], unavailable(why));
  }

  private onDown(why: string): void {
    if (this.state === "closed") return;
    this.state = "down";
    this.lastError = why;
    this.options.metrics.restarted("writer");
    this.options.logger.error({ error: why }, "the storage writer died; it is started again");
    this.failAll(unavailable(`the storage writer died: ${why}`));
    this.drained?.();
  }

  private failAll(error: RunlogError): void {
    const batch = this.inFlight;
    this.inFlight = undefined;
    if (batch !== undefined) {
      clearTimeout(batch.deadline);
      if (!batch.overdue) failItems(batch.items, error);
    }
    failItems(this.queue.takeAll(), error);
  }
}

function unavailable(why: string): RunlogError {
  return new RunlogError("RL_STORE_UNAVAILABLE", why, { retryAfter: RETRY_SECONDS });
}

function settle(item: Waiting, result: JobResult | undefined): void {
  if (result === undefined) item.fail(new RunlogError("RL_INTERNAL", "the writer gave no result"));
  else if (typeof result === "object" && "code" in result) item.fail(new RunlogError(result.code, result.message));
  else item.done(result);
}

function failItems(items: readonly Waiting[], error: RunlogError): void {
  for (const item of items) item.fail(error);
}
