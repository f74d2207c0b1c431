import { isRunlogError, messageOf } from "#api";
import { withDeadline } from "./deadline.ts";

export interface ShutdownStep {
  readonly name: string;
  readonly ms: number;
  readonly outcome: "done" | "late" | "failed";
  /** Why it failed, or what it left: records, requests. */
  readonly message?: string | undefined;
}
export interface ShutdownReport {
  readonly reason: string;
  readonly steps: readonly ShutdownStep[];
  /** True when every step was done within its time. */
  readonly clean: boolean;
}

/** Closes one thing. May say what it left undone; that makes the shutdown unclean, too. */
export type CloseStep = (signal: AbortSignal) => Promise<string | void>;

export interface Shutdown {
  /** Steps run in reverse order of being added, one after the other: what was opened last is closed first. */
  add(name: string, deadlineMs: number, close: CloseStep): void;
  /** Runs once; called again it gives the same report. A step that is late or fails does not keep the next from running. */
  run(reason: string): Promise<ShutdownReport>;
  /** Aborted when the shutdown begins, before the first step. */
  readonly signal: AbortSignal;
  /** Begins on SIGTERM or SIGINT; a second signal calls `impatient`. Undone by the function it returns. */
  onSignals(source: SignalSource, impatient: () => void): () => void;
}

/** `process`, or something like it in tests. */
export interface SignalSource {
  on(event: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  off(event: "SIGTERM" | "SIGINT", listener: () => void): unknown;
}

interface Step {
  readonly name: string;
  readonly deadlineMs: number;
  readonly close: CloseStep;
}

export interface ShutdownOptions {
  /** Milliseconds, monotonic; `performance.now` by default. */
  readonly now?: (() => number) | undefined;
  /** Hears of every step as it ends. Must not throw. */
  readonly onStep?: ((step: ShutdownStep) => void) | undefined;
}

export function createShutdown(options: ShutdownOptions = {}): Shutdown {
  const now = options.now ?? (() => performance.now());
  const steps: Step[] = [];
  const begun = new AbortController();
  let running: Promise<ShutdownReport> | undefined;

  const runAll = async (reason: string): Promise<ShutdownReport> => {
    begun.abort();
    const done: ShutdownStep[] = [];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const result = await runStep(step, now);
      done.push(result);
      options.onStep?.(result);
    }
    return { reason, steps: done, clean: done.every((step) => step.outcome === "done" && step.message === undefined) };
  };

  const shutdown: Shutdown = {
    signal: begun.signal,
    add(name, deadlineMs, close) {
      steps.push({ name, deadlineMs, close });
    },
    run(reason) {
      running ??= runAll(reason);
      return running;
    },
    onSignals(source, impatient) {
      const hear = (name: "SIGTERM" | "SIGINT") => (): void => {
        if (running !== undefined) impatient();
        else void shutdown.run(name);
      };
      const listeners = [["SIGTERM", hear("SIGTERM")] as const, ["SIGINT", hear("SIGINT")] as const];
      for (const [event, listener] of listeners) source.on(event, listener);
      return () => {
        for (const [event, listener] of listeners) source.off(event, listener);
      };
    },
  };
  return shutdown;
}

async function runStep({ name, deadlineMs, close }: Step, now: () => number): Promise<ShutdownStep> {
  const start = now();
  const ended = (outcome: ShutdownStep["outcome"], message?: string): ShutdownStep => ({
    name,
    ms: now() - start,
    outcome,
    ...(message === undefined ? {} : { message }),
  });
  try {
    // Inside an async function, so that a step that throws at once is a failed step as well.
    const left = await withDeadline(async (signal) => close(signal), { what: name, ms: deadlineMs });
    return typeof left === "string" ? ended("done", left) : ended("done");
  } catch (error) {
    return ended(isRunlogError(error) && error.code === "RL_DEADLINE" ? "late" : "failed", messageOf(error));
  }
}
