/** Bounds of a ledger. Times in milliseconds. Nothing an agent sends grows memory beyond them. */
export interface LedgerLimits {
  /** After this an unsettled reservation is charged at its estimate, or released if no answer let the action run. */
  readonly reservationTtlMs: number;
  /** How long an answer is remembered for a repeat of its uid. */
  readonly answerTtlMs: number;
  /** How long a closed run is kept. A terminated one is never forgotten: without an archive it stays in memory. */
  readonly runRetentionMs: number;
  readonly idleTimeoutMs: number;
  /** Active runs of one agent in memory; one more is `too_many_runs`. */
  readonly maxActivePerAgent: number;
  /** Runs in memory, some 3 KB each. Beyond it the least recently used are put away (read back from the archive); without an archive RL_SATURATED. */
  readonly maxRunsInMemory: number;
  /** Remembered uids, some 700 B each, and the bytes of their answers. Beyond it the oldest are read from the archive; without one RL_SATURATED. */
  readonly maxAnswers: number;
  readonly maxAnswerBytes: number;
  /** Distinct tools and distinct calls (tool and arguments) counted in one run. What comes later is unreadable, not guessed. */
  readonly maxToolsPerRun: number;
  readonly maxCallsPerRun: number;
  /** Distinct calls counted in all runs together. */
  readonly maxCallsInMemory: number;
  /** Distinct tools a sliding window tells apart for one agent, user or namespace; the rest share one count, which every glob includes. */
  readonly maxToolsPerWindow: number;
  /** Agents, and users of one agent, counted apart; the rest share one budget, so that none escapes. */
  readonly maxAgents: number;
  readonly maxUsersPerAgent: number;
  readonly maxUsers: number;
  /** Depth of a run tree, the root included. */
  readonly maxDepth: number;
  /** How long the archive may take. */
  readonly archiveTimeoutMs: number;
  /** How many lookups in the archive may wait at once. */
  readonly maxArchiveLookups: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const defaultLedgerLimits: LedgerLimits = {
  reservationTtlMs: 15 * MINUTE,
  answerTtlMs: HOUR,
  runRetentionMs: 30 * DAY,
  idleTimeoutMs: DAY,
  maxActivePerAgent: 10_000,
  maxRunsInMemory: 50_000,
  maxAnswers: 200_000,
  maxAnswerBytes: 64 * 1024 * 1024,
  maxToolsPerRun: 1_000,
  maxCallsPerRun: 10_000,
  maxCallsInMemory: 1_000_000,
  maxToolsPerWindow: 256,
  maxAgents: 20_000,
  maxUsersPerAgent: 10_000,
  maxUsers: 100_000,
  maxDepth: 16,
  archiveTimeoutMs: 2_000,
  maxArchiveLookups: 1_000,
};

/** No instant is further from a counter's present than a month and a zone's offset: older money counts in no span. */
export const LONGEST_SPAN_MS = 33 * DAY;
export const LONGEST_WINDOW_MS = 31 * DAY;
