import { RunlogError } from "#api";

export interface DeadlineOptions {
  /** What took too long, as it begins the message: "the ledger". */
  readonly what: string;
  readonly ms: number;
  /** Ends the work earlier; its reason is what is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for the work, at most so long. Throws RL_DEADLINE then, and tells the work by its signal to stop.
 * Work that ignores the signal goes on unheard: what it still throws is dropped.
 */
export async function withDeadline<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  { what, ms, signal }: DeadlineOptions,
): Promise<T> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const cut = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    cut.reject(reason);
    stop.abort(reason);
  };
  const timer = setTimeout(() => end(new RunlogError("RL_DEADLINE", `${what} took longer than ${ms} ms`)), ms);
  const outer = (): void => end(signal?.reason);
  signal?.addEventListener("abort", outer, { once: true });
  try {
    return await Promise.race([typeof work === "function" ? work(stop.signal) : work, cut.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", outer);
  }
}
