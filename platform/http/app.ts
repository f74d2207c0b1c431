import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Express } from "express";
import { RunlogError } from "#api";
import type { ExchangeParts } from "./exchange.ts";
import type { Route } from "./route.ts";

export interface AppOptions {
  readonly routes: readonly Route[];
  readonly serve: (route: Route, parts: ExchangeParts) => Promise<void>;
  readonly fail: (response: ServerResponse, error: unknown) => void;
}

/** Every route by express, and what has no route: 404, 405 with Allow, 400 for paths that are not well-formed. */
export function createApp({ routes, serve, fail }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.set("query parser", false);
  app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    // Answers hold what agents did: no cache keeps them, no browser takes them for something else.
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    next();
  });
  const methods = new Map<string, Set<string>>();
  for (const route of routes) {
    const allowed = methods.get(route.path) ?? new Set();
    methods.set(route.path, allowed.add(route.method));
    if (route.method === "GET") allowed.add("HEAD");
    const method = route.method.toLowerCase() as "get" | "post" | "delete";
    app[method](route.path, (request, response) =>
      serve(route, { request, response, params: request.params as Record<string, string> }),
    );
  }
  for (const [path, allowed] of methods) {
    const names = [...allowed].sort().join(", ");
    app.all(path, (request, response) => {
      response.setHeader("Allow", names);
      fail(response, new RunlogError("RL_METHOD_NOT_ALLOWED", `${request.method} is not allowed here; use ${names}`));
    });
  }
  app.use((request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? "").split("?", 1)[0]?.slice(0, 200) ?? "";
    fail(response, new RunlogError("RL_NOT_FOUND", `there is nothing at ${path}; see /openapi.json`));
  });
  // express knows an error handler by its four parameters.
  app.use((error: unknown, _request: IncomingMessage, response: ServerResponse, _next: () => void) => {
    fail(response, error instanceof URIError ? new RunlogError("RL_INVALID", "the path is not well-formed") : error);
  });
  return app;
}
