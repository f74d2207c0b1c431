import {
  booleanSetting,
  bytesSetting,
  choiceSetting,
  defineConfig,
  durationSetting,
  helpText,
  integerSetting,
  listSetting,
  textSetting,
  usdSetting,
  type Values,
} from "#runtime";
import { RunlogError } from "#api";
import { argsForms } from "#runlog";
import { logLevels } from "#telemetry";

const optionalText = (help: string) => textSetting({ help, default: undefined, accepts: "a path" });

/** One table for flags, RUNLOG_* variables, the YAML file of --config, help and reference. */
const table = {
  policies: listSetting({ help: "policy file or folder; repeatable", default: [], short: "p" }),
  host: textSetting({ help: "address to listen on; beyond this machine only with --tokens", default: "127.0.0.1" }),
  // RUNLOG_PORT is what Kubernetes sets in every pod beside a Service named runlog.
  port: integerSetting({
    help: "port to listen on; 0 takes a free one",
    default: 8181,
    min: 0,
    max: 65_535,
    env: "RUNLOG_LISTEN_PORT",
  }),
  state: textSetting({ help: "folder of the run log, the approvals and the approver token", default: ".runlog" }),
  namespace: textSetting({
    help: "namespace of callers without a token, and of policies that name none",
    default: "default",
    short: "n",
  }),
  serviceAccount: textSetting({ help: "ServiceAccount of callers without a token", default: "local" }),
  labels: listSetting({ help: "KEY=VALUE, a label of callers without a token; repeatable", default: [], short: "l" }),
  tokens: optionalText("YAML file of the agents' bearer tokens; without it every local caller is one agent"),
  approvers: optionalText("YAML file of the approvers' tokens; without it one token is written to the state folder"),
  pricing: optionalText("YAML file of model prices"),
  "detection.hashKeyFile": optionalText("file with the key of `redact … as: hash`, at least 16 bytes"),
  "tls.cert": optionalText("certificate chain (PEM); reloaded when it changes"),
  "tls.key": optionalText("private key (PEM)"),
  log: choiceSetting({ help: "how to print decisions", default: "pretty", choices: ["pretty", "json"] }),
  logLevel: choiceSetting({ help: "least level of the server's own log", default: "info", choices: logLevels }),
  "runLog.storeArgs": choiceSetting({
    help: "how arguments are kept in the run log",
    default: "full",
    choices: argsForms,
  }),
  "runLog.durability": choiceSetting({
    help: "what an answer survives: buffered (a crash may lose 50 ms), committed (kill -9), synced (power loss)",
    default: "committed",
    choices: ["buffered", "committed", "synced"],
  }),
  "runLog.required": booleanSetting({ help: "refuse to decide while records cannot be written", default: true }),
  "runLog.retention": durationSetting({ help: "how long records are kept", default: "30d", min: 60_000 }),
  "runLog.maxSize": bytesSetting({ help: "most the run log may take", default: "2GiB", min: 1_048_576 }),
  "runs.idleTimeout": durationSetting({ help: "an idle run ends after this", default: "24h", min: 1_000 }),
  "runs.maxActivePerAgent": integerSetting({
    help: "active runs of one agent",
    default: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  "limits.maxCostUsd": usdSetting({ help: "most one action may cost; more is refused as absurd", default: "100.00" }),
  "limits.rate": integerSetting({
    help: "requests a second per caller; 0 is no limit",
    default: 5_000,
    min: 0,
    max: 1_000_000,
  }),
  "limits.maxInFlight": integerSetting({
    help: "requests at once before new ones are turned away",
    default: 1_024,
    min: 1,
    max: 100_000,
  }),
  reload: durationSetting({ help: "how often policy files are looked at", default: "1s", min: 10 }),
  drain: durationSetting({ help: "how long a stop waits for requests in flight", default: "10s", min: 0 }),
};

export const serveConfig = defineConfig(table);

/** Everything `serve` can be told; keys are those of the file. */
export type ServeSettings = Omit<Values<typeof table>, "labels"> & {
  readonly labels: Readonly<Record<string, string>>;
};

export interface LoadedSettings {
  readonly settings: ServeSettings;
  /** RUNLOG_ variables that mean nothing: a misspelt setting, most likely. */
  readonly unknownVariables: readonly string[];
}

/** Flags come first, then RUNLOG_* variables, then the file of --config. Throws RL_CONFIG or RL_USAGE. */
export function loadServeSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): LoadedSettings {
  const { values, positionals, unknownVariables } = serveConfig.load({ args, env });
  if (positionals.length > 0)
    throw new RunlogError(
      "RL_USAGE",
      `serve takes no argument ${positionals[0]}; did you mean --policies ${positionals[0]}?`,
    );
  if (values.policies.length === 0)
    throw new RunlogError("RL_USAGE", "say which policies to serve: --policies FILE or FOLDER");
  return { settings: { ...values, labels: Object.fromEntries(values.labels.map(labelOf)) }, unknownVariables };
}

function labelOf(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new RunlogError("RL_USAGE", `--labels ${text}: expected KEY=VALUE`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

export function serveHelp(): string {
  return `Usage: runlog serve --policies PATH [settings]

Run a decision point on this machine: policies from files, everything else embedded.

Settings (a flag, else the variable, else the key in the file of --config):

${helpText(serveConfig.describe())}

Examples:
  runlog serve --policies policies/
  runlog serve --config runlog.yaml --log json
`;
}
