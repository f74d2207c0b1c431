import type { ReviewEvent } from "./draft.ts";
import { actionOf, NOTHING } from "./action.ts";
import type { Entry } from "./run.ts";
import type { Sweep } from "./ledger.ts";
import type { Parts } from "./parts.ts";
import { idleClosure } from "./run-table.ts";

/** Work of one sweep; what is left waits for the next. */
const AT_ONCE = 10_000;
/** Unanswered reservations looked up in the archive by one sweep. */
const LOOKUPS_AT_ONCE = 100;

/** What time does: reservations nobody settled, runs nothing happens in, answers and runs past their time. Never on a request's path. */
export async function sweep(parts: Parts): Promise<Sweep> {
  const { clock, entries, runs, subjects, shelf } = parts;
  const now = clock.now();
  const charged: Sweep["charged"][number][] = [];
  const released: Sweep["released"][number][] = [];
  const unanswered: Entry[] = [];
  for (const entry of entries.overdue(now, AT_ONCE)) {
    if (!entry.answered) unanswered.push(entry);
    else charged.push(expire(entry, parts));
  }
  for (const entry of unanswered.slice(0, shelf === undefined ? unanswered.length : LOOKUPS_AT_ONCE)) {
    const settled = await ofUnanswered(entry, parts);
    if (settled === "charged") charged.push(expire(entry, parts));
    else if (settled === "released") released.push({ run: entry.run.identity, uid: entry.uid });
  }
  const idle = runs.endIdle(now, AT_ONCE).concat(shelf?.idle.splice(0) ?? []);
  entries.forget(now, AT_ONCE);
  runs.forget(now, AT_ONCE);
  subjects.prune(now);
  return {
    idle: idle.map((run) => ({ run: run.identity, closure: run.closure ?? idleClosure(now) })),
    charged,
    released,
  };
}

/** Its estimate stands in the counters and stays there; a report may still replace it. */
function expire(entry: Entry, { entries }: Parts): Sweep["charged"][number] {
  entries.turn(entry, "expired");
  return { run: entry.run.identity, uid: entry.uid, ...(entry.held ?? NOTHING) };
}

/**
 * Nobody told the ledger how the review ended. If the run log holds an answer that let the action run, it may have run: charged. Else released.
 * While the archive cannot tell, the reservation stays.
 */
async function ofUnanswered(entry: Entry, parts: Parts): Promise<"charged" | "released" | "unknown"> {
  const { shelf, postings, entries, runs, clock } = parts;
  const { run, uid } = entry;
  if (shelf !== undefined) {
    let event;
    try {
      event = await shelf.peek(run, uid);
    } catch {
      return "unknown";
    }
    if (entry.answered || !entry.unsettled) return "unknown";
    if (event !== undefined && isOf(entry, event, parts)) {
      return written(entry, event, parts);
    }
  }
  postings.release(entry, clock.now());
  entries.drop(entry);
  if (entry.opens) runs.undo(run);
  return "released";
}

/** The record of this very review: one of the same uid from before would still be remembered, had it been within the hour. */
function isOf(entry: Entry, { request, at }: ReviewEvent, { limits }: Parts): boolean {
  return request.requestDigest === entry.requestDigest && at > entry.at - limits.answerTtlMs;
}

/** The answer was written down and the ledger never heard of it: it is heard now. */
function written(entry: Entry, { request, finish }: ReviewEvent, parts: Parts): "charged" | "released" {
  const { postings, entries, runs, clock } = parts;
  const now = clock.now();
  postings.release(entry, now);
  postings.uncount(entry);
  entry.action = actionOf(request);
  postings.count(entry);
  postings.deny(entry, finish.countsAsDenial);
  entry.mayRun = finish.mayRun;
  entry.run.written = true;
  if (finish.mayRun) postings.hold(entry, now);
  entries.speak(entry, finish.answer);
  if (finish.terminate !== undefined) {
    runs.closeTree(finish.terminate.tree ? entry.run.root : entry.run, finish.terminate.closure);
  }
  if (finish.mayRun) return "charged";
  entries.turn(entry, "released");
  return "released";
}
