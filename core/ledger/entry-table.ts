import { RunlogError } from "#api";
import { NOTHING } from "./action.ts";
import { Entry, type EntryRequest, type Run } from "./run.ts";
import type { Reservation, Sweep } from "./ledger.ts";
import type { LedgerLimits } from "./limits.ts";
import { List, type Node } from "./list.ts";
import { SeenFilter } from "./seen-filter.ts";

/** How many reviews one search for room looks at. */
const TRIES = 64;
/** Rows of early expiry kept for the next sweep's record. */
const MAX_EARLY = 100_000;

/**
 * Every review that is remembered: answers for an hour, reservations until they are settled. Beyond the bounds the oldest settled ones are put away;
 * a filter knows which, so that only a repeat of those (and one in some hundred others) looks into the archive.
 */
export class EntryTable {
  readonly #limits: LedgerLimits;
  readonly #archived: boolean;
  readonly #waiting = new List<Entry>();
  readonly #remembered = new List<Entry>();
  readonly #spoken = new List<Entry>();
  readonly #putAway: SeenFilter;
  readonly #early = new Map<string, Sweep["charged"][number]>();
  #bytes = 0;

  constructor(limits: LedgerLimits, archived: boolean) {
    this.#limits = limits;
    this.#archived = archived;
    this.#putAway = new SeenFilter(limits.answerTtlMs);
  }

  get size(): number {
    return this.#remembered.size;
  }

  /** Reservations that nobody has settled yet. */
  get unsettled(): number {
    return this.#waiting.size;
  }

  /** Room for one more; RL_SATURATED when there is none and nothing may be put away. */
  makeRoom(now: number): void {
    if (!this.#full()) return;
    this.forget(now, TRIES);
    if (!this.#full()) return;
    const oldest = this.#archived ? (this.#oldest(isSettled) ?? this.#oldest(isAnswered)) : undefined;
    if (oldest === undefined) {
      const message = `the ledger remembers ${this.#remembered.size} reviews and can put none away`;
      throw new RunlogError("RL_SATURATED", message, { retryAfter: 60 });
    }
    this.leaveAway(oldest.run, oldest.uid, now);
    if (oldest.unsettled) this.#expireEarly(oldest);
    this.drop(oldest);
  }

  /** With an archive too many bytes are no reason: texts are put away as they come. */
  #full(): boolean {
    const { maxAnswers, maxAnswerBytes } = this.#limits;
    return this.#remembered.size >= maxAnswers || (!this.#archived && this.#bytes >= maxAnswerBytes);
  }

  /** `now` is the present, also when the review was decided long before. */
  create(run: Run, request: EntryRequest, { at, now }: { readonly at: number; readonly now: number }): Entry {
    this.makeRoom(now);
    const entry = new Entry(run, request, at);
    this.forgetEarly(run.key, request.uid);
    run.entries.set(entry.uid, entry);
    entry.waiting = this.#waiting.insert(entry, (other) => other.at > at);
    entry.remembered = this.#remembered.append(entry);
    run.pins++;
    return entry;
  }

  /** Moves a review on; one that no longer waits lets its run leave memory. */
  turn(entry: Entry, state: Reservation["state"]): void {
    const waited = entry.unsettled;
    entry.state = state;
    if (!waited || entry.unsettled) return;
    if (entry.waiting !== undefined) this.#waiting.remove(entry.waiting);
    entry.run.pins--;
  }

  speak(entry: Entry, answer: string): void {
    entry.answered = true;
    entry.answer = answer;
    entry.spoken = this.#spoken.append(entry);
    this.#bytes += answer.length;
    if (this.#archived) while (this.#bytes > this.#limits.maxAnswerBytes && this.#silenceOldest());
  }

  drop(entry: Entry): void {
    this.turn(entry, "released");
    this.#silence(entry);
    if (entry.remembered !== undefined) this.#remembered.remove(entry.remembered);
    if (entry.run.entries.get(entry.uid) === entry) entry.run.entries.delete(entry.uid);
  }

  /** The run is put away with everything of it; the archive knows it all. */
  dropRun(run: Run): void {
    for (const entry of run.entries.values()) this.drop(entry);
  }

  /** From now on this uid is looked up in the archive. */
  leaveAway(run: Run, uid: string, now: number): void {
    this.#putAway.add(putAwayKey(run, uid), now);
  }

  /** May this uid have been answered less than an hour ago, and be put away since? */
  mayBePutAway(run: Run, uid: string, now: number): boolean {
    return this.#putAway.has(putAwayKey(run, uid), now);
  }

  /** The review is back, or something else became of it. */
  forgetEarly(runKey: string, uid: string): void {
    if (this.#early.size > 0) this.#early.delete(`${runKey}\n${uid}`);
  }

  /** Kept reservations that had to be put away before their time. */
  takeEarly(): Sweep["charged"][number][] {
    const rows = [...this.#early.values()];
    this.#early.clear();
    return rows;
  }

  /** Reservations that waited too long, oldest first, at most `max`; each is to be turned or it is found again. */
  overdue(now: number, max: number): Entry[] {
    const found: Entry[] = [];
    const before = now - this.#limits.reservationTtlMs;
    for (let node = this.#waiting.first; node !== undefined && found.length < max; node = node.after) {
      if (node.item.at > before) return found;
      found.push(node.item);
    }
    return found;
  }

  /** Forgets answers older than an hour. */
  forget(now: number, max: number): void {
    for (let i = 0; i < max; i++) {
      const node = this.#remembered.first;
      if (node === undefined || node.item.until > now) return;
      if (node.item.unsettled) this.#remembered.moveToEnd(node);
      else this.drop(node.item);
    }
  }

  /** Its estimate stays charged, as it would after its time; a report finds it in the archive. The next sweep tells. */
  #expireEarly(entry: Entry): void {
    const row = { run: entry.run.identity, uid: entry.uid, ...(entry.held ?? NOTHING) };
    if (this.#early.size < MAX_EARLY) this.#early.set(putAwayKey(entry.run, entry.uid), row);
    this.turn(entry, "expired");
  }

  #oldest(mayGo: (entry: Entry) => boolean): Entry | undefined {
    let node: Node<Entry> | undefined = this.#remembered.first;
    for (let i = Math.min(TRIES, this.#remembered.size); i > 0 && node !== undefined; i--) {
      const { item, after }: Node<Entry> = node;
      if (mayGo(item)) return item;
      this.#remembered.moveToEnd(node);
      node = after;
    }
    return undefined;
  }

  #silenceOldest(): boolean {
    const oldest = this.#spoken.first?.item;
    if (oldest !== undefined) this.#silence(oldest);
    return oldest !== undefined;
  }

  #silence(entry: Entry): void {
    if (entry.spoken === undefined) return;
    this.#spoken.remove(entry.spoken);
    this.#bytes -= entry.answer?.length ?? 0;
    entry.spoken = undefined;
    entry.answer = undefined;
  }
}

function putAwayKey(run: Run, uid: string): string {
  return `${run.key}\n${uid}`;
}

function isSettled(entry: Entry): boolean {
  return !entry.unsettled;
}

function isAnswered(entry: Entry): boolean {
  return entry.answered;
}
