import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkText, hasErrors } from "../../core/policies/index.ts";
import { loadApprovers } from "../../core/approvals/index.ts";
import { agentTokensOf } from "../../webhook/identity/token-file.ts";
import { openSandbox } from "../../cli/sandbox.ts";
import { root, startServe, type RunningServe } from "../harness/serve.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { loadServeSettings } from "../../cli/serve/options.ts";

interface Block {
  readonly file: string;
  readonly line: number;
  readonly info: string;
  readonly text: string;
}

/** Every fenced block of a page, with the words after the fence. */
function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; line: number; text: string[] } | undefined;
  for (const [i, line] of readFileSync(join(root, file), "utf8").split("\n").entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.text.push(line);
    else if (open === undefined) open = { info: fence[1] ?? "", line: i + 1, text: [] };
    else {
      blocks.push({ file, line: open.line, info: open.info, text: open.text.join("\n") });
      open = undefined;
    }
  }
  return blocks;
}

const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const blocks = pages.flatMap(blocksOf);
const at = ({ file, line }: Block): string => `${file}:${line}`;

describe("policies in the docs", () => {
  const policies = blocks.filter(({ info }) => info === "yaml");
  it.each(policies.map((block) => [at(block), block] as const))("%s has no error", (_, { text, file }) => {
    const { policies: checked, findings } = checkText(text, { file, defaultNamespace: "default" });
    expect([...findings, ...checked.flatMap((one) => one.findings)].filter((one) => one.severity === "error")).toEqual(
      [],
    );
    expect(checked.length).toBeGreaterThan(0);
  });
});

describe("rules in the docs", () => {
  interface Case {
    readonly rule: string;
    readonly args: string;
    readonly kind: "match" | "no-match";
    /** The arguments after a modify rule, where the page shows them. */
    modified?: string;
  }
  const cases: [string, Case][] = [];
  let rule: Block | undefined;
  for (const block of blocks) {
    if (block.info === "yaml rule") rule = block;
    const kind = /^json (match|no-match)$/.exec(block.info)?.[1];
    if (kind !== undefined && rule !== undefined)
      cases.push([at(block), { rule: rule.text, args: block.text, kind: kind as Case["kind"] }]);
    const last = cases.at(-1)?.[1];
    if (block.info === "json modified" && last !== undefined) last.modified = block.text;
  }
  const rules = blocks.filter(({ info }) => info === "yaml rule");
  /** A rule alone, or a whole file where the rule needs settings of its policy. */
  const policyOf = (text: string) =>
    /^policies:/m.test(text)
      ? text
      : `policies:\n${text
          .split("\n")
          .map((line, i) => `${i === 0 ? "  - " : "    "}${line}`)
          .join("\n")}\n`;

  it("are there", () => {
    expect(rules.length).toBeGreaterThan(20);
  });
  it.each(rules.map((block) => [at(block), block] as const))("%s compiles", (_, { text, file }) => {
    const { policies, findings } = checkText(policyOf(text), { file, defaultNamespace: "default" });
    expect(
      hasErrors([...findings, ...policies.flatMap((one) => one.findings)]),
      JSON.stringify(policies[0]?.findings),
    ).toBe(false);
  });
  it.each(cases)("%s", async (_place, { rule: ruleText, args, kind, modified }) => {
    const folder = await mkdtemp(join(tmpdir(), "runlog-docs-"));
    try {
      await writeFile(join(folder, "policy.yaml"), policyOf(ruleText));
      await using sandbox = await openSandbox({
        policies: [folder],
        namespace: "default",
        serviceAccount: "local",
        labels: {},
      });
      const request = {
        uid: "u",
        run: "r",
        action: "tool_call",
        tool: "example.tool",
        args: JSON.parse(args),
      } as const;
      const answer = await sandbox.decider.review(sandbox.caller, request);
      expect(answer.matchedTotal).toBe(kind === "match" ? 1 : 0);
      if (modified !== undefined) expect(answer.args).toEqual(JSON.parse(modified));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("files in the docs", () => {
  it("are all known to these tests", () => {
    const tested = ["yaml", "yaml rule", "yaml tokens", "yaml approvers", "yaml config", "json match", "json no-match"];
    const known = new Set([...tested, "json modified", "console"]);
    expect(blocks.filter(({ info }) => !known.has(info)).map(at)).toEqual([]);
  });

  it("are what serve reads", async () => {
    const approvers = blocks.find(({ info }) => info === "yaml approvers");
    const people = join(tmpdir(), `runlog-docs-approvers-${process.pid}.yaml`);
    writeFileSync(people, approvers?.text ?? "", { mode: 0o600 });
    const [token = ""] = approvers?.text.split(":") ?? [];
    expect((await loadApprovers(people)).identify(token)).toMatchObject({
      username: "alice@example.com",
      groups: ["security-team"],
    });
    rmSync(people);
    const tokens = blocks.find(({ info }) => info === "yaml tokens");
    expect(agentTokensOf(tokens?.text ?? "", "tokens.yaml").size).toBe(1);
    const config = blocks.find(({ info }) => info === "yaml config");
    const file = join(tmpdir(), `runlog-docs-${process.pid}.yaml`);
    writeFileSync(file, config?.text ?? "");
    expect(loadServeSettings(["--config", file], {}).settings["runLog.maxSize"]).toBe(2 * 1024 ** 3);
    rmSync(file);
  });
});

const run = promisify(execFile);

describe("commands in the docs", () => {
  let server: RunningServe;
  let bin: string;
  beforeAll(async () => {
    server = await startServe({ policies: ["examples/quickstart"] });
    bin = await mkdtemp(join(tmpdir(), "runlog-bin-"));
    const script = `#!/bin/sh\nexec "${process.execPath}" "${join(root, "cli/main.ts")}" "$@"\n`;
    await writeFile(join(bin, "runlog"), script, { mode: 0o755 });
    // The pages pipe JSON through jq; -r with a path is all they need of it.
    const jq = `#!${process.execPath}\nlet t="";process.stdin.on("data",c=>t+=c).on("end",()=>{let v=JSON.parse(t);const p=process.argv.at(-1);for(const k of p.match(/[A-Za-z]+|\\d+/g))v=v[k];console.log(v)});\n`;
    await writeFile(join(bin, "jq"), jq, { mode: 0o755 });
  });
  afterAll(async () => {
    await server.stop();
    await rm(bin, { recursive: true });
  });

  const consoles = blocks.filter(({ info }) => info === "console");
  it.each(consoles.map((block) => [at(block), block] as const))(
    "%s prints what is written there",
    async (_, block) => {
      const script: string[] = [];
      const expected: string[] = [];
      let inCommand = false;
      for (const line of block.text.split("\n")) {
        if (line.startsWith("$ ")) {
          script.push(line.slice(2));
          inCommand = !balanced(script.at(-1) ?? "");
        } else if (inCommand) {
          script[script.length - 1] += `\n${line}`;
          inCommand = !balanced(script.at(-1) ?? "");
        } else expected.push(line);
      }
      const text = script.join("\n").replaceAll("http://127.0.0.1:8181", server.url);
      const env = {
        ...process.env,
        PATH: `${bin}:${process.env["PATH"]}`,
        RUNLOG_SERVER: server.url,
        RUNLOG_STATE: server.state,
        NO_COLOR: "1",
      };
      const { stdout } = await run("bash", ["-euo", "pipefail", "-c", text], { cwd: root, env });
      expect(stdout.trim().replace(/ +/g, " ")).toMatch(patternOf(expected.join("\n").trim().replace(/ +/g, " ")));
    },
    60_000,
  );
});

/** Whether every single quote is closed: a command may go on over lines. */
function balanced(command: string): boolean {
  return (command.match(/'/g)?.length ?? 0) % 2 === 0;
}

/** `…` stands for anything. */
function patternOf(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[\\s\\S]*")}$`);
}
