import { formatUsd, RunlogError, usageQuerySchema } from "#api";
import type { Ledger, UsageQuery } from "#ledger";
import type { Identity } from "../identity/caller.ts";
import { ok, type Route } from "./door.ts";
import { queryOf } from "./query.ts";

/** What was spent today and this month, in a time zone. */
export function usageRoutes(ledger: Ledger, identity: Identity): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/usage",
      async handle(request) {
        identity.person(request.authorization, "read");
        const { timezone, ...query } = queryOf(usageQuerySchema, request.query);
        const { today, month } = await ledger.usage({ ...complete(query), zone: knownZone(timezone) });
        const amount = ({ cost, tokens }: { cost: number; tokens: number }) => ({ usd: formatUsd(cost), tokens });
        return ok({ ...query, timezone, today: amount(today), month: amount(month) });
      },
    },
  ];
}

const needed = {
  cluster: [],
  namespace: ["namespace"],
  agent: ["namespace", "serviceAccount"],
  user: ["namespace", "serviceAccount", "user"],
} as const;

function complete(query: Omit<UsageQuery, "zone">): Omit<UsageQuery, "zone"> {
  for (const name of needed[query.per]) {
    if (query[name] === undefined)
      throw new RunlogError("RL_INVALID", `${name}: needed for per=${query.per}`, { path: `/${name}` });
  }
  return query;
}

function knownZone(zone: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw new RunlogError("RL_INVALID", `timezone: ${zone} is no IANA time zone such as Europe/Berlin`, {
      path: "/timezone",
    });
  }
}
