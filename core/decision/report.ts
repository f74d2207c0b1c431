import { digestOf, formatUsd, RunlogError, type Report, type RunIdentity, type Tokens } from "#api";
import type { Amount, Reservation } from "#ledger";
import type { Caller } from "./caller.ts";
import type { Deciding } from "./deciding.ts";
import { checkedCost } from "./facts.ts";
import { reportRecord } from "./record.ts";

const nothing: Amount = { cost: 0, tokens: 0 };

export interface Reported {
  readonly run: string;
  readonly uid: string;
  readonly charged: { readonly usd: string; readonly tokens: number };
}

/**
 * Settles one action: the report replaces the estimate in full, in the day of the decision, also after the reservation expired.
 * The first report wins; the same again is answered alike, another is RL_ALREADY_REPORTED.
 */
export async function report(deciding: Deciding, caller: Caller, given: Report): Promise<Reported> {
  const run: RunIdentity = { namespace: caller.namespace, serviceAccount: caller.serviceAccount, run: given.run };
  const reservation = await deciding.ledger.reservation(run, given.uid);
  if (reservation === undefined || reservation.state === "open" || reservation.state === "released") {
    throw new RunlogError("RL_NOT_REPORTABLE", `no action of this run that may run has the uid ${given.uid}`, {
      path: "/uid",
    });
  }
  const reportDigest = digestOf(given);
  const charge = chargeOf(given, reservation, deciding);
  if (reservation.state === "settled") return repeated(given, reservation, reportDigest);
  deciding.runLog.admit(false);
  await deciding.runLog.append(
    reportRecord({ run, report: given, reportDigest, charge, reservation, at: deciding.clock.now() }),
  );
  const { kind } = await deciding.ledger.settle({ run, uid: given.uid, reportDigest, charge });
  if (kind === "conflict") throw conflict(given.uid);
  if (charge !== null) deciding.metrics.charged(caller.namespace, charge.cost);
  return answer(given, charge ?? nothing);
}

function repeated(given: Report, reservation: Reservation, reportDigest: string): Reported {
  if (reservation.reportDigest !== reportDigest) throw conflict(given.uid);
  return answer(given, reservation.charged ?? nothing);
}

function conflict(uid: string): RunlogError {
  return new RunlogError(
    "RL_ALREADY_REPORTED",
    `${uid} was reported already with another content; the first report stands`,
    { path: "/uid" },
  );
}

function answer(given: Report, charge: Amount): Reported {
  return { run: given.run, uid: given.uid, charged: { usd: formatUsd(charge.cost), tokens: charge.tokens } };
}

/**
 * What an action is charged (api.md "Money"): null releases a skipped one; of a priced model the larger of reported and priced;
 * an llm_call that reports neither cost nor tokens is charged its estimate.
 */
export function chargeOf(
  given: Report,
  reservation: Reservation,
  deciding: Pick<Deciding, "pricing" | "maxCost">,
): Amount | null {
  const reported = given.cost === undefined ? undefined : checkedCost(given.cost.usd, deciding.maxCost, "/cost/usd");
  if (given.outcome === "skipped") return null;
  const price = priceOf(given, reservation, deciding);
  const tokens = given.tokens === undefined ? known(reservation.tokens) : sum(given.tokens);
  if (reported === undefined && price === undefined) return { cost: known(reservation.cost), tokens };
  return { cost: Math.max(reported ?? 0, price ?? 0), tokens };
}

/** What the reported tokens of a priced model cost; undefined for everything else. */
function priceOf(given: Report, reservation: Reservation, { pricing }: Pick<Deciding, "pricing">): number | undefined {
  if (given.tokens === undefined || reservation.action !== "llm_call") return undefined;
  const price = pricing.price(reservation.model, given.tokens);
  return typeof price === "number" ? price : undefined;
}

function sum({ input = 0, output = 0 }: Tokens): number {
  return input + output;
}

function known(reading: Reservation["cost"]): number {
  return typeof reading === "number" ? reading : 0;
}
