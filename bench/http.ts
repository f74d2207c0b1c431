import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../test/harness/self-signed.ts";
import { closedLoad, Connection, type Target } from "./load.ts";
import { awayFromServers, cpuTimeOf, startNode } from "./load/processes.ts";
import { medianOf, spreadOf, type Row } from "./row.ts";

export type { Row } from "./row.ts";

/** A server under test that is running already, on core 0 if it can be: `runlog serve`, for example. */
export interface HttpSubject extends Target {
  readonly what: string;
  readonly pid: number;
  readonly body: (i: number) => string;
  /** At most so many times the bare server's CPU; none: the row is only reported. */
  readonly target?: number | undefined;
}

export interface HttpBenchOptions {
  /** Measured against a bare server of the same protocol that answers what the subject answered first. */
  readonly subjects?: readonly HttpSubject[] | undefined;
  /** At least 5. */
  readonly rounds?: number | undefined;
  readonly roundMs?: number | undefined;
  /** How long each one is warmed up, uncounted: V8 optimises a large program over tens of thousands of requests. `roundMs` by default. */
  readonly warmMs?: number | undefined;
  readonly connections?: number | undefined;
}

interface Contender {
  readonly what: string;
  readonly pid: number;
  readonly load: Target & { readonly body: (i: number) => string };
  readonly target?: number | undefined;
  /** Microseconds a request, by round: all threads, the first one. */
  readonly all: number[];
  readonly main: number[];
  next: number;
}

/** Many short rounds: neighbours on a shared machine change from second to second, and a ratio is of two rounds side by side. */
const DEFAULTS = { rounds: 15, roundMs: 300, connections: 16 };

/**
 * CPU per request of servers against a bare `node:http` or `node:https` handler that parses and answers the same JSON: separate
 * processes on one core, taking turns in a rotating order, kept connections, CPU time as the scheduler counts it.
 */
export async function httpRows(options: HttpBenchOptions = {}): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "runlog-bench-"));
  const children: ChildProcess[] = [];
  const certificate = makeCertificate("localhost");
  const tls = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  writeFileSync(tls.certFile, certificate.cert);
  writeFileSync(tls.keyFile, certificate.key, { mode: 0o600 });
  const start = (variant: string, secure: boolean, sample: Sample): Promise<Contender> =>
    startVariant({ variant, sample, secure, tls, ca: certificate.cert }, children);
  try {
    return await awayFromServers(async () => {
      const rows: Row[] = [];
      for (const secure of [false, true]) {
        const variants = ["runlog", "runlog-cold", "express"];
        const others = await Promise.all(variants.map((variant) => start(variant, secure, ownSample)));
        rows.push(
          ...(await compare(await start("bare", secure, ownSample), others, { ...options, warmMs: undefined })),
        );
      }
      for (const subject of options.subjects ?? []) {
        const sample = await sampleOf(subject);
        const bare = await start("bare", subject.url.startsWith("https:"), sample);
        rows.push(...(await compare(bare, [contender(subject)], options)));
      }
      return rows;
    });
  } finally {
    for (const child of children) child.kill();
    rmSync(folder, { recursive: true });
  }
}

interface Sample {
  readonly path: string;
  readonly body: (i: number) => string;
  readonly answer: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A review of about 1 KB and an answer of about 350 B. */
const ownSample: Sample = {
  path: "/v1/review",
  body: (i) =>
    JSON.stringify({
      apiVersion: "runlog.io/v1alpha1",
      kind: "ActionReview",
      request: {
        uid: `bench-${i}`,
        run: "run_bench",
        step: i,
        action: "tool_call",
        tool: "database.query",
        args: { query: `SELECT id, total FROM orders WHERE region = 'north' AND note LIKE '${"lorem ".repeat(125)}'` },
        agent: "support-bot",
        cost: { usd: "0.0120" },
        tokens: { input: 900, cachedInput: 0, output: 200 },
      },
    }),
  answer: JSON.stringify({
    apiVersion: "runlog.io/v1alpha1",
    kind: "ActionReview",
    response: {
      uid: "bench-0",
      decision: "allow",
      allowed: true,
      reason: "no_rule",
      message: "",
      policy: null,
      matched: [],
      audit: [],
      policiesEvaluated: 4,
      revision: "sha256:0123456789abcdef0123456789abcdef",
      args: null,
      patch: null,
      approval: null,
      reservation: "01JD0000000000000000000000",
    },
  }),
};

async function sampleOf(subject: HttpSubject): Promise<Sample> {
  const connection = await Connection.open(subject);
  const { status, body } = await connection.send(subject.body(0));
  connection.close();
  if (status !== 200) throw new Error(`${subject.what} answered ${status}: ${body.slice(0, 300)}`);
  return { path: new URL(subject.url).pathname, body: subject.body, answer: body, headers: subject.headers };
}

function contender(subject: HttpSubject): Contender {
  const { what, pid, target } = subject;
  return { what, pid, target, load: subject, all: [], main: [], next: 1 };
}

interface VariantOptions {
  readonly variant: string;
  readonly sample: Sample;
  readonly secure: boolean;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly ca: string;
}

const NAMES: Readonly<Record<string, string>> = {
  bare: "bare handler",
  runlog: "RunLog's listener with an empty decision",
  "runlog-cold": "RunLog's listener, the route found by express",
  express: "the bare handler behind an express route",
};

async function startVariant(options: VariantOptions, children: ChildProcess[]): Promise<Contender> {
  const { variant, sample, secure, tls, ca } = options;
  const { path, answer, body, headers } = sample;
  const settings = { variant, path, answer, ...(secure ? { tls } : {}) };
  const child = startNode([join(import.meta.dirname, "http-server.ts")], { BENCH_SERVER: JSON.stringify(settings) });
  children.push(child);
  const [message] = (await once(child, "message")) as [{ port: number }];
  const url = `${secure ? "https" : "http"}://localhost:${message.port}${path}`;
  const load = { url, ca, body, headers };
  // With taskset in front the process is replaced by Node, so that the id is Node's.
  return { what: NAMES[variant] ?? variant, pid: child.pid as number, load, all: [], main: [], next: 0 };
}

async function compare(bare: Contender, others: readonly Contender[], options: HttpBenchOptions): Promise<Row[]> {
  const { rounds = DEFAULTS.rounds, roundMs = DEFAULTS.roundMs, connections = DEFAULTS.connections } = options;
  const contenders = [bare, ...others];
  for (const one of contenders) await round(one, connections, options.warmMs ?? roundMs);
  for (const one of contenders) one.all.length = one.main.length = 0;
  for (let i = 0; i < rounds; i++) {
    for (let j = 0; j < contenders.length; j++) {
      await round(contenders[(i + j) % contenders.length] as Contender, connections, roundMs);
    }
  }
  const protocol = bare.load.url.startsWith("https:") ? "HTTPS" : "HTTP";
  return [absoluteRow(protocol, bare), ...others.flatMap((other) => ratioRows(protocol, bare, other))];
}

async function round(contender: Contender, connections: number, durationMs: number): Promise<void> {
  const before = cpuTimeOf(contender.pid);
  const result = await closedLoad({ ...contender.load, connections, durationMs, first: contender.next });
  const after = cpuTimeOf(contender.pid);
  contender.next += result.sent;
  if (result.errors > 0 || result.statuses[200] !== result.sent) {
    throw new Error(`${contender.what}: ${JSON.stringify(result)}`);
  }
  contender.all.push((after.all - before.all) / result.sent);
  contender.main.push((after.main - before.main) / result.sent);
}

function absoluteRow(protocol: string, { what, all }: Contender): Row {
  return {
    what: `CPU per request, ${protocol}, ${what}`,
    target: "",
    median: `${medianOf(all).toFixed(1)} µs`,
    spread: spreadOf(all, 1),
    verdict: "reported",
  };
}

function ratioRows(protocol: string, bare: Contender, other: Contender): Row[] {
  const base = medianOf(bare.all);
  const ratios = other.all.map((value, i) => value / (bare.all[i] ?? base));
  const ratio = medianOf(ratios);
  const { target } = other;
  const verdict = target === undefined ? "reported" : ratio <= target ? "met" : "missed";
  const what = `CPU per request, ${protocol}, ${other.what} ÷ bare handler`;
  const micros = `${medianOf(other.all).toFixed(1)} µs, main thread ${medianOf(other.main).toFixed(1)} µs`;
  return [
    {
      what,
      target: target === undefined ? "" : `≤ ${target.toFixed(1)}`,
      median: `${ratio.toFixed(2)} (${micros})`,
      spread: spreadOf(ratios, 2),
      verdict,
    },
  ];
}

if (import.meta.main) {
  for (const row of await httpRows())
    console.log(`${row.what}: ${row.median} [${row.spread}] ${row.target} ${row.verdict}`);
}
