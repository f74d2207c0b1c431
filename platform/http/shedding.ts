import { LRUCache } from "lru-cache";
import { RunlogError } from "#api";

export interface SheddingOptions {
  /** Hot requests that may be in flight; as many others may be beside them, so that long polls never take a review's place. */
  readonly maxInFlight: number;
  /** Milliseconds the event loop may be late, smoothed, before new requests are turned away. */
  readonly maxLagMs: number;
  /** Requests a second one caller may send, with a burst of two seconds' worth; 0 is no limit. */
  readonly perCaller: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Hears why a request was turned away. */
  readonly onShed?: ((reason: "in_flight" | "lag" | "rate") => void) | undefined;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Callers whose rate is remembered at once; the least recent one starts anew. */
const MAX_CALLERS = 10_000;
/** One long pause is no overload: turning away begins when lateness lasts for several samples. */
const SMOOTHING = 0.3;

/** Turns requests away before anything is done for them: too many in flight, the loop late, one caller too fast. */
export class Shedding {
  readonly #options: SheddingOptions;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_CALLERS });
  #hot = 0;
  #others = 0;
  #lag = 0;

  constructor(options: SheddingOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#hot + this.#others;
  }

  /** Milliseconds by which the event loop is late, smoothed over about half a second. */
  get lagMs(): number {
    return this.#lag;
  }

  /** Tells by how many milliseconds a timer was late. */
  sample(lateMs: number): void {
    this.#lag += (Math.max(0, lateMs) - this.#lag) * SMOOTHING;
  }

  /** Takes a place, to be given back by `leave`, or throws RL_SATURATED or RL_RATE_LIMITED. */
  enter(hot: boolean, caller: string): void {
    const { maxInFlight, maxLagMs, perCaller } = this.#options;
    if ((hot ? this.#hot : this.#others) >= maxInFlight)
      throw this.#saturated("in_flight", "too many requests are in flight");
    if (this.#lag > maxLagMs) throw this.#saturated("lag", "the server is behind with its work");
    if (perCaller > 0) this.#takeToken(caller);
    if (hot) this.#hot++;
    else this.#others++;
  }

  leave(hot: boolean): void {
    if (hot) this.#hot--;
    else this.#others--;
  }

  #saturated(reason: "in_flight" | "lag", message: string): RunlogError {
    this.#options.onShed?.(reason);
    return new RunlogError("RL_SATURATED", message, { retryAfter: 1 });
  }

  #takeToken(caller: string): void {
    const { perCaller, now } = this.#options;
    const at = now();
    const burst = perCaller * 2;
    let bucket = this.#buckets.get(caller);
    if (bucket === undefined) {
      bucket = { tokens: burst, at };
      this.#buckets.set(caller, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1_000) * perCaller);
    bucket.at = at;
    if (bucket.tokens < 1) {
      this.#options.onShed?.("rate");
      const retryAfter = (1 - bucket.tokens) / perCaller;
      throw new RunlogError("RL_RATE_LIMITED", `more than ${perCaller} requests a second`, { retryAfter });
    }
    bucket.tokens -= 1;
  }
}
