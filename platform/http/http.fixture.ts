import { connect, type Socket } from "node:net";
import { RunlogError } from "#api";
import { createLogger } from "#telemetry";
import { onTestFinished } from "vitest";
import type { Route } from "./route.ts";
import { startServer, type RunningServer, type ServerOptions } from "./server.ts";

export interface Logged {
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** A listener on a free port that is closed with the test; `logged` is what it wrote to its log. */
export async function serveRoutes(
  routes: readonly Route[],
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { readonly logged: readonly Logged[] }> {
  const logged: Logged[] = [];
  const log = createLogger({ destination: { write: (line) => void logged.push(JSON.parse(line) as Logged) } });
  const server = await startServer({ host: "127.0.0.1", port: 0, routes, log, ...options });
  onTestFinished(async () => {
    await server.close(0);
  });
  return { ...server, logged };
}

/** Answers with the body it got. */
export const echo: Route = {
  method: "POST",
  path: "/v1/echo",
  hot: true,
  handle: ({ body }) => ({ status: 200, body: JSON.stringify(body) }),
};

/** A route whose answers the test gives, one by one, in the order they were asked for. */
export function heldRoute(path = "/v1/held", hot = true): { route: Route; asked: () => number; answer(): void } {
  const waiting: (() => void)[] = [];
  let asked = 0;
  return {
    route: {
      method: "POST",
      path,
      hot,
      async handle() {
        asked++;
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { status: 200, body: '"held"' };
      },
    },
    asked: () => asked,
    answer: () => waiting.shift()?.(),
  };
}

export const broken: Route = {
  method: "GET",
  path: "/v1/broken/:how",
  handle({ params }) {
    if (params["how"] === "coded") {
      throw new RunlogError("RL_INVALID", "a is missing", { path: "/a", errors: [{ path: "/a", message: "missing" }] });
    }
    throw new Error("secret at /etc/shadow");
  },
};

/** A peer that says exactly what it is told, to show what no HTTP client would send. */
export class RawPeer {
  readonly #socket: Socket;
  #text = "";
  #closed = false;
  #watchers: (() => void)[] = [];

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => {
      this.#text += chunk;
      this.#changed();
    });
    this.#socket.on("close", () => {
      this.#closed = true;
      this.#changed();
    });
    // A reset is a way of being closed.
    this.#socket.on("error", () => undefined);
    onTestFinished(() => {
      this.#socket.destroy();
    });
  }

  send(data: string | Buffer): this {
    this.#socket.write(data);
    return this;
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  get text(): string {
    return this.#text;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves once what came satisfies the condition. */
  async until(condition: (text: string, closed: boolean) => boolean): Promise<string> {
    while (!condition(this.#text, this.#closed)) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    return this.#text;
  }

  /** All that came until the other side closed. */
  end(): Promise<string> {
    return this.until((_, closed) => closed);
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

export function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    Host: "localhost",
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** Waits for something that will become true, by looking again on every turn of the event loop. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
