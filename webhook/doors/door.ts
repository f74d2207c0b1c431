import { parseStrictJson, RunlogError, type JsonValue } from "#api";
import type { HttpAnswer, HttpRequest } from "#http";

export type { HttpRequest, Route } from "#http";

export function ok(value: unknown): HttpAnswer {
  return { status: 200, body: JSON.stringify(value) };
}

/** A segment of the path. */
export function parameter(request: HttpRequest, name: string): string {
  const value = request.params[name];
  if (value === undefined || value === "") throw new RunlogError("RL_NOT_FOUND", "there is nothing here");
  return value;
}

export function jsonBody(request: HttpRequest): JsonValue {
  return parseStrictJson(request.body);
}

/** A duration such as `30s` in milliseconds, at most `max`; a bare number is seconds. RL_INVALID when it is neither. */
export function waitOf(text: string, max: number): number {
  const match = /^(\d{1,6})(ms|s|m)?$/.exec(text);
  if (match === null) throw new RunlogError("RL_INVALID", "wait: expected a duration such as 30s", { path: "/wait" });
  const unit = { ms: 1, s: 1_000, m: 60_000 }[match[2] ?? "s"] ?? 1_000;
  return Math.min(max, Number(match[1]) * unit);
}
