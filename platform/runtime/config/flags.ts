import { closest } from "#api";
import { parseArgs } from "node:util";
import type { Described, Given, Reading } from "./sources.ts";

/** Reads the command line. Everything after `--`, and what is no flag, is positional. */
export function readFlags(
  args: readonly string[],
  settings: readonly Described[],
): Reading & { readonly positionals: readonly string[] } {
  const walk = new FlagWalk(settings);
  const options = Object.fromEntries(
    settings.map(({ flag, shape, short }) => [
      flag,
      {
        type: shape === "boolean" ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  // Not strict: the messages are ours, and all of them come at once.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") walk.positionals.push(token.value);
    else if (token.kind === "option") walk.option(token.name, token.rawName, token.value);
  }
  return { given: [...walk.found.values()], problems: walk.problems, positionals: walk.positionals };
}

class FlagWalk {
  readonly found = new Map<string, Given>();
  readonly problems: { path: string; message: string }[] = [];
  readonly positionals: string[] = [];
  readonly #byFlag: ReadonlyMap<string, Described>;

  constructor(settings: readonly Described[]) {
    this.#byFlag = new Map(settings.map((setting) => [setting.flag, setting]));
  }

  option(name: string, raw: string, value: string | undefined): void {
    const negated = name.startsWith("no-") ? this.#byFlag.get(name.slice(3)) : undefined;
    const setting = this.#byFlag.get(name) ?? (negated?.shape === "boolean" ? negated : undefined);
    if (setting === undefined) {
      const meant = closest(name, [...this.#byFlag.keys()]);
      this.#problem(raw, `unknown flag${meant === undefined ? "" : `; did you mean --${meant}?`}`);
    } else if (setting.shape === "boolean") this.#boolean(setting, raw, value);
    else if (value === undefined || value.startsWith("--")) this.#problem(raw, "needs a value");
    else this.#text(setting, raw, value);
  }

  #boolean(setting: Described, raw: string, value: string | undefined): void {
    const given = raw.startsWith("--no-") && !setting.flag.startsWith("no-") ? "false" : (value ?? "true");
    this.#once(setting, raw, given);
  }

  #text(setting: Described, raw: string, value: string): void {
    if (setting.shape !== "list") return this.#once(setting, raw, value);
    const before = this.found.get(setting.key)?.value as readonly string[] | undefined;
    this.found.set(setting.key, { key: setting.key, value: [...(before ?? []), value], where: raw });
  }

  #once(setting: Described, raw: string, value: string): void {
    if (this.found.has(setting.key)) this.#problem(raw, "is given twice");
    else this.found.set(setting.key, { key: setting.key, value, where: raw });
  }

  #problem(raw: string, message: string): void {
    this.problems.push({ path: raw, message: `${raw}: ${message}` });
  }
}
