import { readFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { messageOf, parseDuration, parseUsd, RunlogError } from "#api";
import { argsForms } from "#runlog";
import { logLevels } from "#telemetry";
import { parse } from "yaml";

/** Everything `serve` can be told, after flags, environment and file were put together. */
export interface ServeSettings {
  readonly policies: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly state: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tokens?: string | undefined;
  readonly approvers?: string | undefined;
  readonly pricing?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly log: "pretty" | "json";
  readonly logLevel: (typeof logLevels)[number];
  readonly storeArgs: (typeof argsForms)[number];
  readonly durability: "buffered" | "committed" | "synced";
  readonly runLogRequired: boolean;
  /** Milliseconds. */
  readonly retention: number;
  /** Bytes. */
  readonly retentionSize: number;
  /** Micro-dollars. */
  readonly maxCost: number;
  readonly rate: number;
  readonly maxInFlight: number;
  /** Milliseconds. */
  readonly reload: number;
  /** Milliseconds. */
  readonly drain: number;
}

type Parse = (text: string) => unknown;

interface Setting {
  readonly flags: string;
  readonly text: string;
  readonly fallback?: unknown;
  readonly shown?: string;
  readonly parse?: Parse;
  readonly choices?: readonly string[];
}

/** One table for flags, RUNLOG_* variables and the file's keys: `--run-log-required`, RUNLOG_RUN_LOG_REQUIRED, `runLogRequired`. */
const settings: readonly Setting[] = [
  {
    flags: "--host <address>",
    text: "address to listen on; beyond this machine only with --tokens",
    fallback: "127.0.0.1",
  },
  { flags: "--port <port>", text: "port to listen on; 0 takes a free one", fallback: 8181, parse: whole(0, 65_535) },
  {
    flags: "--state <folder>",
    text: "folder of the run log, the approvals and the approver token",
    fallback: ".runlog",
  },
  {
    flags: "-n, --namespace <namespace>",
    text: "namespace of callers without a token, and of policies that name none",
    fallback: "default",
  },
  { flags: "--service-account <name>", text: "ServiceAccount of callers without a token", fallback: "local" },
  {
    flags: "--tokens <file>",
    text: "YAML file of the agents' bearer tokens; without it every local caller is one agent",
  },
  {
    flags: "--approvers <file>",
    text: "YAML file of the approvers' tokens; without it one token is written to the state folder",
  },
  { flags: "--pricing <file>", text: "YAML file of model prices" },
  { flags: "--tls-cert <file>", text: "certificate chain (PEM); reloaded when it changes" },
  { flags: "--tls-key <file>", text: "private key (PEM)" },
  { flags: "--log <format>", text: "how to print decisions", fallback: "pretty", choices: ["pretty", "json"] },
  { flags: "--log-level <level>", text: "least level of the server's own log", fallback: "info", choices: logLevels },
  { flags: "--store-args <form>", text: "how arguments are kept in the run log", fallback: "full", choices: argsForms },
  {
    flags: "--durability <level>",
    text: "what an answer survives: buffered (a crash may lose 50 ms), committed (kill -9), synced (power loss)",
    fallback: "committed",
    choices: ["buffered", "committed", "synced"],
  },
  {
    flags: "--run-log-required <boolean>",
    text: "refuse to decide while records cannot be written",
    fallback: true,
    parse: boolean,
  },
  {
    flags: "--retention <duration>",
    text: "how long records are kept",
    fallback: 30 * 86_400_000,
    shown: "30d",
    parse: duration,
  },
  {
    flags: "--retention-size <size>",
    text: "most the run log may take, such as 500MiB",
    fallback: 2 * 1024 ** 3,
    shown: "2GiB",
    parse: size,
  },
  {
    flags: "--max-cost <usd>",
    text: "most one action may cost; more is refused as absurd",
    fallback: 100_000_000,
    shown: "100.00",
    parse: usd,
  },
  {
    flags: "--rate <count>",
    text: "requests a second per caller; 0 is no limit",
    fallback: 5_000,
    parse: whole(0, 1_000_000),
  },
  {
    flags: "--max-in-flight <count>",
    text: "requests at once before new ones are turned away",
    fallback: 1_024,
    parse: whole(1, 100_000),
  },
  {
    flags: "--reload <duration>",
    text: "how often policy files are looked at",
    fallback: 1_000,
    shown: "1s",
    parse: duration,
  },
  {
    flags: "--drain <duration>",
    text: "how long a stop waits for requests in flight",
    fallback: 10_000,
    shown: "10s",
    parse: duration,
  },
];

export function addServeOptions(command: Command): Command {
  for (const { flags, text, fallback, shown, parse: parser, choices } of settings) {
    const option = new Option(flags, text).env(envName(flags));
    if (choices !== undefined) option.choices([...choices]);
    if (fallback !== undefined) option.default(fallback, shown);
    if (parser !== undefined) option.argParser(parser);
    command.addOption(option);
  }
  return command.option(
    "-c, --config <file>",
    "YAML file with any of these settings; flags come first, then RUNLOG_* variables, then the file",
  );
}

function envName(flags: string): string {
  return `RUNLOG_${longName(flags).slice(2).replaceAll("-", "_").toUpperCase()}`;
}

function longName(flags: string): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? "";
}

/** Fills in from `--config` what neither flag nor environment has set. Throws RL_CONFIG naming the file and the key. */
export async function applyConfigFile(command: Command, file: string): Promise<void> {
  let given: unknown;
  try {
    given = parse(await readFile(file, "utf8"), { maxAliasCount: 0 });
  } catch (error) {
    throw new RunlogError("RL_CONFIG", `${file}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new RunlogError("RL_CONFIG", `${file}: expected a map of settings`);
  }
  for (const [key, value] of Object.entries(given)) setFromFile(command, file, key, value);
}

function setFromFile(command: Command, file: string, key: string, value: unknown): void {
  const option = command.options.find((one) => one.attributeName() === key);
  if (option === undefined || key === "config") {
    const known = command.options
      .map((one) => one.attributeName())
      .filter((name) => name !== "config" && name !== "help");
    throw new RunlogError("RL_CONFIG", `${file}: there is no setting ${key}; known are ${known.join(", ")}`);
  }
  const source = command.getOptionValueSource(key);
  if (source === "cli" || source === "env") return;
  if (option.argChoices !== undefined && !option.argChoices.includes(String(value))) {
    throw new RunlogError("RL_CONFIG", `${file}: ${key}: expected one of ${option.argChoices.join(", ")}`);
  }
  command.setOptionValueWithSource(key, fromFile(option, value, `${file}: ${key}`), "config");
}

function fromFile(option: Option, value: unknown, place: string): unknown {
  if (option.variadic || Array.isArray(value) || (typeof value === "object" && value !== null)) return value;
  const parser = settings.find((one) => longName(one.flags) === option.long)?.parse;
  if (parser === undefined) return String(value);
  try {
    return parser(String(value));
  } catch (error) {
    throw new RunlogError("RL_CONFIG", `${place}: ${messageOf(error)}`, { cause: error });
  }
}

function whole(min: number, max: number): Parse {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw usage(`expected a whole number from ${min} to ${max}, not ${text}`);
    return value;
  };
}

function boolean(text: string): boolean {
  if (text !== "true" && text !== "false") throw usage(`expected true or false, not ${text}`);
  return text === "true";
}

function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined || value === 0) throw usage(`expected a duration such as 30s, 10m or 7d, not ${text}`);
  return value;
}

const units = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

function size(text: string): number {
  const match = /^(\d{1,9})(KiB|MiB|GiB)$/.exec(text);
  if (match === null) throw usage(`expected a size such as 500MiB or 2GiB, not ${text}`);
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

function usd(text: string): number {
  return parseUsd(text, "--max-cost");
}

function usage(message: string): RunlogError {
  return new RunlogError("RL_CONFIG", message);
}
