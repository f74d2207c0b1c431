import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemSchema } from "#api";
import { createRegistry } from "#telemetry";
import { describe, expect, it } from "vitest";
import { healthRoutes } from "./health.ts";
import { broken, echo, eventually, heldRoute, post, RawPeer, serveRoutes } from "./http.fixture.ts";
import type { Route } from "./route.ts";

const json = { "content-type": "application/json" };

describe("routes", () => {
  const item: Route = {
    method: "GET",
    path: "/v1/items/:name",
    handle: ({ params, query }) => ({ status: 200, body: JSON.stringify({ ...params, q: query.getAll("q") }) }),
  };
  const remove: Route = {
    method: "DELETE",
    path: "/v1/items/:name",
    handle: () => ({ status: 200, body: "{}" }),
  };

  it("are found with their parameters decoded, by hot path and by express alike", async () => {
    const { url } = await serveRoutes([echo, item, remove]);
    expect(await (await fetch(`${url}/v1/items/a%2Fb?q=1&q=%20`)).json()).toEqual({ name: "a/b", q: ["1", " "] });
    for (const path of ["/v1/echo", "/v1/echo?x=1"]) {
      const response = await fetch(url + path, { method: "POST", headers: json, body: "ä€😀" });
      expect(await response.json()).toBe("ä€😀");
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(response.headers.has("x-powered-by") || response.headers.has("etag")).toBe(false);
    }
  });

  it("answer 404, and 405 with what is allowed", async () => {
    const { url } = await serveRoutes([echo, item, remove]);
    const none = await fetch(`${url}/v1/none?token=abc`);
    expect(none.status).toBe(404);
    expect(await none.json()).toMatchObject({
      code: "RL_NOT_FOUND",
      detail: "there is nothing at /v1/none; see /openapi.json",
    });
    const cases = [
      ["/v1/echo", "GET", "POST"],
      ["/v1/echo", "OPTIONS", "POST"],
      ["/v1/items/a", "POST", "DELETE, GET, HEAD"],
    ] as const;
    for (const [path, method, allow] of cases) {
      const response = await fetch(url + path, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    }
    expect((await fetch(`${url}/v1/items/a`, { method: "HEAD" })).status).toBe(200);
  });

  it("answer problems with code, path and findings, and nothing of what broke by surprise", async () => {
    const { url, logged } = await serveRoutes([broken]);
    const coded = await fetch(`${url}/v1/broken/coded`);
    expect(coded.headers.get("content-type")).toBe("application/problem+json");
    expect(await coded.json()).toEqual({
      type: "https://runlog.io/errors/RL_INVALID",
      title: "A field is missing, unknown or of the wrong type",
      status: 400,
      detail: "a is missing",
      code: "RL_INVALID",
      path: "/a",
      errors: [{ path: "/a", message: "missing" }],
    });
    const surprise = await fetch(`${url}/v1/broken/other`);
    expect(surprise.status).toBe(500);
    const text = await surprise.text();
    expect(text).not.toContain("shadow");
    expect(text).not.toMatch(/\.ts|at /);
    const problem = problemSchema.parse(JSON.parse(text));
    const line = logged.find(({ msg }) => msg === "a request failed by surprise");
    expect(line).toMatchObject({ err: { message: "secret at /etc/shadow" }, route: "/v1/broken/:how" });
    expect(problem.detail).toContain(String(line?.["id"]));
  });

  it("answer 400 for a path that is not well-formed", async () => {
    const { port } = await serveRoutes([item]);
    const text = await new RawPeer(port)
      .send("GET /v1/items/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      .end();
    expect(text).toContain("400 Bad Request");
    expect(text).toContain("RL_INVALID");
  });
});

describe("the signal of a request", () => {
  it("is aborted when the caller goes away", async () => {
    let signal: AbortSignal | undefined;
    const wait: Route = {
      method: "POST",
      path: "/v1/wait",
      handle: async (request) => {
        signal = request.signal;
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
        return { status: 200, body: "{}" };
      },
    };
    const { port, shedding } = await serveRoutes([wait]);
    const peer = new RawPeer(port).send(post("/v1/wait", "{}"));
    await eventually(() => signal !== undefined);
    peer.hangUp();
    await eventually(() => shedding.inFlight === 0);
    expect(signal?.aborted).toBe(true);
  });
});

describe("a request that takes too long", () => {
  it("is answered 503 and frees its place", async () => {
    const held = heldRoute();
    const { url, shedding } = await serveRoutes([held.route], { timeouts: { answer: 50, check: 20 }, maxInFlight: 1 });
    const response = await fetch(`${url}/v1/held`, { method: "POST", headers: json, body: "{}" });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await response.json()).toMatchObject({ code: "RL_DEADLINE" });
    expect(shedding.inFlight).toBe(0);
    held.answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(shedding.inFlight).toBe(0);
  });
});

describe("a server for its own machine", () => {
  it("answers to no other name, so that no web page can be made to ask it", async () => {
    const { port } = await serveRoutes([echo]);
    const ask = (host: string): Promise<string> =>
      new RawPeer(port).send(post("/v1/echo", "1", { Host: host, Connection: "close" })).end();
    expect(await ask("evil.example")).toContain("403 Forbidden");
    expect(await ask(`evil.example:${port}`)).toContain("RL_FORBIDDEN");
    for (const host of ["localhost", `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect(await ask(host)).toContain("200 OK");
    }
  });
  it("does not mind names when it listens for others", async () => {
    const { port } = await serveRoutes([echo], { host: "0.0.0.0" });
    const text = await new RawPeer(port).send(post("/v1/echo", "1", { Host: "runlog.svc", Connection: "close" })).end();
    expect(text).toContain("200 OK");
  });
});

describe("a unix socket", () => {
  const call = (socketPath: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath, path: "/v1/echo", method: "POST", headers: json }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      request.on("error", reject).end("1");
    });

  it("is listened on, is its owner's only, and replaces one that a killed process left", async () => {
    const socketPath = join(mkdtempSync(join(tmpdir(), "runlog-sock-")), "s");
    const listen = `require("node:net").createServer().listen(${JSON.stringify(socketPath)}, () => console.log("up"))`;
    const other = spawn(process.execPath, ["-e", listen], { stdio: ["ignore", "pipe", "inherit"] });
    await once(other.stdout, "data");
    await expect(serveRoutes([echo], { socketPath })).rejects.toMatchObject({ code: "RL_CONFIG" });
    other.kill("SIGKILL");
    await once(other, "exit");
    const { url } = await serveRoutes([echo], { socketPath });
    expect(url).toBe(`unix:${socketPath}`);
    expect(await call(socketPath)).toBe(200);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  });
});

describe("listening", () => {
  it("fails with RL_CONFIG when the port is taken", async () => {
    const { port } = await serveRoutes([]);
    await expect(serveRoutes([], { port })).rejects.toMatchObject({
      code: "RL_CONFIG",
      message: `cannot listen on 127.0.0.1:${port}: the address is in use`,
    });
  });
});

describe("health", () => {
  it("says what is missing, in text and with verbose in JSON, whatever the load", async () => {
    const registry = createRegistry();
    let synced = false;
    const ready = {
      policies: () => ({ ok: synced, reason: synced ? "3 policies" : "not synced" }),
      log: () => ({ ok: true }),
    };
    const held = heldRoute();
    const { url, shedding } = await serveRoutes([...healthRoutes({ ready, registry }), held.route], {
      metrics: registry,
      maxInFlight: 1,
    });
    const busy = fetch(`${url}/v1/held`, { method: "POST", headers: json, body: "{}" });
    await eventually(() => shedding.inFlight === 1);
    const not = await fetch(`${url}/readyz`);
    expect([not.status, await not.text()]).toEqual([503, "policies: not synced\n"]);
    synced = true;
    expect(await (await fetch(`${url}/readyz`)).text()).toBe("ok\n");
    expect(await (await fetch(`${url}/readyz?verbose`)).json()).toEqual({
      ready: true,
      checks: [
        { name: "policies", ok: true, reason: "3 policies" },
        { name: "log", ok: true },
      ],
    });
    expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok\n");
    const shed = await fetch(`${url}/v1/held`, { method: "POST", headers: json, body: "{}" });
    expect(shed.status).toBe(503);
    held.answer();
    expect((await busy).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('runlog_http_requests_total{route="/v1/held",status="200"} 1');
    expect(metrics).toContain('runlog_http_requests_total{route="/readyz",status="503"} 1');
    expect(metrics).toContain('runlog_http_shed_total{reason="in_flight"} 1');
    expect(metrics).toContain("runlog_http_in_flight_requests 0");
  });
  it("takes a check that throws for one that does not hold", async () => {
    const ready = {
      policies: () => {
        throw new Error("secret");
      },
    };
    const { url } = await serveRoutes(healthRoutes({ ready, registry: createRegistry() }));
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, "policies: the check itself failed\n"]);
  });
});
