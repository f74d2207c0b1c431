import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { run, type CliResult } from "../harness/cli.ts";
import { root, startServe, type RunningServe } from "../harness/serve.ts";

const policies = `
policies:
  - { id: asks, when: { tool: { in: [wire, mail] } }, action: require_approval, approvers: [sec], message: "two eyes" }
  - { id: four, when: { tool: wire, args.amount: 4 }, action: deny, message: not four }
  - { id: no, when: { tool: no }, action: deny }
  - { id: bad, when: { tool: bad }, action: terminate, message: over }
`;
/** What an agent may claim to make a terminal do things. */
const evil = "\u001b[2J\u009b31mowned\u0007\u202e";
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

let folder: string;
let server: RunningServe;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog-cli-"));
  await writeFile(join(folder, "p.yaml"), policies);
  server = await startServe({ policies: [join(folder, "p.yaml")] });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const at = (): string[] => ["--server", server.url, "--state", server.state];
const cli = (...argv: string[]): Promise<CliResult> => run([...argv, ...at()]);
const json = async (...argv: string[]) => {
  const { code, out, err } = await cli(...argv, "-o", "json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out);
};
const call = (runId: string, tool: string, more: object = {}) =>
  server.review({ run: runId, action: "tool_call", tool, ...more });
const asked = async (runId: string, args: object = { amount: 5 }, tool = "wire"): Promise<string> =>
  (await call(runId, tool, { args })).approval.name;

describe("runs", () => {
  beforeAll(async () => {
    for (let i = 0; i < 7; i++) await call(`page-${i}`, "t", { cost: { usd: "0.10" } });
    await call("refused", "no");
    await call("over", "bad");
  });

  it("are listed newest first, as a table, JSON and YAML", async () => {
    const { code, out } = await cli("runs", "list");
    expect(code).toBe(0);
    expect(out.split("\n")[0]).toMatch(/^NAMESPACE +SERVICE ACCOUNT +RUN +STATE/);
    expect(out).toMatch(/default +local +over +terminated/);
    expect(out).toMatch(/page-0 +active .*\$0\.10/);
    const { items } = await json("runs", "list");
    expect(items.map((one: { run: string }) => one.run).slice(0, 3)).toEqual(["over", "refused", "page-6"]);
    expect(parse((await cli("runs", "list", "-o", "yaml")).out)).toEqual({ items });
  });

  it("are filtered, and read page by page up to the limit", async () => {
    const names = async (...flags: string[]): Promise<string[]> =>
      (await json("runs", "list", ...flags)).items.map((one: { run: string }) => one.run);
    expect(await names("--run-state", "terminated")).toEqual(["over"]);
    expect(await names("--decision", "deny")).toEqual(["refused"]);
    expect(await names("--limit", "3")).toHaveLength(3);
    expect(await names("--since", "1h", "-n", "default", "--service-account", "local")).toHaveLength(9);
    expect(await names("--since", "2999-01-01T00:00:00Z")).toEqual([]);
    expect(await names("-n", "elsewhere")).toEqual([]);
    expect((await cli("runs", "list", "-n", "elsewhere")).out).toBe("No runs.\n");
    expect((await cli("runs", "list", "--since", "lately")).code).toBe(2);
    for (let i = 0; i < 520; i++) await call(`many-${i % 2}`, "t");
    const { steps } = await json("runs", "show", "many-0", "--limit", "600");
    expect(steps).toHaveLength(260);
    expect((await json("runs", "list", "--limit", "1000")).items).toHaveLength(11);
  });

  it("are shown from the first step to the last, by name or with namespace and ServiceAccount", async () => {
    await call("story", "t", { agent: "support-bot" });
    await call("story", "no");
    const { code, out } = await cli("runs", "show", "story");
    expect(code).toBe(0);
    expect(out).toMatch(/^Run: +default\/local\/story\n/);
    expect(out).toContain("support-bot");
    expect(out.indexOf("tool_call t")).toBeLessThan(out.indexOf("tool_call no"));
    const one = await json("runs", "show", "default/local/story");
    expect(one.steps.map((step: { response: { decision: string } }) => step.response.decision)).toEqual([
      "allow",
      "deny",
    ]);
    const missing = await cli("runs", "show", "nowhere");
    expect([missing.code, missing.err.includes("nowhere")]).toEqual([1, true]);
  });
});

describe("approvals", () => {
  it("are listed and shown with who asks, what, why and until when; arguments masked until revealed", async () => {
    const name = await asked("shown", { to: "jane.doe@example.com", amount: 5 }, "mail");
    const list = await cli("approvals", "list", "--phase", "Pending");
    expect(list.code).toBe(0);
    expect(list.out).toMatch(new RegExp(`default +${name} +local +mail +Pending`));
    expect(parse((await cli("approvals", "list", "-o", "yaml")).out).items).toEqual(
      (await json("approvals", "list")).items,
    );
    const { out } = await cli("approvals", "show", name);
    for (const part of ["two eyes", "shown", "tool_call mail", "1 of sec", "<EMAIL_ADDRESS>"])
      expect(out).toContain(part);
    expect(out).not.toContain("jane");
    expect((await cli("approvals", "show", `default/${name}`, "--reveal")).out).toContain("jane.doe@example.com");
    expect((await json("approvals", "show", name, "--reveal")).args).toEqual({ to: "jane.doe@example.com", amount: 5 });
    expect((await cli("approvals", "list", "-n", "elsewhere")).out).toBe("No approval requests.\n");
    const missing = await cli("approvals", "show", "apr-nowhere");
    expect([missing.code, missing.err.includes("apr-nowhere")]).toEqual([1, true]);
  });

  it("are approved as they are, once", async () => {
    const name = await asked("approved");
    expect((await cli("approvals", "approve", name, "-m", "fine")).out).toMatch(
      new RegExp(`default/${name}: Approved`),
    );
    const again = { tool: "wire", args: { amount: 5 }, approval: name };
    expect(await call("approved", "wire", again)).toMatchObject({ decision: "allow", reason: "approved" });
    expect((await json("approvals", "show", name)).status).toMatchObject({
      phase: "Consumed",
      decisions: [{ decision: "approve", comment: "fine" }],
    });
  });

  it("are approved with edits: set, remove and redact", async () => {
    const args = { amount: 5, note: "x", text: "mail jane.doe@example.com", list: [1] };
    const name = await asked("edited", args);
    const edits = ["--set", "args.amount=3", "--set", "args.memo=hi there", "--set", 'args.list=[1,{"a":"b"}]'];
    const { code } = await cli(
      "approvals",
      "approve",
      name,
      ...edits,
      "--remove",
      "args.note",
      "--redact",
      "args.text",
    );
    expect(code).toBe(0);
    const { out } = await cli("approvals", "show", name);
    for (const edit of ['{"set":"args.amount","value":3}', '{"remove":"args.note"}', '{"redact":"args.text"}'])
      expect(out).toContain(`with ${edit}`);
    expect(await call("edited", "wire", { args, approval: name })).toMatchObject({
      decision: "modify",
      args: { amount: 3, text: "mail <EMAIL_ADDRESS>", list: [1, { a: "b" }], memo: "hi there" },
    });
  });

  it("cannot be edited past a rule, or into what has no meaning", async () => {
    const name = await asked("past");
    expect((await cli("approvals", "approve", name, "--set", "nothing.amount=3")).code).not.toBe(0);
    expect((await json("approvals", "show", name)).status.phase).toBe("Pending");
    await cli("approvals", "approve", name, "--set", "args.amount=4");
    expect(await call("past", "wire", { args: { amount: 5 }, approval: name })).toMatchObject({
      decision: "deny",
      message: "not four",
    });
  });

  it("are denied for the rest of the run, with the comment told to the agent", async () => {
    const name = await asked("denied");
    expect((await cli("approvals", "deny", name, "--comment", "ask finance")).out).toContain("Denied");
    const answer = await call("denied", "wire", { args: { amount: 5 } });
    expect(answer).toMatchObject({ decision: "deny", reason: "approval_denied" });
    expect(answer.message).toContain("ask finance");
    expect((await cli("approvals", "approve", name)).code).toBe(1);
  });

  it("need the approver's token", async () => {
    const name = await asked("token");
    const nobody = await run(["approvals", "approve", name, "--server", server.url, "--state", folder]);
    expect([nobody.code, nobody.err.includes("RL_UNAUTHENTICATED")]).toEqual([1, true]);
    const given = await run(["approvals", "approve", name, "--server", server.url, "--state", folder], {
      env: { RUNLOG_TOKEN: server.approverToken },
    });
    expect(given.code).toBe(0);
    const file = join(folder, "token");
    await writeFile(file, `${server.approverToken}\n`);
    const from = ["--server", server.url, "--state", folder, "--token-file", file];
    expect((await run(["approvals", "show", name, ...from])).code).toBe(0);
  });

  it("are watched: each as it opens and each change, until interrupted", async () => {
    const stop = new AbortController();
    let seen = "";
    const opened = Promise.withResolvers<void>();
    const approved = Promise.withResolvers<void>();
    let name: string | undefined;
    const onOut = (text: string): void => {
      seen += text;
      if (name === undefined) return;
      const phases = seen
        .split("\n")
        .filter((line) => line.includes(name ?? "") && line !== "")
        .map((line) => JSON.parse(line).status?.phase ?? "Pending");
      if (phases.includes("Pending")) opened.resolve();
      if (phases.includes("Approved")) approved.resolve();
    };
    const watching = run(["approvals", "watch", "-o", "json", ...at()], { signal: stop.signal, onOut });
    name = await asked("watched", { amount: 77 });
    onOut("");
    await opened.promise;
    await cli("approvals", "approve", name);
    await approved.promise;
    stop.abort();
    expect(await watching).toMatchObject({ code: 0, err: "" });
  });
});

it("nothing an agent claims reaches the terminal as anything but text", async () => {
  const name = (
    await call(`evil-${evil}`, "wire", { agent: evil, user: evil, args: { [evil]: evil, amount: 1 } }).catch(
      () => undefined,
    )
  )?.approval?.name;
  const known =
    name ??
    (
      await server.review({
        run: "evil",
        action: "tool_call",
        tool: "wire",
        agent: evil,
        user: evil,
        args: { [evil]: evil },
      })
    ).approval.name;
  await server.review({ run: "evil", action: "llm_call", model: evil, agent: evil });
  const commands = [
    ["runs", "list"],
    ["runs", "show", "evil"],
    ["approvals", "list"],
    ["approvals", "show", known],
    ["approvals", "show", known, "--reveal"],
  ];
  for (const command of commands) {
    for (const output of ["table", "json", "yaml"]) {
      const { code, out, err } = await cli(...command, "-o", output);
      expect([command.join(" "), code, err]).toEqual([command.join(" "), 0, ""]);
      expect(out, `${command.join(" ")} -o ${output}`).not.toMatch(control);
    }
  }
  const revealed = (await json("approvals", "show", known, "--reveal")).args;
  expect(revealed[evil]).toBe(evil);
  expect(parse((await cli("approvals", "show", known, "--reveal", "-o", "yaml")).out).args[evil]).toBe(evil);
});

describe("a closed pipe", () => {
  const piped = (command: string): Promise<{ code: number | null; err: string }> =>
    new Promise((resolve) => {
      const child = spawn("bash", ["-c", `set -o pipefail; ${command}`], {
        cwd: root,
        env: { ...process.env, RUNLOG_SERVER: server.url, RUNLOG_STATE: server.state },
      });
      let err = "";
      child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
      child.once("exit", (code) => resolve({ code, err }));
    });

  it("is no error of a command that prints much", async () => {
    const many = join(folder, "many.jsonl");
    await writeFile(many, '{"id":1,"text":"nothing"}\n'.repeat(50_000));
    const node = JSON.stringify(process.execPath);
    expect(await piped(`${node} cli/main.ts detect --jsonl ${many} | head -1`)).toEqual({ code: 0, err: "" });
    expect(await piped(`${node} cli/main.ts runs show many-0 -o json | head -1`)).toEqual({ code: 0, err: "" });
  });
});
