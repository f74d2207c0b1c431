import type { IncomingMessage, ServerResponse } from "node:http";
import { RunlogError } from "#api";
import type { Logger } from "#telemetry";
import { createApp } from "./app.ts";
import { checkHeaders, readBody } from "./body.ts";
import { callerKey, Exchange, type ExchangeParts } from "./exchange.ts";
import type { HttpMetrics } from "./metrics.ts";
import { asRunlogError } from "./problem.ts";
import type { Route } from "./route.ts";
import { sendAnswer, sendProblem } from "./send.ts";
import type { Shedding } from "./shedding.ts";

export interface DispatchOptions {
  readonly routes: readonly Route[];
  /** Bytes. */
  readonly maxBody: number;
  readonly shedding: Shedding;
  readonly metrics: HttpMetrics | undefined;
  readonly log: Logger;
  readonly newId: () => string;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
  /** Milliseconds, coarse: good enough to find what takes too long. */
  readonly now: () => number;
  /** The only host names that requests may bear; undefined: any. */
  readonly hosts: ReadonlySet<string> | undefined;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** What a request without a route counts under. */
const NO_ROUTE = "none";

/**
 * From a request to its route. Hot routes are found by their exact path before express is asked, for its router and its change of
 * prototypes cost about as much as all else that HTTP does (docs/adr/0015). Everything else is express.
 */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #hot: ReadonlyMap<string, Route>;
  readonly #app: Listener;
  readonly #inFlight = new Set<Exchange>();
  /** A name that was right: nearly every request bears the same. */
  #lastHost = "";
  readonly #continues = new WeakSet<IncomingMessage>();

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#hot = new Map(options.routes.filter((route) => route.hot === true).map((route) => [route.path, route]));
    this.#app = createApp({
      routes: options.routes,
      serve: (route, parts) => this.#serve(route, parts),
      fail: (response, error) => this.#fail(response, NO_ROUTE, error),
    });
  }

  /** For `request`. */
  readonly listener: Listener = (request, response) => {
    if (this.#options.stopping.aborted) response.shouldKeepAlive = false;
    const route = this.#hot.get(request.url ?? "");
    if (!this.#knowsHost(request)) this.#fail(response, NO_ROUTE, strangeHost());
    else if (route === undefined || route.method !== request.method) this.#app(request, response);
    else void this.#serve(route, { request, response, params: NO_PARAMS });
  };

  /** For `checkContinue`: the caller waits to be told to send its body, which it is only once the body is wanted. */
  readonly continueListener: Listener = (request, response) => {
    this.#continues.add(request);
    this.listener(request, response);
  };

  /** Ends what takes longer than `ms`: the caller gets 503, the place is free again. */
  expire(ms: number): void {
    const since = this.#options.now() - ms;
    for (const exchange of this.#inFlight) {
      if (exchange.startedAt >= since) break;
      exchange.expire();
      this.#leave(exchange);
    }
  }

  #knowsHost({ headers: { host } }: IncomingMessage): boolean {
    const { hosts } = this.#options;
    if (hosts === undefined || host === undefined || host === this.#lastHost) return true;
    if (!hosts.has(host.replace(/:\d{1,5}$/, "").toLowerCase())) return false;
    this.#lastHost = host;
    return true;
  }

  async #serve(route: Route, parts: ExchangeParts): Promise<void> {
    const { request, response } = parts;
    const { shedding, now, stopping, metrics } = this.#options;
    let exchange: Exchange | undefined;
    try {
      if (route.always !== true) shedding.enter(route.hot === true, callerKey(request));
      exchange = new Exchange({ ...parts, route }, now(), stopping);
      this.#inFlight.add(exchange);
      if (route.method === "POST") exchange.body = await this.#read(request, response);
      const answer = await route.handle(exchange);
      // The stop may have begun meanwhile.
      if (stopping.aborted) response.shouldKeepAlive = false;
      sendAnswer(response, answer);
      metrics?.answered(route.path, response.statusCode);
    } catch (error) {
      if (stopping.aborted) response.shouldKeepAlive = false;
      this.#fail(response, route.path, error);
    } finally {
      if (exchange !== undefined) this.#leave(exchange);
    }
  }

  #leave(exchange: Exchange): void {
    const { always, hot } = exchange.route;
    if (this.#inFlight.delete(exchange) && always !== true) this.#options.shedding.leave(hot === true);
  }

  #read(request: IncomingMessage, response: ServerResponse): Promise<string> {
    checkHeaders(request.headers, this.#options.maxBody);
    if (this.#continues.has(request)) response.writeContinue();
    return readBody(request, this.#options.maxBody);
  }

  #fail(response: ServerResponse, route: string, error: unknown): void {
    const problem = asRunlogError(error, (cause) => {
      const id = this.#options.newId();
      this.#options.log.error({ err: cause, route, id }, "a request failed by surprise");
      return id;
    });
    sendProblem(response, problem);
    this.#options.metrics?.answered(route, response.statusCode);
  }
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** A web page can make a browser ask this machine under the page's own name; names other than this machine's are such a trick. */
function strangeHost(): RunlogError {
  return new RunlogError("RL_FORBIDDEN", "this server is for its own machine: use localhost as the host name");
}
