import { LRUCache } from "lru-cache";
import { RunlogError } from "#api";

export interface SheddingOptions {
  /** Requests that may be in flight; 1 024. */
  readonly maxInFlight: number;
  /** Milliseconds the event loop may be late before new requests are turned away; 500. */
  readonly maxLagMs: number;
  /** Requests a second one caller may send, with a burst of two seconds' worth; 0 is no limit. */
  readonly perCaller: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Callers whose rate is remembered at once; the least recent one starts anew. */
const MAX_CALLERS = 10_000;
const LAG_SAMPLE_MS = 100;

/** Turns requests away before anything is done for them: too many in flight, the loop late, one caller too fast. */
export class Shedding {
  readonly #options: SheddingOptions;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_CALLERS });
  #inFlight = 0;
  #lag = 0;
  #sampler: NodeJS.Timeout | undefined;

  constructor(options: SheddingOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Milliseconds by which the event loop was late at the last sample. */
  get lagMs(): number {
    return this.#lag;
  }

  start(): void {
    let expected = this.#options.now() + LAG_SAMPLE_MS;
    this.#sampler = setInterval(() => {
      const now = this.#options.now();
      this.#lag = Math.max(0, now - expected);
      expected = now + LAG_SAMPLE_MS;
    }, LAG_SAMPLE_MS);
    this.#sampler.unref();
  }

  stop(): void {
    clearInterval(this.#sampler);
  }

  /** Takes a place, or throws RL_SATURATED or RL_RATE_LIMITED. */
  enter(caller: string): void {
    const { maxInFlight, maxLagMs } = this.#options;
    if (this.#inFlight >= maxInFlight)
      throw new RunlogError("RL_SATURATED", `${maxInFlight} requests are in flight`, { retryAfter: 1 });
    if (this.#lag > maxLagMs) throw new RunlogError("RL_SATURATED", "the server is behind", { retryAfter: 1 });
    this.#takeToken(caller);
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
  }

  #takeToken(caller: string): void {
    const { perCaller, now } = this.#options;
    if (perCaller === 0) return;
    const at = now();
    const burst = perCaller * 2;
    const bucket = this.#buckets.get(caller) ?? { tokens: burst, at };
    bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1_000) * perCaller);
    bucket.at = at;
    this.#buckets.set(caller, bucket);
    if (bucket.tokens < 1) {
      throw new RunlogError("RL_RATE_LIMITED", `more than ${perCaller} requests a second`, {
        retryAfter: (1 - bucket.tokens) / perCaller,
      });
    }
    bucket.tokens -= 1;
  }
}
