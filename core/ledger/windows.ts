import { toolMatcher } from "./glob.ts";
import { LONGEST_WINDOW_MS } from "./limits.ts";
import { Trace } from "./trace.ts";

/** Globs a subject keeps a trace for; one not read for a day is forgotten, and built again when it is read. */
const MAX_PATTERNS = 128;
const PATTERN_UNREAD_MS = 86_400_000;
/** What a reference without a tool reads: every action. */
const EVERY_TOOL = "*";

interface Pattern {
  readonly fits: Fits;
  readonly trace: Trace;
  readAt: number;
}

/**
 * The actions of one subject that may run, for `calls_in_window`. Kept by tool, so that a new policy sees the whole window; a tool or glob that is
 * read once is counted on its own from then on, so that reading it again is one search. At most `maxTools` tools are told apart: those that
 * come later share one trace, which the first reading of any tool or glob includes. That counts too many, never too few.
 */
export class Windows {
  readonly #maxTools: number;
  readonly #byTool = new Map<string, Trace>();
  #rest: Trace | undefined;
  readonly #patterns = new Map<string, Pattern>();

  constructor(maxTools: number) {
    this.#maxTools = maxTools;
  }

  /** `tool` is absent for actions that have none; only a reference without a tool counts those. */
  add(tool: string | undefined, at: number, now: number): void {
    this.#traceFor(tool ?? "").add(at, now);
    for (const { fits, trace } of this.#patterns.values()) if (fits(tool)) trace.add(at, now);
  }

  remove(tool: string | undefined, at: number, now: number): void {
    (this.#byTool.get(tool ?? "") ?? this.#rest)?.remove(at, now);
    for (const { fits, trace } of this.#patterns.values()) if (fits(tool)) trace.remove(at, now);
  }

  /** How many of this tool or glob (of every action without one) happened less than `windowMs` ago. */
  count(glob: string | undefined, windowMs: number, now: number): number {
    const key = glob ?? EVERY_TOOL;
    const pattern = this.#patterns.get(key) ?? this.#open(key, now);
    pattern.readAt = now;
    return pattern.trace.after(now - Math.min(windowMs, LONGEST_WINDOW_MS));
  }

  /** Whether one more action with this tool would be counted by the reference. Reads `count` first, so the glob is compiled. */
  includes(glob: string | undefined, tool: string | undefined): boolean {
    return (this.#patterns.get(glob ?? EVERY_TOOL)?.fits ?? matcherOf(glob))(tool);
  }

  /** Forgets tools without an event in any window, and globs that no policy reads any more. True when nothing is left. */
  prune(now: number): boolean {
    const oldest = now - LONGEST_WINDOW_MS;
    for (const [tool, trace] of this.#byTool) if (trace.lastAt <= oldest) this.#byTool.delete(tool);
    if (this.#rest !== undefined && this.#rest.lastAt <= oldest) this.#rest = undefined;
    for (const [glob, { readAt }] of this.#patterns) {
      if (readAt <= now - PATTERN_UNREAD_MS) this.#patterns.delete(glob);
    }
    return this.#byTool.size === 0 && this.#rest === undefined;
  }

  /** Once tools share the rest, no other is told apart until the rest is empty: else what it did before would be missed. */
  #traceFor(tool: string): Trace {
    const known = this.#byTool.get(tool);
    if (known !== undefined) return known;
    if (this.#rest !== undefined || this.#byTool.size >= this.#maxTools) return (this.#rest ??= new Trace());
    const trace = new Trace();
    this.#byTool.set(tool, trace);
    return trace;
  }

  #open(glob: string, now: number): Pattern {
    if (this.#patterns.size >= MAX_PATTERNS) this.#forgetOne();
    const fits = matcherOf(glob);
    const events: [at: number, count: number][] = [];
    const collect = (at: number, count: number): void => void events.push([at, count]);
    for (const [tool, trace] of this.#byTool) if (fits(tool === "" ? undefined : tool)) trace.forEach(collect);
    this.#rest?.forEach(collect);
    const trace = new Trace();
    for (const [at, count] of events.toSorted((a, b) => a[0] - b[0])) trace.add(at, now, count);
    const pattern = { fits, trace, readAt: now };
    this.#patterns.set(glob, pattern);
    return pattern;
  }

  #forgetOne(): void {
    let oldest: [string, number] | undefined;
    for (const [glob, { readAt }] of this.#patterns) {
      if (oldest === undefined || readAt < oldest[1]) oldest = [glob, readAt];
    }
    if (oldest !== undefined) this.#patterns.delete(oldest[0]);
  }
}

type Fits = (tool: string | undefined) => boolean;

/** Which actions a reference counts: with `*` or no tool every one, also those that have no tool. */
export function matcherOf(glob: string | undefined): Fits {
  if (glob === undefined || glob === EVERY_TOOL) return () => true;
  const matches = toolMatcher(glob);
  return (tool) => tool !== undefined && matches(tool);
}
