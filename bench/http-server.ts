/** A server of the HTTP benchmark in its own process: `bare`, `express`, `runlog` or `runlog-cold` (its route found by express), all parsing the body and answering the same JSON. */
import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { startServer } from "#http";
import { createLogger, createRegistry } from "#telemetry";
import express from "express";

interface Settings {
  readonly variant: "bare" | "express" | "runlog" | "runlog-cold";
  readonly path: string;
  /** The answer, as JSON text. */
  readonly answer: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

const settings = JSON.parse(process.env["BENCH_SERVER"] ?? "{}") as Settings;
const answer: unknown = JSON.parse(settings.answer);

/** What a decision point made of nothing but Node would do. */
const bare: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body: unknown = JSON.parse((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString());
    respond(response, body);
  });
};

function respond(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body === null ? null : answer);
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

function createExpress(): RequestListener {
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", false);
  app.post(settings.path, (request: IncomingMessage, response: ServerResponse) =>
    bare(request as never, response as never),
  );
  return app;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function start(): Promise<number> {
  const { variant, path, tls } = settings;
  if (variant.startsWith("runlog")) {
    const handle = ({ body }: { body: string }): { status: number; body: string } => {
      const parsed: unknown = JSON.parse(body);
      return { status: 200, body: JSON.stringify(parsed === null ? null : answer) };
    };
    const routes = [{ method: "POST", path, hot: variant === "runlog", handle } as const];
    const server = await startServer({
      host: "127.0.0.1",
      port: 0,
      routes,
      log: createLogger(),
      metrics: createRegistry(),
      ratePerCaller: 1_000_000,
      tls,
    });
    return server.port;
  }
  const listener = variant === "bare" ? bare : createExpress();
  if (tls === undefined) return listen(createHttp(listener));
  return listen(createHttps({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, listener));
}

process.send?.({ port: await start() });
process.on("disconnect", () => process.exit(0));
