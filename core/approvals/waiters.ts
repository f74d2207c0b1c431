import { RunlogError } from "#api";

export interface WaitLimits {
  /** Waits at once, of all requests; 10 000. */
  readonly total?: number | undefined;
  /** Waits at once for one request; 16. */
  readonly perRequest?: number | undefined;
}

/** A place in the waiting room. Taken before the state is read, so that no change between reading and waiting is missed. */
export interface Waiter {
  /** Resolves at the next change of the request, after `ms`, or when the signal aborts; at once if one of them happened already. */
  woken(ms: number, signal?: AbortSignal): Promise<void>;
  leave(): void;
}

/** Many bounded waits on one watch: a change costs one look-up, waiting costs nothing. */
export class Waiters {
  readonly #total: number;
  readonly #perRequest: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  #size = 0;
  #closed = false;

  constructor(limits: WaitLimits = {}) {
    this.#total = limits.total ?? 10_000;
    this.#perRequest = limits.perRequest ?? 16;
  }

  get size(): number {
    return this.#size;
  }

  /** Throws RL_SATURATED when too many wait. */
  enter(key: string): Waiter {
    const group = this.#waiting.get(key) ?? new Set<() => void>();
    if (this.#size >= this.#total || group.size >= this.#perRequest) {
      throw new RunlogError("RL_SATURATED", "too many are waiting for approvals", { retryAfter: 5 });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(key, group.add(resolve));
    this.#size++;
    if (this.#closed) resolve();
    return {
      woken: (ms, signal) => until(promise, ms, signal),
      leave: () => {
        if (!group.delete(resolve)) return;
        this.#size--;
        if (group.size === 0 && this.#waiting.get(key) === group) this.#waiting.delete(key);
      },
    };
  }

  wake(key: string): void {
    for (const resolve of this.#waiting.get(key) ?? []) resolve();
  }

  /** Ends every wait, and each later one at once: a stopping server does not keep agents hanging. */
  close(): void {
    this.#closed = true;
    for (const key of this.#waiting.keys()) this.wake(key);
  }

  get closed(): boolean {
    return this.#closed;
  }
}

function until(change: Promise<void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
    void change.then(done);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
  });
}
