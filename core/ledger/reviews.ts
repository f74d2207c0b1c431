import { RunlogError, type RunIdentity } from "#api";
import { bind, findRun, type Known, type Need, type Refused } from "./binding.ts";
import { type Action, actionOf } from "./action.ts";
import { type Entry, type Run, runKey } from "./run.ts";
import type { AmendRequest, AmendResult, BeginRequest, BeginResult, FinishRequest, FinishResult } from "./ledger.ts";
import type { Parts } from "./parts.ts";
import { type Measure, measure } from "./readings.ts";
import type { Subject } from "./subjects.ts";

type Numbers = Pick<AmendRequest, "counters" | "limits" | "reserve">;
type Open = Extract<BeginResult, { kind: "open" }>;

/** One review from begin to finish. Everything here is one synchronous step, so nothing comes between checking and adding. */
export class Reviews {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Begins the review, or says what has to be looked up first. */
  begin(request: BeginRequest, known: Known): BeginResult | Need {
    const now = this.#parts.clock.now();
    const run = findRun(request.run, known, this.#parts);
    if (run === undefined) return this.#beginRun(request, known, now);
    if ("kind" in run) return run;
    if (run.closure?.state === "terminated") return { kind: "closed", closure: run.closure };
    const entry = this.#remembered(run, request.uid, known, now);
    if (entry !== undefined) return "kind" in entry ? entry : this.#repeat(entry, request, known, now);
    if (run.closure !== undefined) return { kind: "closed", closure: run.closure };
    const fixed = fixedParent(run, request);
    return fixed ?? this.#open(run, request, now);
  }

  /** A modified action in place of the first one. Of a dryRun, or once the uid is answered, it only reads. */
  amend(request: AmendRequest): AmendResult {
    const now = this.#parts.clock.now();
    const key = runKey(request.run);
    const run = this.#parts.runs.get(key);
    if (request.dryRun) return this.#probe(run ?? this.#parts.runs.make(request.run, undefined, now), request);
    const entry = run?.entries.get(request.uid);
    if (entry === undefined) throw overdue(request.uid);
    if (entry.answered) return this.#beside(entry, request, now);
    this.#unwind(entry, now);
    entry.action = actionOf(request);
    return this.#enter(entry, request, now);
  }

  finish(request: FinishRequest): FinishResult {
    const { entries, postings, clock } = this.#parts;
    const now = clock.now();
    const entry = this.#parts.runs.get(runKey(request.run))?.entries.get(request.uid);
    if (entry === undefined || entry.requestDigest !== request.requestDigest) throw overdue(request.uid);
    entry.pending = Math.max(0, entry.pending - 1);
    if (entry.answered) return { first: false, answer: entry.answer ?? request.answer };
    entry.mayRun = request.mayRun;
    entry.run.written = true;
    if (request.mayRun) postings.hold(entry, now);
    else postings.release(entry, now);
    postings.deny(entry, request.countsAsDenial);
    entries.speak(entry, request.answer);
    entries.turn(entry, request.mayRun ? "kept" : "released");
    if (request.terminate !== undefined) {
      const { closure, tree } = request.terminate;
      this.#parts.runs.closeTree(tree ? entry.run.root : entry.run, closure);
    }
    return { first: true, answer: request.answer };
  }

  abandon(run: RunIdentity, uid: string): void {
    const entry = this.#parts.runs.get(runKey(run))?.entries.get(uid);
    if (entry === undefined || entry.state === "settled" || entry.state === "expired") return;
    entry.pending = Math.max(0, entry.pending - 1);
    if (entry.pending > 0) return;
    undo(entry, this.#parts);
  }

  #beginRun(request: BeginRequest, known: Known, now: number): BeginResult | Need {
    const bound: { readonly parent: Run | undefined } | Refused | Need = bind(request, known, this.#parts);
    if ("kind" in bound) return bound;
    const run = this.#parts.runs.make(request.run, bound.parent, now);
    if (!request.dryRun) {
      this.#parts.entries.makeRoom(now);
      this.#parts.runs.put(run);
      const delegation = request.parent?.delegation;
      if (delegation !== undefined) bound.parent?.claim(delegation, run.key);
    }
    return this.#open(run, request, now);
  }

  /** The review of this uid if it is still remembered; what is older is a new question. */
  #remembered(run: Run, uid: string, known: Known, now: number): Entry | Need | undefined {
    const { shelf, entries } = this.#parts;
    const entry = run.entries.get(uid);
    if (entry !== undefined) {
      if (entry.unsettled || entry.until > now) return entry;
      entries.drop(entry);
      return undefined;
    }
    if (shelf === undefined || known.isAbsent(`${run.key}\n${uid}`) || !entries.mayBePutAway(run, uid, now))
      return undefined;
    return { kind: "need", look: lookAgain(run, uid, known, this.#parts) };
  }

  #repeat(entry: Entry, request: BeginRequest, known: Known, now: number): BeginResult | Need {
    if (entry.requestDigest !== request.requestDigest) return { kind: "uid_reused" };
    if (!entry.answered) {
      entry.pending++;
      this.#unwind(entry, now);
      entry.action = actionOf(request);
      return this.#opened(entry, this.#enter(entry, request, now));
    }
    if (entry.answer !== undefined) return { kind: "answered", answer: entry.answer };
    return { kind: "need", look: lookAgain(entry.run, entry.uid, known, this.#parts) };
  }

  #open(run: Run, request: BeginRequest, now: number): Open {
    const { entries, subjects, limits } = this.#parts;
    if (request.dryRun) {
      const probed = this.#probe(run, request);
      return { kind: "open", ...probed, reservation: "", root: run.root.identity, newRun: !run.opened };
    }
    const userSubject = request.user === undefined ? undefined : subjects.user(run.agent, request.user);
    const until = now + limits.answerTtlMs;
    const { uid, requestDigest, model, user } = request;
    const action = actionOf(request);
    const entry = entries.create(
      run,
      { uid, requestDigest, model, user, action, userSubject, until },
      { at: now, now },
    );
    entry.opens = !run.opened;
    run.opened = true;
    run.touch(now);
    return this.#opened(entry, this.#enter(entry, request, now));
  }

  #opened(entry: Entry, { readings, reserved }: AmendResult): Open {
    const { run, uid } = entry;
    const reservation = `${run.identity.run}/${uid}`;
    return { kind: "open", readings, reserved, reservation, root: run.root.identity, newRun: entry.opens };
  }

  /** Reads every counter, then counts the action and reserves its estimate, if every limit holds with it. */
  #enter(entry: Entry, numbers: Numbers, now: number): AmendResult {
    const { postings } = this.#parts;
    const { readings, within } = this.#measure(entry.run, entry.userSubject, numbers, entry.action);
    postings.count(entry);
    const reserved = numbers.reserve && within && readable(entry);
    if (reserved) postings.hold(entry, now);
    return { readings, reserved };
  }

  #unwind(entry: Entry, now: number): void {
    unwind(entry, now, this.#parts);
  }

  #probe(run: Run, request: BeginRequest | AmendRequest): AmendResult {
    const { subjects } = this.#parts;
    const { namespace, serviceAccount } = run.identity;
    const { user } = request;
    const subject =
      user === undefined ? undefined : (subjects.find({ namespace, serviceAccount, user }) ?? subjects.create());
    const { readings } = this.#measure(run, subject, request, actionOf(request));
    return { readings, reserved: false };
  }

  /** The same uid was answered while this evaluation was under way: what it would read, without its own part counted twice. */
  #beside(entry: Entry, request: AmendRequest, now: number): AmendResult {
    const { postings } = this.#parts;
    const { held, slot, counted, action } = entry;
    this.#unwind(entry, now);
    const { readings } = this.#measure(entry.run, entry.userSubject, request, actionOf(request));
    entry.action = action;
    if (counted) postings.count(entry);
    if (held !== undefined) postings.restore(entry, { held, slot }, now);
    return { readings, reserved: held !== undefined };
  }

  #measure(run: Run, user: Subject | undefined, numbers: Numbers, action: Action): Measure {
    const { subjects, zones, clock } = this.#parts;
    return measure(numbers, { run, user, action, now: clock.now(), subjects, zones });
  }
}

function unwind(entry: Entry, now: number, { postings }: Parts): void {
  postings.release(entry, now);
  postings.uncount(entry);
}

/** Nothing of the review happened. */
function undo(entry: Entry, parts: Parts): void {
  unwind(entry, parts.clock.now(), parts);
  parts.postings.deny(entry, false);
  parts.entries.drop(entry);
  if (entry.opens) parts.runs.undo(entry.run);
}

/** Only a re-read of an answer that was put away, or of a uid the filter may know. */
function lookAgain(run: Run, uid: string, known: Known, { shelf }: Parts): () => Promise<void> {
  return async () => {
    if (!((await shelf?.review(run, uid)) ?? false)) known.addAbsent(`${run.key}\n${uid}`);
  };
}

/** A parent is fixed at the run's first review; leaving it out later changes nothing. */
function fixedParent(run: Run, { parent }: BeginRequest): Refused | undefined {
  if (parent === undefined) return undefined;
  if (run.parent !== undefined && runKey(parent.run) === run.parent.key) return undefined;
  return { kind: "parent_refused", why: "the parent of a run is fixed at its first review" };
}

function readable(entry: Entry): boolean {
  return typeof entry.action.cost === "number" && typeof entry.action.tokens === "number";
}

function overdue(uid: string): RunlogError {
  return new RunlogError("RL_DEADLINE", `the review ${uid} is no longer under way; its reservation was released`, {
    retryAfter: 1,
  });
}
