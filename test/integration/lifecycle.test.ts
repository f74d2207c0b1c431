import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { root, startServe } from "../harness/serve.ts";

const run = promisify(execFile);

it("SIGTERM loses no answer: what was accepted is answered and in the log, and the exit code is 0", async () => {
  const state = await mkdtemp(join(tmpdir(), "runlog-term-"));
  try {
    const server = await startServe({ policies: ["examples/quickstart"], state });
    const answers: Promise<string | undefined>[] = [];
    const ask = async (i: number): Promise<string | undefined> => {
      try {
        return (await server.review({ uid: `t${i}`, run: "term", action: "message", args: { to: "a", text: `${i}` } }))
          .uid;
      } catch {
        // Refused or not reached: then it was not permitted either.
        return undefined;
      }
    };
    for (let i = 0; i < 300; i++) answers.push(ask(i));
    await answers[0];
    const exit = server.stop();
    const answered = (await Promise.all(answers)).filter((uid) => uid !== undefined);
    expect(await exit).toBe(0);
    expect(answered.length).toBeGreaterThan(0);
    await using again = await startServe({ policies: ["examples/quickstart"], state });
    const logged = new Set<string>();
    let next: string | null = null;
    do {
      const page = await again.get(
        `/v1/runs/default/local/term/steps?limit=500${next === null ? "" : `&continue=${encodeURIComponent(next)}`}`,
      );
      for (const step of page.body.items) logged.add(step.uid);
      next = page.body.continue;
    } while (next !== null);
    expect(answered.filter((uid) => !logged.has(uid))).toEqual([]);
  } finally {
    await rm(state, { recursive: true });
  }
});

it("kill -9 loses nothing that was answered", async () => {
  const state = await mkdtemp(join(tmpdir(), "runlog-kill-"));
  try {
    const server = await startServe({ policies: ["examples/quickstart"], state });
    const answered: string[] = [];
    let stop = false;
    const asking = Array.from({ length: 8 }, async (_, worker) => {
      for (let i = 0; !stop; i++) {
        try {
          const request = {
            uid: `k${worker}-${i}`,
            run: `kill-${worker}`,
            action: "message",
            args: { to: "a", text: "b" },
          };
          answered.push((await server.review(request)).uid);
        } catch {
          return;
        }
      }
    });
    while (answered.length < 200) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.kill();
    stop = true;
    await Promise.all(asking);
    await using again = await startServe({ policies: ["examples/quickstart"], state });
    let steps = 0;
    for (const { steps: count } of (await again.get("/v1/runs?limit=500")).body.items) steps += count;
    expect(steps).toBeGreaterThanOrEqual(answered.length);
  } finally {
    await rm(state, { recursive: true });
  }
});

it("a second server on the same state folder is refused", async () => {
  await using server = await startServe({ policies: ["examples/quickstart"] });
  await expect(startServe({ policies: ["examples/quickstart"], state: server.state })).rejects.toThrow(
    /RL_STORE_LOCKED/,
  );
});

it("the approver token is readable by its owner only, and new at each start", async () => {
  const state = await mkdtemp(join(tmpdir(), "runlog-token-"));
  try {
    const first = await startServe({ policies: ["examples/quickstart"], state });
    expect((await stat(join(state, "approver-token"))).mode & 0o777).toBe(0o600);
    await first.stop();
    await using second = await startServe({ policies: ["examples/quickstart"], state });
    expect(second.approverToken).not.toBe(first.approverToken);
    expect((await second.get("/v1/runs", first.approverToken)).status).toBe(401);
  } finally {
    await rm(state, { recursive: true });
  }
});

it("beyond this machine it listens only with tokens", async () => {
  await expect(startServe({ policies: ["examples/quickstart"], flags: ["--host", "0.0.0.0"] })).rejects.toThrow(
    /--tokens/,
  );
});

it("the bundle runs without TypeScript sources", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runlog-dist-"));
  try {
    await run("npm", ["run", "--silent", "build"], { cwd: root });
    await run("cp", ["-r", join(root, "dist"), join(folder, "node_modules")]);
    await writeFile(
      join(folder, "r.json"),
      '{"uid":"a","run":"r","action":"tool_call","tool":"database.query","args":{"query":"ssn 423-41-1164"}}',
    );
    const bin = join(folder, "node_modules", "runlog.js");
    const args = [
      bin,
      "review",
      join(folder, "r.json"),
      "--policies",
      join(root, "examples/quickstart"),
      "--output",
      "json",
    ];
    const failed = await run(process.execPath, args).catch(
      (error: unknown) => error as { code: number; stdout: string },
    );
    expect(failed).toMatchObject({ code: 1 });
    expect(JSON.parse(failed.stdout)).toMatchObject({ decision: "require_approval" });
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    expect((await run(process.execPath, [bin, "--version"])).stdout.trim()).toBe(version);
  } finally {
    await rm(folder, { recursive: true });
  }
});
