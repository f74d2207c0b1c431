import type { ActionType, CounterReading } from "#api";
import type { Amount } from "./ledger.ts";

/** The action as the ledger counts it; a modified one replaces it. */
export interface Action {
  readonly action: ActionType;
  readonly tool?: string | undefined;
  readonly callDigest?: string | undefined;
  readonly delegate?: string | undefined;
  readonly cost: CounterReading;
  readonly tokens: CounterReading;
  readonly resend: boolean;
}

export const NOTHING: Amount = { cost: 0, tokens: 0 };

export function actionOf(request: Action): Action {
  const { action, tool, callDigest, delegate, cost, tokens, resend } = request;
  return { action, tool, callDigest, delegate, cost, tokens, resend };
}

/** What cannot be estimated reserves nothing. */
export function estimateOf(action: Pick<Action, "cost" | "tokens">): Amount {
  return { cost: known(action.cost), tokens: known(action.tokens) };
}

function known(reading: CounterReading): number {
  return typeof reading === "number" ? reading : 0;
}
