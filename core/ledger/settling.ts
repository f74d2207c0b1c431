import { NOTHING } from "./action.ts";
import type { Entry } from "./run.ts";
import type { SettleRequest, SettleResult } from "./ledger.ts";
import type { Parts } from "./parts.ts";

/** The report replaces the estimate in full, in the day of the decision, also after the reservation expired. The first one wins. */
export function settle(
  entry: Entry,
  request: Pick<SettleRequest, "reportDigest" | "charge">,
  { postings, entries, clock }: Pick<Parts, "postings" | "entries" | "clock">,
): SettleResult["kind"] {
  if (!entry.answered || !entry.mayRun) return "unknown";
  if (entry.state === "settled") return entry.reportDigest === request.reportDigest ? "repeat" : "conflict";
  const now = clock.now();
  if (request.charge === null) {
    postings.release(entry, now);
    entry.held = NOTHING;
  } else {
    postings.charge(entry, request.charge, now);
  }
  entry.reportDigest = request.reportDigest;
  entries.turn(entry, "settled");
  entry.run.touch(now);
  return "settled";
}
