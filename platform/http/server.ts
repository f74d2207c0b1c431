import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { messageOf, RunlogError } from "#api";
import type { Logger } from "#telemetry";
import { createDispatch } from "./dispatch.ts";
import type { Route } from "./route.ts";
import { Shedding } from "./shedding.ts";
import { watchTls, type TlsFiles } from "./tls.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly routes: readonly Route[];
  readonly log: Logger;
  /** Bytes; 1 MiB. */
  readonly maxBody?: number | undefined;
  readonly maxInFlight?: number | undefined;
  readonly maxLagMs?: number | undefined;
  /** Requests a second per caller; 0, the default, is no limit. */
  readonly ratePerCaller?: number | undefined;
  readonly maxConnections?: number | undefined;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly shedding: Pick<Shedding, "inFlight" | "lagMs">;
  /** Takes no new connection, answers what is in flight, closes. After `deadlineMs` what is left is cut off; resolves to how many requests that were. */
  close(deadlineMs: number): Promise<{ readonly dropped: number }>;
}

const MAX_BODY = 1_048_576;

/** Listens. Throws RL_CONFIG when the address cannot be had or the TLS files cannot be used. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const shedding = new Shedding({
    maxInFlight: options.maxInFlight ?? 1_024,
    maxLagMs: options.maxLagMs ?? 500,
    perCaller: options.ratePerCaller ?? 0,
    now: () => performance.now(),
  });
  const stopping = new AbortController();
  const dispatch = createDispatch({
    ...options,
    maxBody: options.maxBody ?? MAX_BODY,
    shedding,
    stopping: stopping.signal,
  });
  const tls = options.tls === undefined ? undefined : await watchTls(options.tls, options.log);
  const server = create(tls?.context, dispatch);
  configure(server, options);
  await listen(server, options);
  shedding.start();
  tls?.start((context) => server.setSecureContext(context));
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    port,
    shedding,
    async close(deadlineMs) {
      tls?.stop();
      shedding.stop();
      stopping.abort();
      return drain(server, shedding, deadlineMs);
    },
  };
}

type TlsServer = Server & { setSecureContext(options: object): void };
type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function create(context: object | undefined, listener: Listener): TlsServer {
  // Node's own check ends bodies and headers that come too slowly; looked at every second.
  const timeouts = {
    connectionsCheckingInterval: 1_000,
    headersTimeout: 10_000,
    requestTimeout: 20_000,
    keepAliveTimeout: 75_000,
  };
  const server =
    context === undefined
      ? createHttp(timeouts, listener)
      : createHttps({ ...timeouts, ...context, minVersion: "TLSv1.2" }, listener);
  return server as TlsServer;
}

function configure(server: Server, options: ServerOptions): void {
  server.maxConnections = options.maxConnections ?? 10_000;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable && error.code !== "ECONNRESET") {
      const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } else socket.destroy();
  });
  server.on("error", (error) => options.log.error({ err: error }, "the listener failed"));
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why = error.code === "EADDRINUSE" ? "the address is in use: choose another --port" : messageOf(error);
      reject(new RunlogError("RL_CONFIG", `cannot listen on ${host}:${port}: ${why}`, { cause: error }));
    };
    server.once("error", failed);
    server.listen({ host, port }, () => {
      server.removeListener("error", failed);
      resolve();
    });
  });
}

async function drain(server: Server, shedding: Shedding, deadlineMs: number): Promise<{ dropped: number }> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, deadlineMs);
  // A kept connection that just answered becomes idle: it is closed then, not after its timeout.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  await Promise.race([closed, timer.promise]);
  clearTimeout(timeout);
  clearInterval(idle);
  const dropped = shedding.inFlight;
  server.closeAllConnections();
  return { dropped };
}
