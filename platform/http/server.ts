import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { createIds, systemClock } from "#runtime";
import type { Logger, MetricsRegistry } from "#telemetry";
import { Dispatch } from "./dispatch.ts";
import { drain } from "./drain.ts";
import { listen } from "./listen.ts";
import { httpMetrics, type HttpMetrics } from "./metrics.ts";
import { answerBadRequest } from "./bad-request.ts";
import type { Route } from "./route.ts";
import { Shedding } from "./shedding.ts";
import { watchTls, type TlsFiles, type WatchedTls } from "./tls.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A unix socket instead of host and port. */
  readonly socketPath?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly routes: readonly Route[];
  readonly log: Logger;
  /** One listener per registry. */
  readonly metrics?: MetricsRegistry | undefined;
  /** Bytes; 1 MiB. */
  readonly maxBody?: number | undefined;
  /** Hot requests at once, and as many others beside them; 1 024. */
  readonly maxInFlight?: number | undefined;
  /** Milliseconds that the event loop may be late; 500. */
  readonly maxLagMs?: number | undefined;
  /** Requests a second per caller; 0, the default, is no limit. */
  readonly ratePerCaller?: number | undefined;
  /** 10 000; more are closed as they come. */
  readonly maxConnections?: number | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

/** Milliseconds. */
export interface Timeouts {
  /** From the first byte of a request to the end of its headers: 10 s. */
  readonly headers: number;
  /** From the first byte of a request to the end of its body: 20 s. */
  readonly request: number;
  /** From the end of a request to its answer: 75 s, more than the longest poll. */
  readonly answer: number;
  /** That a kept connection may be idle: 75 s, longer than callers keep theirs, so that it is they who close. */
  readonly keepAlive: number;
  /** Between looks at all of these: 1 s. */
  readonly check: number;
}

const TIMEOUTS: Timeouts = { headers: 10_000, request: 20_000, answer: 75_000, keepAlive: 75_000, check: 1_000 };

export interface RunningServer {
  /** `http://127.0.0.1:8181`, `unix:/path`. */
  readonly url: string;
  /** 0 for a unix socket. */
  readonly port: number;
  readonly shedding: Pick<Shedding, "inFlight" | "lagMs">;
  /**
   * Takes no new connection (after `lameDuckMs`, 0 by default, in which it still does), answers what comes on kept ones and closes them, waits for
   * what is in flight. After `deadlineMs` what is left is cut off; resolves to how many requests that were.
   */
  readonly close: (deadlineMs: number, lameDuckMs?: number) => Promise<{ readonly dropped: number }>;
}

const MAX_BODY = 1_048_576;
const MAX_HEADERS = 16_384;
const SAMPLE_MS = 100;

/** Listens. Throws RL_CONFIG when the address cannot be had or the TLS files cannot be used. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const metrics = options.metrics === undefined ? undefined : httpMetrics(options.metrics);
  const stopping = new AbortController();
  const shedding = createShedding(options, metrics);
  const pulse = startPulse(shedding);
  const ids = createIds(systemClock);
  const dispatch = new Dispatch({
    routes: options.routes,
    log: options.log,
    maxBody: options.maxBody ?? MAX_BODY,
    shedding,
    metrics,
    newId: () => ids.next(),
    stopping: stopping.signal,
    now: () => pulse.now,
    hosts: isLoopback(options.host) && options.socketPath === undefined ? LOCAL_NAMES : undefined,
  });
  metrics?.watch({ inFlight: () => shedding.inFlight, lagSeconds: () => shedding.lagMs / 1_000 });
  const onExpiry = (at: number): void => metrics?.certificateExpires(at);
  const tls = options.tls === undefined ? undefined : await watchTls(options.tls, { log: options.log, onExpiry });
  const server = createServer(tls, timeouts, dispatch);
  configure(server, options, metrics);
  try {
    await listen(server, options);
  } catch (error) {
    pulse.stop();
    throw error;
  }
  tls?.start((context) => (server as TlsServer).setSecureContext(context));
  const expiry = setInterval(() => dispatch.expire(timeouts.answer), timeouts.check).unref();
  return {
    ...whereIs(server, options),
    shedding,
    async close(deadlineMs, lameDuckMs = 0) {
      tls?.stop();
      stopping.abort(new Error("the server stops"));
      const dropped = await drain(server, { deadlineMs, lameDuckMs, inFlight: () => shedding.inFlight });
      clearInterval(expiry);
      pulse.stop();
      return { dropped };
    },
  };
}

type TlsServer = Server & { setSecureContext(context: SecureContextOptions): void };

function createServer(tls: WatchedTls | undefined, timeouts: Timeouts, dispatch: Dispatch): Server {
  const limits = {
    connectionsCheckingInterval: timeouts.check,
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    keepAliveTimeout: timeouts.keepAlive,
    maxHeaderSize: MAX_HEADERS,
    // Finds peers that vanished without a word.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
  const server: Server =
    tls === undefined
      ? createHttp(limits, dispatch.listener)
      : createHttps(
          {
            ...limits,
            ...tls.context,
            handshakeTimeout: timeouts.headers,
            requestCert: tls.wantsClientCertificate,
            rejectUnauthorized: tls.wantsClientCertificate,
          },
          dispatch.listener,
        );
  server.on("checkContinue", dispatch.continueListener);
  return server;
}

function configure(server: Server, options: ServerOptions, metrics: HttpMetrics | undefined): void {
  server.maxConnections = options.maxConnections ?? 10_000;
  server.maxHeadersCount = 100;
  server.on("clientError", answerBadRequest);
  server.on("drop", () => metrics?.connectionRefused());
  server.on("error", (error) => options.log.error({ err: error }, "the listener failed"));
}

function createShedding(options: ServerOptions, metrics: HttpMetrics | undefined): Shedding {
  return new Shedding({
    maxInFlight: options.maxInFlight ?? 1_024,
    maxLagMs: options.maxLagMs ?? 500,
    perCaller: options.ratePerCaller ?? 0,
    now: () => performance.now(),
    onShed: (reason) => metrics?.shed(reason),
  });
}

/** Measures how late timers are, and keeps a coarse time that costs a request nothing to read. */
function startPulse(shedding: Shedding): { readonly now: number; stop(): void } {
  let now = performance.now();
  const timer = setInterval(() => {
    const at = performance.now();
    shedding.sample(at - now - SAMPLE_MS);
    now = at;
  }, SAMPLE_MS).unref();
  return {
    get now() {
      return now;
    },
    stop: () => clearInterval(timer),
  };
}

const LOCAL_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);

function isLoopback(host: string): boolean {
  return LOCAL_NAMES.has(host);
}

function whereIs(server: Server, { host, socketPath, tls }: ServerOptions): { url: string; port: number } {
  if (socketPath !== undefined) return { url: `unix:${socketPath}`, port: 0 };
  const { port } = server.address() as AddressInfo;
  return { port, url: `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}` };
}
