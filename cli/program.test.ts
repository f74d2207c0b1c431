import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../test/harness/cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog-cli-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
const write = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
const policy = "policies: [{ id: a, when: { tool: x }, action: deny, message: no x }]\n";
const action = (tool: string, more: object = {}): string =>
  JSON.stringify({ uid: `u-${tool}`, run: "r", action: "tool_call", tool, ...more });

/** Foreign text with everything a terminal obeys: escape, CSI as one character, a bell, a turned direction. */
const evil = "\u001b[31mred\u009b2Jgone\u0007\u202etxet";
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe("help", () => {
  const commands = [
    ...["serve", "validate", "lint", "convert", "review", "detect", "version"].map((name) => [name]),
    ...["list", "show"].map((name) => ["runs", name]),
    ...["list", "watch", "show", "approve", "deny"].map((name) => ["approvals", name]),
  ];
  it.each(commands)("of %s %s says how it is used, with an example", async (...names) => {
    const { code, out } = await run([...names.filter((name) => name !== undefined), "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: runlog/);
    expect(out).toMatch(/Examples?:\n +(?:echo .* \| )?runlog /);
  });

  it("lists every command, and says what exit codes mean", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    for (const [name] of commands) expect(out).toContain(`  ${name}`);
    expect(out).toContain("Exit codes: 0 ok, 1 the checked thing failed, 2 bad usage or unreadable input.");
  });
});

describe("bad usage is exit 2, on standard error, with a hint", () => {
  it.each([
    ["no command", [], "Usage:"],
    ["an unknown command", ["servee"], "serve"],
    ["an unknown subcommand", ["runs", "lst"], "list"],
    ["an unknown option", ["lint", "--stric", "x"], "--strict"],
    ["a missing argument", ["validate"], "paths"],
    ["a wrong choice", ["lint", "x", "--output", "xml"], "table"],
    ["a limit that is no number", ["runs", "list", "--limit", "many"], "whole number"],
    ["a limit of nothing", ["runs", "list", "--limit", "0"], "whole number"],
    ["a label without a value", ["review", "x", "--policies", "y", "--labels", "team"], "KEY=VALUE"],
    ["no policies", ["review", "x"], "--policies"],
    ["serve without policies", ["serve"], "--policies"],
    ["a score above one", ["detect", "--min-score", "2"], "0 to 1"],
    ["edits with a deny", ["approvals", "deny", "x", "--set", "args.a=1"], "--set"],
    ["an edit without a value", ["approvals", "approve", "x", "--set", "args.a"], "PATH=VALUE"],
    [
      "an edit with a number that is not held exactly",
      ["approvals", "approve", "x", "--set", "args.a=9007199254740993"],
      "9007199254740993",
    ],
    ["a file that is not there", ["lint", "/nowhere/x.yaml"], "/nowhere/x.yaml"],
    ["a token file that is not there", ["runs", "list", "--token-file", "/nowhere/t"], "/nowhere/t"],
  ])("%s", async (_, argv, hint) => {
    const { code, out, err } = await run(argv);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(hint);
  });

  it("a server that is not there is exit 1 or 2 with its address and what to do", async () => {
    const { code, err } = await run(["runs", "list", "--server", "http://127.0.0.1:1"]);
    expect(code).not.toBe(0);
    expect(err).toContain("http://127.0.0.1:1");
    expect(err).toContain("runlog serve");
  });

  it("the server may come from the environment of the command", async () => {
    const { err } = await run(["runs", "list"], { env: { RUNLOG_SERVER: "http://127.0.0.1:2" } });
    expect(err).toContain("http://127.0.0.1:2");
  });
});

describe("colours", () => {
  const ESC = "\u001b[";
  it.each([
    ["on a terminal", true, {}, true],
    ["not in a pipe", false, {}, false],
    ["not with NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["with an empty NO_COLOR", true, { NO_COLOR: "" }, true],
    ["in a pipe with FORCE_COLOR", false, { FORCE_COLOR: "1" }, true],
  ])("%s", async (_, terminal, env, expected) => {
    const file = await write("colours.yaml", policy);
    const { out } = await run(["lint", file], { terminal, env });
    expect(out.includes(ESC)).toBe(expected);
    const { err } = await run(["lint", "/nowhere"], { terminal, env });
    expect(err.includes(ESC)).toBe(expected);
  });
});

describe("lint and validate", () => {
  it("exit 0 without errors; doubts are lint's alone, and fail only with --strict", async () => {
    const file = await write("doubt.yaml", "policies: [{ id: a, when: { user: bob }, action: deny }]\n");
    expect((await run(["validate", file])).out).toContain("no findings");
    const lint = await run(["lint", file]);
    expect([lint.code, lint.out.includes("warning")]).toEqual([0, true]);
    expect((await run(["lint", file, "--strict"])).code).toBe(1);
    expect((await run(["lint", file, "-o", "yaml"])).out).toMatch(/severity: warning/);
  });

  it("mark the place in the source, and show nothing of a file that a terminal would obey", async () => {
    const text = `policies:\n  - { id: a, when: { tool: x }, action: "${evil.replaceAll("\u001b", "\\e").replace("\u0007", "")}" }\n`;
    const file = await write("evil.yaml", text);
    for (const output of ["table", "json", "yaml"]) {
      const { code, out } = await run(["lint", file, "-o", output]);
      expect(code).toBe(1);
      expect(out).not.toMatch(control);
    }
    const { out } = await run(["lint", file]);
    const [, source = "", mark = ""] = /(\n {2}2 \|.*)(\n {4}\|.*\^)/.exec(out) ?? [];
    expect(mark.indexOf("^")).toBe(source.indexOf('"'));
  });
});

describe("convert", () => {
  it("keeps every decision of the plain file", async () => {
    const plain = await write(
      "plain.yaml",
      [
        "max_cost_per_run: $1.00",
        "block_pii: true",
        "require_approval: [financial_actions, own]",
        "approvers: [sec]",
        "action_groups: { own: ['db.*'] }",
        "policies:",
        "  - { id: no_x, when: { tool: x }, action: deny, message: no x }",
        "  - { id: cap, max_cost_per_run: $0.50, when: { tool: t }, action: terminate }",
        "  - { id: wires, require_approval: [wire], approvers: [sec] }",
        "  - { id: clean, when: { tool: mail }, action: modify, modify: [{ remove: args.secret }] }",
      ].join("\n"),
    );
    const converted = join(folder, "converted.yaml");
    expect(await run(["convert", plain, "--out-file", converted])).toEqual({ code: 0, out: "", err: "" });
    const asks = [
      action("x"),
      action("read"),
      action("db.drop"),
      action("stripe.refund"),
      action("wire"),
      action("pii", { args: { note: "ssn 423-41-1164" } }),
      action("mail", { args: { secret: 1, to: "a" } }),
      action("cost", { run: "dear", cost: { usd: "1.01" } }),
      action("t", { run: "dearer", cost: { usd: "0.51" } }),
    ].join("\n");
    const decide = async (policies: string) => {
      const { code, out } = await run(["review", "-", "-p", policies, "-o", "json"], { stdin: asks });
      expect(code).toBe(1);
      return JSON.parse(out).items.map((one: { decision: string; args: unknown; policy: { rule: string } | null }) => [
        one.decision,
        one.args,
        one.policy?.rule,
      ]);
    };
    const decided = await decide(plain);
    const expected = "deny allow require_approval require_approval require_approval deny modify deny terminate";
    expect(decided.map(([decision]: [string]) => decision).join(" ")).toBe(expected);
    expect(await decide(converted)).toEqual(decided);
    expect((await run(["lint", converted])).code).toBe(0);
  });

  it("takes name, namespace and mode from its flags, also against the file's own mode", async () => {
    const file = await write("mode.yaml", `mode: Enforce\n${policy}`);
    const { out } = await run(["convert", file, "--name", "n", "-n", "ns", "--mode", "Audit", "-o", "json"]);
    expect(JSON.parse(out)).toMatchObject({ metadata: { name: "n", namespace: "ns" }, spec: { mode: "Audit" } });
    expect(JSON.parse((await run(["convert", file, "-o", "json"])).out)).toMatchObject({
      metadata: { name: "mode" },
      spec: { mode: "Enforce" },
    });
  });

  it("writes nothing for a broken file, over an existing one, or of half a file", async () => {
    const broken = await write("broken.yaml", "policies: [{ id: a, when: {}, action: blok }]\n");
    const there = await write("there.yaml", "mine");
    const good = await write("good.yaml", policy);
    const two = await write("two.yaml", `${policy}---\nblock_pii: true\n`);
    const resource = await write("resource.yaml", (await run(["convert", good])).out);
    expect((await run(["convert", broken])).code).toBe(1);
    expect((await run(["convert", good, "-f", there])).code).toBe(2);
    expect(await readFile(there, "utf8")).toBe("mine");
    expect(await run(["convert", two])).toMatchObject({ code: 2, out: "" });
    expect(await run(["convert", resource])).toMatchObject({ code: 2, out: "" });
  });
});

describe("review", () => {
  it("decides one, exit 0 when it may run, 1 when not", async () => {
    const file = await write("p.yaml", policy);
    const one = await run(["review", "-", "-p", file, "-o", "json"], { stdin: action("y") });
    expect(one.code).toBe(0);
    expect(JSON.parse(one.out)).toMatchObject({ decision: "allow", policiesEvaluated: 1 });
    const enveloped = `{ "apiVersion": "runlog.io/v1alpha1", "kind": "ActionReview", "request": ${action("x")} }`;
    const two = await run(["review", "-", "-p", file], { stdin: enveloped });
    expect(two).toEqual({ code: 1, out: "deny  p/a  no x  (1 policies)\n", err: "" });
    expect((await run(["review", "-", "-p", file, "-o", "yaml"], { stdin: action("x") })).out).toContain(
      "decision: deny",
    );
  });

  it("decides JSON Lines in order, with counters from one to the next", async () => {
    const file = await write(
      "calls.yaml",
      "policies: [{ id: a, when: { tool_calls_in_run: { gt: 2 } }, action: deny }]\n",
    );
    const lines = ["a", "b", "c"].map((tool) => action(tool)).join("\n\n");
    const { code, out } = await run(["review", "-", "-p", file], { stdin: `${lines}\n` });
    expect(code).toBe(1);
    expect(out.split("\n").map((line) => line.split(" ")[0])).toEqual(["allow", "allow", "deny", ""]);
  });

  it("names the line that is wrong, and is exit 2", async () => {
    const file = await write("p.yaml", policy);
    const lines = await write("lines.jsonl", `${action("a")}\n${action("b", { action: "teleport" })}\n`);
    const bad = await run(["review", lines, "-p", file]);
    expect([bad.code, bad.err.includes(`${lines}:2`)]).toEqual([2, true]);
    const half = await write("half.jsonl", `${action("a")}\n{"uid":\n`);
    expect((await run(["review", half, "-p", file])).err).toContain(`${half}:2`);
    expect((await run(["review", "-", "-p", file], { stdin: "{" })).code).toBe(2);
  });

  it("decides nothing by broken policies", async () => {
    const broken = await write("broken.yaml", "policies: [{ id: a, when: {}, action: blok }]\n");
    const { code, out, err } = await run(["review", "-", "-p", broken], { stdin: action("a") });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("blok");
  });

  it("prints nothing of foreign text that a terminal obeys", async () => {
    const file = await write(
      "set.yaml",
      "policies: [{ id: a, when: {}, action: modify, modify: [{ set: args.x, value: 1 }] }]\n",
    );
    for (const output of ["table", "json", "yaml"]) {
      const stdin = action("t", { args: { text: evil } });
      const { out } = await run(["review", "-", "-p", file, "-o", output], { stdin });
      expect(out).toContain("gone");
      expect(out).not.toMatch(control);
      if (output === "json") expect(JSON.parse(out).args).toEqual({ text: evil, x: 1 });
    }
  });
});

describe("detect", () => {
  it("shows what it finds and where, never the value", async () => {
    const stdin = "mail jane.doe@example.com now";
    const { code, out } = await run(["detect"], { stdin });
    expect(code).toBe(0);
    expect(out).toContain("EMAIL_ADDRESS");
    expect(out).not.toContain("jane");
    const { findings } = JSON.parse((await run(["detect", "-o", "json"], { stdin })).out);
    expect(findings).toMatchObject([{ type: "EMAIL_ADDRESS", start: 5, end: 25 }]);
    expect((await run(["detect"], { stdin: "nothing" })).out).toBe("Nothing found.\n");
  });

  it("answers JSON Lines with JSON Lines, and names the line that is wrong", async () => {
    const lines = [
      { id: 1, text: "mail jane.doe@example.com" },
      { id: evil, text: "nothing" },
      { id: "c", args: { a: ["423-41-1164 is the ssn"] } },
    ];
    const file = await write("texts.jsonl", lines.map((line) => JSON.stringify(line)).join("\n\n"));
    const { code, out } = await run(["detect", "--jsonl", file]);
    expect(code).toBe(0);
    expect(out).not.toMatch(control);
    const answers = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toMatchObject([
      { id: 1, spans: [{ type: "EMAIL_ADDRESS", start: 5, end: 25 }] },
      { id: evil, spans: [] },
      { id: "c", spans: [{ type: "US_SSN", start: 0, end: 11, path: "a[0]" }] },
    ]);
    const bad = await write("bad.jsonl", `{"id":1,"text":"a"}\n{"id":2}\n`);
    const refused = await run(["detect", "--jsonl", bad]);
    expect([refused.code, refused.err.includes(`${bad}:2`)]).toEqual([2, true]);
    expect((await run(["detect", "--jsonl", "/nowhere"])).code).toBe(2);
  });

  it("looks for what it is told to", async () => {
    const stdin = "mail jane.doe@example.com ssn 423-41-1164";
    const types = async (...flags: string[]): Promise<string[]> =>
      JSON.parse((await run(["detect", "-o", "json", ...flags], { stdin })).out).findings.map(
        (one: { type: string }) => one.type,
      );
    expect(await types("--entities", "US_SSN")).toEqual(["US_SSN"]);
    expect(await types("--family", "secret")).toEqual([]);
    expect((await run(["detect", "--entities", "US_SSM"], { stdin })).code).toBe(2);
  });
});
