import { pageQuerySchema, parseBody, RunlogError } from "#api";

/** `limit` (1 to 500, 50 by default) and `continue` of a list. */
export function pageOf(query: URLSearchParams): { limit: number; continue?: string | undefined } {
  const given = { limit: query.get("limit") ?? undefined, continue: query.get("continue") ?? undefined };
  return parseBody(pageQuerySchema, given);
}

export function oneOf<T extends string>(query: URLSearchParams, name: string, known: readonly T[]): T | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = known.find((one) => one === text);
  if (value === undefined)
    throw new RunlogError("RL_INVALID", `${name}: expected one of ${known.join(", ")}`, { path: name });
  return value;
}
