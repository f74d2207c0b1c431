import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Whatever JSON came back: a test looks into it as it expects it, and fails where it is not there. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = any;

export interface ServeOptions {
  readonly policies: readonly string[];
  readonly flags?: readonly string[];
  /** Kept when the test gives its own; else a fresh one that is removed on stop. */
  readonly state?: string;
  /** How long it may take to listen. */
  readonly startMs?: number;
}

export interface RunningServe {
  readonly url: string;
  readonly state: string;
  readonly approverToken: string;
  readonly process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  post(path: string, body: unknown, token?: string): Promise<{ status: number; body: Answer }>;
  get(path: string, token?: string): Promise<{ status: number; body: Answer }>;
  review(request: Record<string, unknown>): Promise<Answer>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

let uid = 0;

/** A real `runlog serve` in its own process on a free port, ready when this resolves. */
export async function startServe(options: ServeOptions): Promise<RunningServe> {
  const state = options.state ?? (await mkdtemp(join(tmpdir(), "runlog-test-")));
  const policies = options.policies.flatMap((path) => ["--policies", path]);
  const args = [
    "cli/main.ts",
    "serve",
    "--port",
    "0",
    "--state",
    state,
    "--log",
    "json",
    ...policies,
    ...(options.flags ?? []),
  ];
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let printed = "";
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const url = await listening(child, (line) => (printed += `${line}\n`), options.startMs ?? 20_000).catch(
    async (error: unknown) => {
      child.kill("SIGKILL");
      await exited;
      throw new Error(`runlog serve did not start: ${String(error)}\n${printed}`);
    },
  );
  const approverToken = (await readFile(join(state, "approver-token"), "utf8").catch(() => "")).trim();
  const call = async (path: string, init: RequestInit, token?: string) => {
    const headers = {
      ...(init.headers as Record<string, string>),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(`${url}${path}`, { ...init, headers, signal: AbortSignal.timeout(70_000) });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const post: RunningServe["post"] = (path, body, token) =>
    call(
      path,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
      },
      token,
    );
  const cleanUp = async (): Promise<void> => {
    if (options.state === undefined) await rm(state, { recursive: true, force: true });
  };
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const code = await exited;
    await cleanUp();
    return code;
  };
  return {
    url,
    state,
    approverToken,
    process: child,
    output: () => printed,
    post,
    get: (path, token) => call(path, { method: "GET" }, token),
    async review(request) {
      const full = { uid: `u-${process.pid}-${uid++}`, ...request };
      const { status, body } = await post("/v1/review", {
        apiVersion: "runlog.io/v1alpha1",
        kind: "ActionReview",
        request: full,
      });
      if (status !== 200) throw new Error(`review: ${status} ${JSON.stringify(body)}`);
      return body.response;
    },
    stop,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

function listening(child: ChildProcess, onLine: (line: string) => void, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not listening after ${ms} ms`)), ms);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`exit code ${code}`));
    });
    createInterface({ input: child.stdout! }).on("line", (line) => {
      onLine(line);
      const parsed = parse(line);
      if (parsed["event"] !== "listening") return;
      clearTimeout(timer);
      resolve(String(parsed["url"]));
    });
  });
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
