import { readFileSync } from "node:fs";
import { messageOf, RunlogError, type FieldError } from "#api";
import { readFlags } from "./flags.ts";
import { envOf, flagOf, isReservedVariable } from "./names.ts";
import type { Setting } from "./settings.ts";
import { readEnv, readYaml, unknownVariables, type Described, type Given, type Reading } from "./sources.ts";

/** Keys are dotted paths of the YAML file: `runLog.durability`. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

export type Values<T extends SettingTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

export interface ConfigSources {
  /** The command line behind the command's name. */
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface LoadedConfig<T extends SettingTable> {
  readonly values: Values<T>;
  /** Where each value is from: a flag, a variable, file:line:column, or `default`. */
  readonly sources: Readonly<Record<keyof T, string>>;
  readonly positionals: readonly string[];
  /** RUNLOG_… variables that are no setting, for a warning. */
  readonly unknownVariables: readonly string[];
}

/** A setting as help and reference show it. */
export interface SettingDescription extends Described {
  readonly help: string;
  readonly accepts: string;
  readonly unit: string | undefined;
  readonly default: string | undefined;
}

export interface Config<T extends SettingTable> {
  /**
   * Flags win over RUNLOG_… variables, these over the YAML file of `--config` (or RUNLOG_CONFIG), that over the defaults.
   * Throws RL_CONFIG that names every fault at once: the source, what is wrong, what would be right. Nothing is half-applied.
   */
  load(sources: ConfigSources): LoadedConfig<T>;
  describe(): readonly SettingDescription[];
}

const FILE_KEY = "config";

/** Describes a program's configuration once; flags, variables, file, help and reference come from the table. */
export function defineConfig<T extends SettingTable>(table: T): Config<T> {
  const settings = describeAll(table);
  const file: Described = { key: FILE_KEY, flag: FILE_KEY, env: envOf(FILE_KEY), short: undefined, shape: "one" };
  refuseClashes([...settings, file]);
  return {
    describe: () => settings,
    load(sources) {
      const env = sources.env ?? {};
      const flags = readFlags(sources.args ?? [], [...settings, file]);
      const variables = readEnv(env, [...settings, file]);
      const path = pick(FILE_KEY, flags, variables);
      const yaml = path === undefined ? { given: [], problems: [] } : readFile(path, settings);
      const problems = [...flags.problems, ...yaml.problems];
      const readings = [flags, variables, yaml];
      const entries = settings.map((setting) => ({ setting, ...resolve(table, setting, readings, problems) }));
      if (problems.length > 0) throw configError(problems);
      return {
        values: Object.fromEntries(entries.map(({ setting, value }) => [setting.key, value])) as Values<T>,
        sources: Object.fromEntries(entries.map(({ setting, where }) => [setting.key, where])) as Record<
          keyof T,
          string
        >,
        positionals: flags.positionals,
        unknownVariables: unknownVariables(env, new Set([...settings, file].map((one) => one.env))),
      };
    },
  };
}

function describeAll(table: SettingTable): readonly SettingDescription[] {
  return Object.entries(table).map(([key, setting]) => ({
    key,
    flag: flagOf(key),
    env: setting.env ?? envOf(key),
    short: setting.short,
    shape: setting.shape,
    help: setting.help,
    accepts: setting.accepts,
    unit: setting.unit,
    default: setting.secret === true ? undefined : setting.written,
  }));
}

/** A mistake in the table is a mistake in the program: found by the first test that loads it. */
function refuseClashes(settings: readonly Described[]): void {
  const seen = new Set<string>();
  for (const { key, flag, env, short } of settings) {
    if (isReservedVariable(env)) {
      throw new RunlogError(
        "RL_INTERNAL",
        `${env} is what Kubernetes sets for a Service named runlog: give ${key} another env`,
      );
    }
    for (const name of [`--${flag}`, env, ...(short === undefined ? [] : [`-${short}`])]) {
      if (seen.has(name)) throw new RunlogError("RL_INTERNAL", `two settings are called ${name}`);
      seen.add(name);
    }
  }
}

function pick(key: string, ...readings: readonly Reading[]): Given | undefined {
  return readings.flatMap(({ given }) => given).find((one) => one.key === key);
}

function readFile({ value, where }: Given, settings: readonly Described[]): Reading {
  const path = String(value);
  try {
    return readYaml(path, readFileSync(path, "utf8"), settings);
  } catch (error) {
    return { given: [], problems: [{ path: where, message: `${where}: ${messageOf(error)}` }] };
  }
}

function resolve(
  table: SettingTable,
  { key }: Described,
  readings: readonly Reading[],
  problems: FieldError[],
): { value: unknown; where: string } {
  const setting = table[key] as Setting<unknown>;
  const found = pick(key, ...readings);
  if (found === undefined) return { value: setting.default, where: "default" };
  const { where } = found;
  const parsed = setting.schema.safeParse(found.value);
  if (parsed.success) return { value: parsed.data, where };
  const shown = setting.secret === true ? "" : `, not ${show(found.value)}`;
  problems.push({ path: where, message: `${where}: ${key} expects ${setting.accepts}${shown}` });
  return { value: setting.default, where };
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function configError(problems: readonly FieldError[]): RunlogError {
  return new RunlogError("RL_CONFIG", problems.map(({ message }) => message).join("\n"), { errors: [...problems] });
}
