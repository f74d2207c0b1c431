/** Closes what was opened, last opened first, each step within its deadline; one that fails does not keep the others from closing. */
export class Shutdown {
  readonly #steps: {
    readonly name: string;
    readonly deadlineMs: number;
    readonly close: () => Promise<unknown> | unknown;
  }[] = [];
  #closing: Promise<readonly ShutdownProblem[]> | undefined;

  add(name: string, deadlineMs: number, close: () => Promise<unknown> | unknown): void {
    this.#steps.push({ name, deadlineMs, close });
  }

  /** Repeatable; resolves to what did not close as it should. */
  close(): Promise<readonly ShutdownProblem[]> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<readonly ShutdownProblem[]> {
    const problems: ShutdownProblem[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        await withDeadline(Promise.resolve(step.close()), step.deadlineMs);
      } catch (error) {
        problems.push({ step: step.name, error });
      }
    }
    return problems;
  }
}

export interface ShutdownProblem {
  readonly step: string;
  readonly error: unknown;
}

/** The promise's result, or an error after `ms`. The work behind it goes on: give it a signal if it can be stopped. */
export async function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`took longer than ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
