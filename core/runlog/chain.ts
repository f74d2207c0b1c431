import { chainHash, type ChainHead } from "#storage";
import type { ChainProblem, VerifyReport } from "./run-log.ts";

export interface ChainEntry {
  readonly seq: number;
  readonly hash: string;
  readonly body: string;
}
export interface ChainBounds {
  /** What stands before the first entry. */
  readonly anchor: ChainHead;
  /** Where the chain says it ends. */
  readonly head: ChainHead;
  /** A head noted elsewhere, earlier. */
  readonly expected?: ChainHead | undefined;
}

const MAX_PROBLEMS = 100;

/**
 * Follows a chain entry by entry. A changed text, a changed hash, a dropped, added, swapped or doubled entry and a cut tail are each found; what was
 * changed and then re-hashed to the end is found only with `expected`, so note a head somewhere else from time to time.
 */
export class ChainVerifier {
  private readonly bounds: ChainBounds;
  private readonly problems: ChainProblem[] = [];
  private total = 0;
  private records = 0;
  private first: number | undefined;
  private last: ChainHead;
  private expectedSeen: boolean;

  constructor(bounds: ChainBounds) {
    this.bounds = bounds;
    this.last = bounds.anchor;
    // What retention took can no longer be compared.
    this.expectedSeen = bounds.expected === undefined || bounds.expected.seq < bounds.anchor.seq;
    this.compareExpected(bounds.anchor);
  }

  add(entry: ChainEntry): void {
    this.records++;
    this.first ??= entry.seq;
    const next = this.last.seq + 1;
    if (entry.seq < next) {
      this.report(entry.seq, "out-of-order", `stands after record ${this.last.seq}`);
      return;
    }
    if (entry.seq > next) {
      // Its own hash builds on one that is gone, so it cannot be checked.
      this.report(next, "missing", next === entry.seq - 1 ? "is missing" : `to ${entry.seq - 1} are missing`);
    } else if (chainHash(this.last.hash, entry.seq, entry.body) !== entry.hash) {
      this.report(entry.seq, "altered", "does not fit its hash and the record before it");
    }
    this.last = { seq: entry.seq, hash: entry.hash };
    this.compareExpected(this.last);
  }

  /** For a finding of the caller's own. */
  report(seq: number, kind: ChainProblem["kind"], what: string): void {
    this.total++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ seq, kind, message: `record ${seq} ${what}` });
  }

  finish(unclean: VerifyReport["unclean"] = []): VerifyReport {
    const { head, expected } = this.bounds;
    if (this.last.seq < head.seq) {
      this.report(this.last.seq + 1, "truncated", `and all up to ${head.seq} were cut off`);
    } else if (this.last.hash !== head.hash) {
      this.report(head.seq, "altered", "is not the one the chain ended with");
    }
    if (expected !== undefined && !this.expectedSeen) {
      this.report(expected.seq, "truncated", "was noted as the head, but the log ends before it");
    }
    return {
      ok: this.total === 0,
      records: this.records,
      first: this.first,
      last: this.records === 0 ? undefined : this.last,
      problems: this.problems,
      problemsTotal: this.total,
      unclean,
    };
  }

  private compareExpected(entry: ChainHead): void {
    const { expected } = this.bounds;
    if (expected === undefined || entry.seq !== expected.seq) return;
    this.expectedSeen = true;
    if (entry.hash !== expected.hash) this.report(entry.seq, "altered", "is not the one that was noted as the head");
  }
}
