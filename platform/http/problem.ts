import { errorTable, isRunlogError, RunlogError, type Problem } from "#api";
import type { ServerResponse } from "node:http";

/** Stable identifiers, not addresses to fetch; docs/reference/errors.md explains each. */
const TYPE = "https://runlog.io/errors/";

export function problemOf(error: RunlogError): Problem {
  return {
    type: `${TYPE}${error.code}`,
    title: errorTable[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.errors === undefined ? {} : { errors: [...error.errors] }),
  };
}

/** What is thrown by surprise tells the caller nothing but that nothing was allowed; `onUnexpected` gets the rest. */
export function asRunlogError(error: unknown, onUnexpected: (error: unknown) => void): RunlogError {
  if (isRunlogError(error)) return error;
  onUnexpected(error);
  return new RunlogError("RL_INTERNAL", "an unexpected error; nothing was allowed", { cause: error });
}

export function sendText(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = "application/json",
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "Content-Type": contentType, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

export function sendProblem(response: ServerResponse, error: RunlogError): void {
  if (response.headersSent || response.destroyed) return;
  if (error.retryAfter !== undefined)
    response.setHeader("Retry-After", String(Math.max(1, Math.ceil(error.retryAfter))));
  if (error.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  sendText(response, error.status, JSON.stringify(problemOf(error)), "application/problem+json");
}
