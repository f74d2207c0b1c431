import { isRunlogError, messageOf, RunlogError } from "#api";
import type { LedgerLimits } from "./limits.ts";

type Look = (signal: AbortSignal) => Promise<boolean>;

/** Waits for the archive: one lookup a key at a time, a bounded number in all, each with a deadline. Whatever fails is RL_RUN_UNKNOWN_STATE. */
export class Lookups {
  readonly #limits: Pick<LedgerLimits, "archiveTimeoutMs" | "maxArchiveLookups">;
  readonly #pending = new Map<string, Promise<boolean>>();

  constructor(limits: Pick<LedgerLimits, "archiveTimeoutMs" | "maxArchiveLookups">) {
    this.#limits = limits;
  }

  /** Whether it was found. Who asks for the same key meanwhile shares the answer; after the deadline `look` must not change anything. */
  once(key: string, look: Look): Promise<boolean> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= this.#limits.maxArchiveLookups) {
      throw new RunlogError("RL_SATURATED", "too many runs are being looked up in the run log", { retryAfter: 1 });
    }
    const lookup = within(look, this.#limits.archiveTimeoutMs).finally(() => this.#pending.delete(key));
    this.#pending.set(key, lookup);
    return lookup;
  }
}

export function unknownState(cause: unknown): RunlogError {
  const message = `the run is not in memory and the run log cannot tell: ${messageOf(cause)}`;
  return new RunlogError("RL_RUN_UNKNOWN_STATE", message, { cause, retryAfter: 1 });
}

async function within(look: Look, ms: number): Promise<boolean> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`no answer within ${ms} ms`);
      controller.abort(error);
      reject(error);
    }, ms);
  });
  try {
    return await Promise.race([look(controller.signal), late]);
  } catch (error) {
    throw isRunlogError(error) ? error : unknownState(error);
  } finally {
    clearTimeout(timer);
  }
}
