import { parseDuration, parseUsd } from "#api";
import { z } from "zod";

/** One setting: what it means and what it accepts, for every source alike. */
export interface Setting<T> {
  /** Its value as the program uses it; throws or fails when a source gives something else. */
  readonly schema: z.ZodType<T>;
  /** One sentence for --help and the reference. */
  readonly help: string;
  /** What a person may write, as it continues "expected …". */
  readonly accepts: string;
  /** Unit of the value in the program: `ms`, `bytes`, … */
  readonly unit?: string | undefined;
  /** How it is written; shown in the help. Absent with `optional`. */
  readonly written?: string | undefined;
  readonly default: T;
  /** `list` may be repeated as a flag, is comma-separated in the environment; `boolean` needs no value. */
  readonly shape: "one" | "list" | "boolean";
  /** One letter for the flag. */
  readonly short?: string | undefined;
  /** Instead of RUNLOG_ and the key. */
  readonly env?: string | undefined;
  /** Never shown in help or messages. */
  readonly secret?: boolean | undefined;
}

interface About {
  readonly help: string;
  readonly short?: string | undefined;
  readonly env?: string | undefined;
  readonly secret?: boolean | undefined;
}
export interface With<T> extends About {
  readonly default: T;
}

export function textSetting<T extends string | undefined>(
  about: With<T> & { readonly accepts?: string | undefined },
): Setting<T | string> {
  const { accepts = "text", ...rest } = about;
  return { ...rest, accepts, shape: "one", schema: z.string().min(1).max(4_096), written: about.default };
}

export function choiceSetting<const C extends string>(about: With<C> & { readonly choices: readonly C[] }): Setting<C> {
  const { choices, ...rest } = about;
  return {
    ...rest,
    accepts: `one of ${choices.join(", ")}`,
    shape: "one",
    schema: z.enum(choices) as unknown as z.ZodType<C>,
    written: about.default,
  };
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export function integerSetting(about: With<number> & Range & { readonly unit?: string | undefined }): Setting<number> {
  const { min, max, ...rest } = about;
  return {
    ...rest,
    accepts: `a whole number from ${min} to ${max}`,
    shape: "one",
    schema: fromText(wholeNumber, z.int().min(min).max(max)),
    written: String(about.default),
  };
}

/** A flag: `--name`, `--no-name`; `true` or `false` elsewhere. */
export function booleanSetting(about: With<boolean>): Setting<boolean> {
  const truth = (text: string): unknown => (text === "true" ? true : text === "false" ? false : text);
  return {
    ...about,
    accepts: "true or false",
    shape: "boolean",
    schema: fromText(truth, z.boolean()),
    written: String(about.default),
  };
}

/** Milliseconds, written as `30s`, `10m`, `1h30m`. A bare number has no unit and is refused. */
export function durationSetting(about: About & { readonly default: string } & Partial<Range>): Setting<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = about;
  const schema = parsed(
    (value) => (typeof value === "string" ? parseDuration(value) : undefined),
    z.int().min(min).max(max),
  );
  return {
    ...about,
    accepts: `a duration such as 500ms, 30s or 1h30m${bounds(about, "ms")}`,
    unit: "ms",
    shape: "one",
    schema,
    written: about.default,
    default: schema.parse(about.default),
  };
}

/** Bytes, written as `1048576`, `64KiB`, `1MiB` or `2GiB`. */
export function bytesSetting(about: About & { readonly default: string } & Partial<Range>): Setting<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = about;
  const schema = fromText(parseBytes, z.int().min(min).max(max));
  return {
    ...about,
    accepts: `a size such as 1048576, 64KiB, 1MiB or 2GiB${bounds(about, "bytes")}`,
    unit: "bytes",
    shape: "one",
    schema,
    written: about.default,
    default: schema.parse(about.default),
  };
}

/** Micro-dollars, written as a decimal of USD. */
export function usdSetting(about: About & { readonly default: string }): Setting<number> {
  const schema = parsed((value) => parseUsd(value), z.int().min(0));
  return {
    ...about,
    accepts: 'an amount of USD such as "100.00"',
    unit: "micro-USD",
    shape: "one",
    schema,
    written: about.default,
    default: schema.parse(about.default),
  };
}

/** At most 1 000 entries. */
export function listSetting(
  about: With<readonly string[]> & { readonly accepts?: string },
): Setting<readonly string[]> {
  return {
    accepts: "a list of texts",
    ...about,
    shape: "list",
    schema: z.array(z.string().min(1).max(4_096)).max(1_000),
    written: about.default.join(","),
  };
}

function parsed<T>(parse: (value: unknown) => unknown, schema: z.ZodType<T>): z.ZodType<T> {
  return z.preprocess((value, context) => {
    try {
      return parse(value);
    } catch {
      context.addIssue({ code: "custom", message: "not understood" });
      return z.NEVER;
    }
  }, schema);
}

/** Text is parsed; what YAML already typed is taken as it is. */
function fromText<T>(parse: (text: string) => unknown, schema: z.ZodType<T>): z.ZodType<T> {
  return parsed((value) => (typeof value === "string" ? parse(value) : value), schema);
}

function wholeNumber(text: string): unknown {
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
}

const UNITS = { "": 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

function parseBytes(text: string): unknown {
  const match = /^(\d{1,16})(KiB|MiB|GiB)?$/.exec(text);
  return match === null ? text : Number(match[1]) * UNITS[(match[2] ?? "") as keyof typeof UNITS];
}

function bounds({ min, max }: Partial<Range>, unit: string): string {
  const parts = [min === undefined ? [] : [`at least ${min}`], max === undefined ? [] : [`at most ${max}`]].flat();
  return parts.length === 0 ? "" : `, ${parts.join(" and ")} ${unit}`;
}
