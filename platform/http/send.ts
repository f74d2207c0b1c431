import type { IncomingMessage, ServerResponse } from "node:http";
import type { RunlogError } from "#api";
import { problemOf } from "./problem.ts";
import type { HttpAnswer } from "./route.ts";

/** An unread body up to this size is read away, so that the connection lives on: a new TLS connection costs as much as a dozen requests. */
const DISCARD_BYTES = 65_536;
/** A larger one is listened to for so long, so that a caller who is still sending sees the answer and not a reset. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 8_388_608;

/** The whole answer in one write. Answers nothing when it was answered already or the caller is gone. */
export function sendAnswer(response: ServerResponse, { status, body, contentType }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const request = response.req;
  const unread = !request.complete && isLong(request);
  if (unread) response.shouldKeepAlive = false;
  response.writeHead(status, {
    "Content-Type": contentType ?? "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  if (unread) linger(request, response, body);
  else response.end(body);
}

export function sendProblem(response: ServerResponse, error: RunlogError): void {
  if (response.headersSent || response.destroyed) return;
  if (error.status === 429 || error.status === 503) {
    response.setHeader("Retry-After", String(Math.max(1, Math.ceil(error.retryAfter ?? 1))));
  }
  if (error.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  const body = JSON.stringify(problemOf(error));
  sendAnswer(response, { status: error.status, body, contentType: "application/problem+json" });
}

function isLong({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return length === undefined ? "transfer-encoding" in headers : Number(length) > DISCARD_BYTES;
}

/** The answer is out with the write; the connection is closed when the caller is done sending, or went on for too long. */
function linger(request: IncomingMessage, response: ServerResponse, body: string): void {
  response.write(body);
  let discarded = 0;
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > LINGER_BYTES) end();
  });
  request.once("end", end);
  request.once("close", end);
  request.resume();
}
