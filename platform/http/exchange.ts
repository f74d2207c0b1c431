import type { IncomingMessage, ServerResponse } from "node:http";
import { RunlogError } from "#api";
import type { HttpRequest, Route } from "./route.ts";
import { sendProblem } from "./send.ts";

export interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string>>;
}

/** One request and its answer: what the route sees, and what the server keeps to end it. */
export class Exchange implements HttpRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string>>;
  readonly route: Route;
  /** Milliseconds, coarse. */
  readonly startedAt: number;
  body = "";
  readonly #stopping: AbortSignal;
  #ended: AbortController | undefined;

  constructor(parts: ExchangeParts & { readonly route: Route }, startedAt: number, stopping: AbortSignal) {
    this.request = parts.request;
    this.response = parts.response;
    this.params = parts.params;
    this.route = parts.route;
    this.startedAt = startedAt;
    this.#stopping = stopping;
  }

  get authorization(): string | undefined {
    return this.request.headers.authorization;
  }

  get query(): URLSearchParams {
    const url = this.request.url ?? "";
    const mark = url.indexOf("?");
    return new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  }

  /** Made only for those who ask: most requests are answered at once. */
  get signal(): AbortSignal {
    if (this.#ended === undefined) {
      const ended = new AbortController();
      this.response.once("close", () => ended.abort(new Error("the caller is gone")));
      this.#ended = ended;
    }
    return AbortSignal.any([this.#ended.signal, this.#stopping]);
  }

  /** Answers that it took too long; what the route still gives is dropped. */
  expire(): void {
    const error = new RunlogError("RL_DEADLINE", "the request took too long; nothing was allowed");
    sendProblem(this.response, error);
    this.#ended?.abort(error);
  }
}

/**
 * By whom requests are counted: the end of the credentials, where a token's signature stands (a whole token is dear to hash), or the address.
 * What it names is not proven yet: it only keeps one caller from taking everybody's time.
 */
export function callerKey(request: IncomingMessage): string {
  const { authorization } = request.headers;
  return authorization === undefined ? (request.socket.remoteAddress ?? "") : authorization.slice(-64);
}
