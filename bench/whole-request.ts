import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { spawn } from "node:child_process";
import { makeCertificate } from "../test/harness/self-signed.ts";
import { httpRows, type HttpSubject } from "./http.ts";
import { closedLoad, openLoad } from "./load.ts";
import { awayFromServers, canPin } from "./load/processes.ts";
import { profileRows } from "./profile.ts";
import { medianOf, spreadOf, type Row } from "./row.ts";

/** The whole thing: `runlog serve` as a person starts it, with so many policies, personal data looked for, and every review written down. */
interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly folder: string;
}

const TOOLS = 100;

/** Policies spread over tools; every rule looks at arguments, and one in ten for personal data. */
function policyFile(count: number, first: number): string {
  const lines = ["apiVersion: runlog.io/v1alpha1", "kind: AgentPolicy"];
  const documents: string[] = [];
  for (let i = first; i < first + count; i++) {
    const tool = `tool-${i % TOOLS}.run`;
    const condition = i % 10 === 0 ? "args.query: { contains_pii: true }" : `args.amount: { gt: ${i} }`;
    documents.push(
      [
        ...lines,
        `metadata: { name: p-${i} }`,
        "spec:",
        "  rules:",
        `    - { id: r, when: { tool: ${tool}, ${condition} }, action: deny }`,
      ].join("\n"),
    );
  }
  return documents.join("\n---\n");
}

const query = `SELECT id, total FROM orders WHERE region = 'north' AND note LIKE '${"lorem ".repeat(110)}'`;
const tag = `${process.pid}-${Date.now()}`;

/** A review of about 1 KB that no rule refuses, of a run of a hundred steps. */
function body(i: number): string {
  return JSON.stringify({
    apiVersion: "runlog.io/v1alpha1",
    kind: "ActionReview",
    request: {
      uid: `bench-${tag}-${i}`,
      run: `run-${tag}-${Math.floor(i / 100)}`,
      step: i % 100,
      action: "tool_call",
      tool: `tool-${(i % 10) * 10}.run`,
      args: { query, amount: 3, region: "north" },
      agent: "support-bot",
      cost: { usd: "0.0001" },
      tokens: { input: 900, cachedInput: 0, output: 200 },
    },
  });
}

async function serve(policies: number, flags: readonly string[], nodeFlags: readonly string[] = []): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "runlog-bench-"));
  for (let first = 0; first < policies; first += 500) {
    writeFileSync(join(folder, `p-${first}.yaml`), policyFile(Math.min(500, policies - first), first));
  }
  const program = join(import.meta.dirname, "..", "cli", "main.ts");
  const args = [
    ...nodeFlags.map((flag) => flag.replace("FOLDER", folder)),
    program,
    "serve",
    "--policies",
    folder,
    "--port",
    "0",
    "--state",
    join(folder, "state"),
    "--log",
    "json",
    "--limits-rate",
    "0",
    ...flags,
  ];
  const [command, ...rest] = canPin() ? ["taskset", "-c", "0", process.execPath, ...args] : [process.execPath, ...args];
  const child = spawn(command as string, rest, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const event = JSON.parse(line) as { event: string; url?: string };
    if (event.event !== "listening") continue;
    // From here on the lines are thrown away: who reads a console costs time on the reader's side.
    child.stdout.resume();
    return { child, url: `${event.url}/v1/review`, folder };
  }
  throw new Error("runlog serve ended before it listened");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}

async function stop({ child, folder }: Served): Promise<void> {
  await end(child);
  rmSync(folder, { recursive: true, force: true });
}

/** Where the time of a whole review goes on the main thread: a profile of its own, of the second half of a long load. */
async function profiled(): Promise<Row[]> {
  const served = await serve(1_000, [], ["--cpu-prof", "--cpu-prof-interval=250", "--cpu-prof-dir=FOLDER"]);
  try {
    const load = { url: served.url, connections: 16, durationMs: 16_000, body };
    const { sent } = await awayFromServers(() => closedLoad({ ...load, first: 50_000_000 }));
    await end(served.child);
    return profileRows(served.folder, sent / 2);
  } finally {
    await stop(served);
  }
}

/** CPU of a whole review, HTTP and HTTPS, against a bare handler that parses and answers the same JSON. */
export async function wholeRequestRows(options: { readonly rounds?: number } = {}): Promise<Row[]> {
  const certificate = makeCertificate("localhost");
  const folder = mkdtempSync(join(tmpdir(), "runlog-bench-tls-"));
  const files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  writeFileSync(files.cert, certificate.cert);
  writeFileSync(files.key, certificate.key, { mode: 0o600 });
  const plain = await serve(1_000, []);
  const secure = await serve(1_000, ["--tls-cert", files.cert, "--tls-key", files.key]);
  try {
    const subject = (what: string, served: Served, ca?: string): HttpSubject => ({
      what,
      pid: served.child.pid as number,
      url: served.url.replace("127.0.0.1", "localhost"),
      body,
      target: 1.5,
      ...(ca === undefined ? {} : { ca }),
    });
    const subjects = [
      subject("a whole review, 1 000 policies, PII and log on", plain),
      subject("a whole review, 1 000 policies, PII and log on", secure, certificate.cert),
    ];
    const rows = await httpRows({ ...options, subjects, warmMs: 8_000 });
    return [...rows, ...(await latencyRows(secure, certificate.cert)), ...(await profiled())];
  } finally {
    await Promise.all([stop(plain), stop(secure)]);
    rmSync(folder, { recursive: true });
  }
}

/** Open loop: latency from the scheduled start. */
async function latencyRows(served: Served, ca: string): Promise<Row[]> {
  const url = served.url.replace("127.0.0.1", "localhost");
  const rates = [500, 1_500];
  const rows: Row[] = [];
  let first = 10_000_000;
  for (const rate of rates) {
    const p50: number[] = [];
    const p99: number[] = [];
    for (let round = 0; round < 5; round++) {
      const offset = first;
      first += 1_000_000;
      const result = await awayFromServers(() =>
        openLoad({ url, ca, body: (i) => body(offset + i), connections: 32, rate, durationMs: 2_000 }),
      );
      if (result.statuses[200] !== result.sent) throw new Error(`at ${rate}/s: ${JSON.stringify(result.statuses)}`);
      p50.push(result.latency.p50);
      p99.push(result.latency.p99);
    }
    const what = `open loop, TLS, ${rate} req/s, 1 000 policies, ledger in memory, log on`;
    rows.push({
      what: `${what}: p50`,
      target: "",
      median: `${medianOf(p50).toFixed(2)} ms`,
      spread: spreadOf(p50, 2),
      verdict: "reported",
    });
    const median = medianOf(p99);
    const target = rate === 500 ? "< 5 ms" : "";
    const verdict = rate === 500 ? (median < 5 ? "met" : "missed") : "reported";
    rows.push({ what: `${what}: p99`, target, median: `${median.toFixed(2)} ms`, spread: spreadOf(p99, 2), verdict });
  }
  return rows;
}
