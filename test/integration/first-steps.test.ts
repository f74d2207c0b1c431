/** What a newcomer does: start it, read the screen, paste the line it shows. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { root } from "../harness/serve.ts";
import { makeCertificate } from "../harness/self-signed.ts";

const TOKEN = "token-of-the-agent-1";
let folder: string;
let child: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog first "));
  const { cert, key } = makeCertificate("localhost");
  await writeFile(join(folder, "cert.pem"), cert);
  await writeFile(join(folder, "key.pem"), key, { mode: 0o600 });
  await writeFile(
    join(folder, "tokens.yaml"),
    `tokens: [{ token: ${TOKEN}, namespace: default, serviceAccount: bot }]\n`,
    { mode: 0o600 },
  );
});
afterEach(async () => {
  if (child?.exitCode === null) {
    child.kill("SIGINT");
    await once(child, "exit");
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** The screen's lines up to its last one. */
async function screen(...flags: string[]): Promise<string[]> {
  const started = spawn(
    process.execPath,
    [
      "cli/main.ts",
      "serve",
      "--policies",
      "examples/quickstart",
      "--port",
      "0",
      "--state",
      join(folder, "state"),
    ].concat(flags),
    { cwd: root, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NO_COLOR: "1" } },
  );
  child = started;
  const lines: string[] = [];
  for await (const line of createInterface({ input: started.stdout })) {
    lines.push(line);
    if (line.includes("Ctrl-C stops")) return lines;
  }
  throw new Error(`no start-up screen:\n${lines.join("\n")}`);
}

async function paste(lines: readonly string[]): Promise<unknown> {
  const command = lines.find((line) => line.trimStart().startsWith("curl ")) ?? "";
  const env = { ...process.env, TOKEN };
  return JSON.parse((await promisify(execFile)("bash", ["-c", command], { env })).stdout);
}

describe("the line to paste is answered with a decision", () => {
  const asked = { response: { decision: "require_approval", allowed: false, policy: { rule: "pii_protection" } } };

  it("as it starts by default", async () => {
    const lines = await screen();
    expect(lines[0]).toMatch(/^RunLog \S+ decides at http:\/\/127\.0\.0\.1:\d+$/);
    expect(lines.join("\n")).toMatch(/policies {2}3 rules, Enforce/);
    expect(await paste(lines)).toMatchObject(asked);
  });

  it("with tokens and TLS, and never shows a token", async () => {
    const at = (name: string): string => join(folder, name);
    const lines = await screen("--tokens", at("tokens.yaml"), "--tls-cert", at("cert.pem"), "--tls-key", at("key.pem"));
    expect(lines.join("\n")).not.toContain(TOKEN);
    expect(await paste(lines)).toMatchObject(asked);
  });
});

it("Ctrl-C stops it with exit code 0", async () => {
  await screen();
  const exit = once(child as ChildProcess, "exit");
  child?.kill("SIGINT");
  expect(await exit).toEqual([0, null]);
});
