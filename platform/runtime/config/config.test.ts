import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunlogError } from "#api";
import { afterAll, describe, expect, it } from "vitest";
import { defineConfig } from "./config.ts";
import { helpText } from "./help.ts";
import {
  booleanSetting,
  bytesSetting,
  choiceSetting,
  durationSetting,
  integerSetting,
  listSetting,
  textSetting,
  usdSetting,
} from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "runlog-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
function file(text: string): string {
  const path = join(folder, `config-${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

const config = defineConfig({
  "listen.port": integerSetting({ help: "Port.", default: 8181, min: 0, max: 65_535, short: "p" }),
  host: textSetting({ help: "Address.", default: "127.0.0.1" }),
  tokens: textSetting({ help: "Tokens file.", default: undefined, accepts: "a path" }),
  policies: listSetting({ help: "Folders.", default: [] }),
  "runLog.required": booleanSetting({ help: "Refuse without a log.", default: true }),
  "runLog.durability": choiceSetting({ help: "Level.", default: "committed", choices: ["buffered", "committed"] }),
  "runLog.flushInterval": durationSetting({ help: "Longest wait.", default: "50ms", max: 10_000 }),
  maxBody: bytesSetting({ help: "Largest body.", default: "1MiB", min: 1024 }),
  maxCost: usdSetting({ help: "Most an action may cost.", default: "100.00" }),
  apiKey: textSetting({ help: "Key.", default: "built-in-key", secret: true }),
});

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    expect((error as RunlogError).code).toBe("RL_CONFIG");
    return (error as RunlogError).errors?.map(({ message }) => message) ?? [];
  }
  throw new Error("nothing was refused");
}

describe("configuration", () => {
  it("has defaults in the program's units", () => {
    const { values, sources } = config.load({});
    expect(values).toEqual({
      "listen.port": 8181,
      host: "127.0.0.1",
      tokens: undefined,
      policies: [],
      "runLog.required": true,
      "runLog.durability": "committed",
      "runLog.flushInterval": 50,
      maxBody: 1_048_576,
      maxCost: 100_000_000,
      apiKey: "built-in-key",
    });
    expect(sources.host).toBe("default");
  });

  it("lets flags win over the environment, that over the file, and says where each value is from", () => {
    const path = file(
      "host: file\nlisten:\n  port: 1\nrunLog:\n  required: false\n  flushInterval: 1s\nmaxCost: 2.5\n",
    );
    const { values, sources, positionals } = config.load({
      args: ["--host", "flag", `--config=${path}`, "rest", "--policies", "a", "--policies=b"],
      env: { RUNLOG_HOST: "env", RUNLOG_LISTEN_PORT: "2", RUNLOG_POLICIES: "x,y", RUNLOG_MAX_BODY: "" },
    });
    expect(values).toMatchObject({
      host: "flag",
      "listen.port": 2,
      "runLog.required": false,
      "runLog.flushInterval": 1_000,
      policies: ["a", "b"],
      maxBody: 1_048_576,
      maxCost: 2_500_000,
    });
    expect(sources).toMatchObject({
      host: "--host",
      "listen.port": "RUNLOG_LISTEN_PORT",
      "runLog.flushInterval": `${path}:6:3`,
      policies: "--policies",
    });
    expect(positionals).toEqual(["rest"]);
  });

  it("understands every way to write a value", () => {
    const { values } = config.load({
      args: ["-p", "0", "--no-run-log-required", "--max-body", "64KiB", "--", "--host"],
      env: { RUNLOG_POLICIES: "a, b", RUNLOG_MAX_COST: "0.01", RUNLOG_CONFIG: file("") },
    });
    expect(values).toMatchObject({
      "listen.port": 0,
      "runLog.required": false,
      maxBody: 65_536,
      policies: ["a", "b"],
      maxCost: 10_000,
    });
  });

  it("names every fault at once: where, what, and what would be right", () => {
    const path = file("runLog:\n  durabilty: committed\n  flushInterval: 50\nhots: x\n");
    expect(
      problemsOf(() =>
        config.load({
          args: ["--config", path, "--listen-port", "70000", "--hosts", "x", "--max-body"],
          env: { RUNLOG_MAX_COST: "-1", RUNLOG_RUN_LOG_REQUIRED: "yes" },
        }),
      ),
    ).toEqual(
      [
        "--hosts: unknown flag; did you mean --host?",
        "--max-body: needs a value",
        `${path}:2:3: unknown setting runLog.durabilty; did you mean runLog.durability?`,
        `${path}:4:1: unknown setting hots; did you mean host?`,
        '--listen-port: listen.port expects a whole number from 0 to 65535, not "70000"',
        'RUNLOG_RUN_LOG_REQUIRED: runLog.required expects true or false, not "yes"',
        'RUNLOG_MAX_COST: maxCost expects an amount of USD such as "100.00", not "-1"',
      ].toSpliced(
        6,
        0,
        `${path}:3:3: runLog.flushInterval expects a duration such as 500ms, 30s or 1h30m, at most 10000 ms, not 50`,
      ),
    );
  });

  it.each([
    ["a list where a map belongs", "- a", "expected a map of settings"],
    ["a scalar where a map belongs", "runLog: yes", ":1:1: runLog expects a map with runLog.required"],
    ["a key twice", "host: a\nhost: b", ":2:1: Map keys must be unique"],
    ["broken YAML", "host: [", ":1:"],
    ["__proto__", "__proto__: { host: x }", "unknown setting __proto__"],
  ])("refuses a file with %s", (_, text, message) => {
    const path = file(text);
    expect(problemsOf(() => config.load({ args: ["--config", path] })).join()).toContain(message);
  });

  it("refuses a file that is not there, and a flag given twice", () => {
    expect(problemsOf(() => config.load({ env: { RUNLOG_CONFIG: join(folder, "none") } })).join()).toContain(
      "RUNLOG_CONFIG: ENOENT",
    );
    expect(problemsOf(() => config.load({ args: ["--host", "a", "--host", "b"] }))).toEqual(["--host: is given twice"]);
  });

  it("never shows a secret", () => {
    const key = "x".repeat(5_000);
    expect(problemsOf(() => config.load({ env: { RUNLOG_API_KEY: key } }))).toEqual([
      "RUNLOG_API_KEY: apiKey expects text",
    ]);
    expect(helpText(config.describe())).not.toContain("built-in-key");
  });

  it("tells of variables that look like settings, but not of those Kubernetes sets for a Service", () => {
    const env = {
      RUNLOG_HOTS: "x",
      RUNLOG_PORT: "tcp://10.0.0.1:443",
      RUNLOG_SERVICE_HOST: "10.0.0.1",
      RUNLOG_PORT_443_TCP_ADDR: "10.0.0.1",
      RUNLOG_WEBHOOK_SERVICE_PORT_HTTPS: "443",
      PATH: "/",
    };
    expect(config.load({ env }).unknownVariables).toEqual(["RUNLOG_HOTS"]);
  });

  it("refuses a table in which Kubernetes or another setting would speak for a setting", () => {
    const port = { help: "", default: 1, min: 0, max: 9 };
    expect(() => defineConfig({ port: integerSetting(port) })).toThrow("RUNLOG_PORT");
    expect(() => defineConfig({ port: integerSetting({ ...port, env: "RUNLOG_LISTEN_PORT" }) })).not.toThrow();
    expect(() => defineConfig({ "a.b": integerSetting(port), aB: integerSetting(port) })).toThrow("two settings");
  });

  it("describes every setting in the help", () => {
    const text = helpText(config.describe());
    for (const { flag, env, help } of config.describe()) {
      expect(text).toContain(`--${flag}`);
      expect(text).toContain(env);
      expect(text).toContain(help);
    }
    expect(text).toContain("default 1MiB");
  });
});
