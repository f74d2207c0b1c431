import { closest } from "#api";
import { isMap, isScalar, LineCounter, parseDocument, type Node, type Pair, type YAMLMap } from "yaml";
import { ENV_PREFIX, isServiceVariable } from "./names.ts";

/** A value as one source gives it, and where, for messages: `--port`, `RUNLOG_STATE`, `runlog.yaml:3:7`. */
export interface Given {
  readonly key: string;
  readonly value: unknown;
  readonly where: string;
}

export interface Described {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly short: string | undefined;
  readonly shape: "one" | "list" | "boolean";
}

/** What a source had to say, and what was wrong with it. */
export interface Reading {
  readonly given: readonly Given[];
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

export function readEnv(env: Readonly<Record<string, string | undefined>>, settings: readonly Described[]): Reading {
  const given: Given[] = [];
  for (const { key, env: name, shape } of settings) {
    const text = env[name];
    if (text === undefined || text === "") continue;
    const value = shape === "list" ? text.split(",").map((part) => part.trim()) : text;
    given.push({ key, value, where: name });
  }
  return { given, problems: [] };
}

/** Names that look like settings and are none: for a warning, since other programs may share the prefix. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): readonly string[] {
  return Object.keys(env).filter((name) => name.startsWith(ENV_PREFIX) && !known.has(name) && !isServiceVariable(name));
}

const MAX_FILE = 1_048_576;

/** YAML, nested by the dots of the keys. Unknown keys are errors, for a misspelt one would be a setting that never applies. */
export function readYaml(file: string, text: string, settings: readonly Described[]): Reading {
  if (text.length > MAX_FILE) return { given: [], problems: [{ path: file, message: `${file}: larger than 1 MiB` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (node: Node | null | undefined): string => {
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      const where = `${file}:${line}:${col}`;
      return { path: where, message: `${where}: ${message.split("\n")[0]?.replace(/ at line.*$/, "") ?? "not YAML"}` };
    });
    return { given: [], problems };
  }
  if (document.contents === null) return { given: [], problems: [] };
  if (!isMap(document.contents)) {
    return { given: [], problems: [{ path: file, message: `${file}: expected a map of settings` }] };
  }
  const walk = new YamlWalk(settings, at);
  walk.map(document.contents, "");
  return walk;
}

class YamlWalk implements Reading {
  readonly given: Given[] = [];
  readonly problems: { path: string; message: string }[] = [];
  readonly #keys: readonly string[];
  readonly #at: (node: Node | null | undefined) => string;

  constructor(settings: readonly Described[], at: (node: Node | null | undefined) => string) {
    this.#keys = settings.map(({ key }) => key);
    this.#at = at;
  }

  map(map: YAMLMap, prefix: string): void {
    for (const pair of map.items) this.#pair(pair as Pair<Node, Node | null>, prefix);
  }

  #pair({ key: name, value }: Pair<Node, Node | null>, prefix: string): void {
    const key = prefix + (isScalar(name) ? String(name.value) : "?");
    const where = this.#at(name);
    // `key:` with nothing behind it says nothing.
    const plain: unknown = value === null ? null : value.toJSON();
    if (this.#keys.includes(key)) {
      if (plain !== null) this.given.push({ key, value: plain, where });
      return;
    }
    const inner = this.#keys.filter((known) => known.startsWith(`${key}.`));
    if (inner.length === 0) this.#unknown(key, where);
    else if (isMap(value)) this.map(value, `${key}.`);
    else if (plain !== null) {
      this.problems.push({ path: where, message: `${where}: ${key} expects a map with ${inner.join(", ")}` });
    }
  }

  #unknown(key: string, where: string): void {
    const meant = closest(key, this.#keys);
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    this.problems.push({ path: where, message: `${where}: unknown setting ${key.slice(0, 80)}${hint}` });
  }
}
