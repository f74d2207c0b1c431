import { Connection, type Reply, type Target } from "./load/connection.ts";
import { percentileOf } from "./row.ts";

export { Connection, type Reply, type Target } from "./load/connection.ts";

export interface LoadOptions extends Target {
  /** The body of the i-th request; each review needs its own uid, or it is a retry. */
  readonly body: (i: number) => string;
  readonly connections: number;
  readonly durationMs: number;
}

/** Milliseconds, from the scheduled start of a request to the end of its answer. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly sent: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests without an answer. */
  readonly errors: number;
  readonly seconds: number;
}

export interface OpenLoadResult extends LoadResult {
  readonly latency: Latencies;
  /** How late the generator itself was, which is in the latencies as well: milliseconds at p99. */
  readonly lateP99: number;
}

/**
 * Open loop: requests begin on schedule whether or not earlier ones were answered, as independent agents send them. A server that
 * stalls is charged for everybody who had to wait. One request at a time on a connection; who finds none free waits, on the clock.
 */
export async function openLoad(options: LoadOptions & { readonly rate: number }): Promise<OpenLoadResult> {
  const { rate, durationMs, connections, body } = options;
  const total = Math.max(1, Math.round((rate * durationMs) / 1_000));
  const tally = new Tally(total);
  const free = await Promise.all(Array.from({ length: connections }, () => Connection.open(options)));
  const everyone = [...free];
  const queue: { i: number; due: number }[] = [];
  const start = performance.now() + 20;

  const begin = (connection: Connection, { i, due }: { i: number; due: number }): void => {
    tally.late[i] = performance.now() - due;
    connection
      .send(body(i))
      .then(
        (reply) => tally.answered(i, performance.now() - due, reply),
        () => tally.failed(i, performance.now() - due),
      )
      .finally(() => {
        const next = queue.shift();
        if (next !== undefined) begin(connection, next);
        else free.push(connection);
      });
  };
  for (let i = 0; i < total; i++) {
    const due = start + (i * 1_000) / rate;
    await until(due);
    // The most recently used connection is the warmest.
    const connection = free.pop();
    if (connection === undefined) queue.push({ i, due });
    else begin(connection, { i, due });
  }
  await tally.done;
  const seconds = (performance.now() - start) / 1_000;
  for (const connection of everyone) connection.close();
  return { ...tally.result(seconds), latency: tally.latency(), lateP99: percentileOf(tally.late, 0.99) };
}

/** Closed loop: every connection sends its next request once the last was answered. For CPU per request; never for latencies. */
export async function closedLoad(options: LoadOptions & { readonly first?: number | undefined }): Promise<LoadResult> {
  const { connections, durationMs, body, first = 0 } = options;
  const statuses: Record<number, number> = {};
  let sent = 0;
  let errors = 0;
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(options)));
  const start = performance.now();
  await Promise.all(
    opened.map(async (connection) => {
      while (performance.now() - start < durationMs && !connection.failed) {
        const i = first + sent++;
        try {
          const { status } = await connection.send(body(i));
          statuses[status] = (statuses[status] ?? 0) + 1;
        } catch {
          errors++;
        }
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  for (const connection of opened) connection.close();
  return { sent, statuses, errors, seconds };
}

/** Timers are a millisecond coarse: the last stretch is waited for turn by turn. */
async function until(due: number): Promise<void> {
  const far = due - performance.now() - 1.5;
  if (far > 0) await new Promise((resolve) => setTimeout(resolve, far));
  while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
}

class Tally {
  readonly late: Float64Array;
  readonly done: Promise<void>;
  readonly #latencies: Float64Array;
  readonly #statuses: Record<number, number> = {};
  readonly #total: number;
  readonly #end = Promise.withResolvers<void>();
  #ended = 0;
  #errors = 0;

  constructor(total: number) {
    this.#total = total;
    this.late = new Float64Array(total);
    this.#latencies = new Float64Array(total);
    this.done = this.#end.promise;
  }

  answered(i: number, ms: number, { status }: Reply): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#finish(i, ms);
  }

  failed(i: number, ms: number): void {
    this.#errors++;
    this.#finish(i, ms);
  }

  result(seconds: number): LoadResult {
    return { sent: this.#total, statuses: this.#statuses, errors: this.#errors, seconds };
  }

  latency(): Latencies {
    const at = (share: number): number => percentileOf(this.#latencies, share);
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  }

  #finish(i: number, ms: number): void {
    this.#latencies[i] = ms;
    if (++this.#ended === this.#total) this.#end.resolve();
  }
}
