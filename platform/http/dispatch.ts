import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Express } from "express";
import { RunlogError } from "#api";
import type { Logger } from "#telemetry";
import { readBody } from "./body.ts";
import { asRunlogError, sendProblem, sendText } from "./problem.ts";
import type { HttpRequest, Route } from "./route.ts";
import type { Shedding } from "./shedding.ts";

export interface DispatchOptions {
  readonly routes: readonly Route[];
  readonly maxBody: number;
  readonly shedding: Shedding;
  readonly log: Logger;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/**
 * From a request to its route. Hot routes are found by their exact path before express is asked: its router and prototypes cost more
 * than the whole decision (docs/adr/0020). Everything else is express.
 */
export function createDispatch(options: DispatchOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const hot = new Map(
    options.routes.filter((route) => route.hot === true).map((route) => [`${route.method} ${route.path}`, route]),
  );
  const app = createApp(options);
  return (request, response) => {
    if (options.stopping.aborted) response.setHeader("Connection", "close");
    const route = hot.get(`${request.method} ${request.url}`);
    if (route === undefined) app(request, response);
    else void serve(options, route, { request, response, params: {} });
  };
}

function createApp(options: DispatchOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  const methods = new Map<string, Set<string>>();
  for (const route of options.routes) {
    methods.set(route.path, (methods.get(route.path) ?? new Set()).add(route.method));
    const method = route.method.toLowerCase() as "get" | "post" | "delete";
    app[method](route.path, (request, response) =>
      serve(options, route, { request, response, params: request.params as Record<string, string> }),
    );
  }
  for (const [path, allowed] of methods) {
    app.all(path, (request, response) => {
      response.setHeader("Allow", [...allowed].sort().join(", "));
      sendProblem(
        response,
        new RunlogError(
          "RL_METHOD_NOT_ALLOWED",
          `${request.method} is not allowed here; use ${[...allowed].join(", ")}`,
        ),
      );
    });
  }
  app.use((request: IncomingMessage, response: ServerResponse) => {
    sendProblem(
      response,
      new RunlogError("RL_NOT_FOUND", `there is nothing at ${(request.url ?? "").slice(0, 200)}; see /openapi.json`),
    );
  });
  // express knows an error handler by its four parameters.
  app.use((error: unknown, _request: IncomingMessage, response: ServerResponse, _next: () => void) => {
    const bad = error instanceof URIError ? new RunlogError("RL_INVALID", "the path is not well-formed") : error;
    sendProblem(
      response,
      asRunlogError(bad, (cause) => options.log.error({ err: cause }, "a request failed by surprise")),
    );
  });
  return app;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string>>;
}

async function serve(options: DispatchOptions, route: Route, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const { shedding, log } = options;
  let entered = false;
  try {
    if (route.always !== true) {
      shedding.enter(request.headers.authorization ?? request.socket.remoteAddress ?? "");
      entered = true;
    }
    const body = route.method === "POST" ? await readBody(request, options.maxBody) : "";
    const answer = await route.handle(new View(exchange, body, options.stopping));
    sendText(response, answer.status, answer.body, answer.contentType);
  } catch (error) {
    const problem = asRunlogError(error, (cause) =>
      log.error({ err: cause, path: route.path }, "a request failed by surprise"),
    );
    // A body that was not read to its end cannot be followed by another request.
    if (!request.complete) response.setHeader("Connection", "close");
    sendProblem(response, problem);
  } finally {
    if (entered) shedding.leave();
  }
}

class View implements HttpRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly body: string;
  readonly #exchange: Exchange;
  readonly #stopping: AbortSignal;

  constructor(exchange: Exchange, body: string, stopping: AbortSignal) {
    this.params = exchange.params;
    this.body = body;
    this.#exchange = exchange;
    this.#stopping = stopping;
  }

  get authorization(): string | undefined {
    return this.#exchange.request.headers.authorization;
  }

  get query(): URLSearchParams {
    const url = this.#exchange.request.url ?? "";
    const mark = url.indexOf("?");
    return new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  }

  /** Made only for those who ask: most requests are answered at once. */
  get signal(): AbortSignal {
    const gone = new AbortController();
    this.#exchange.response.once("close", () => gone.abort());
    return AbortSignal.any([gone.signal, this.#stopping]);
  }
}
