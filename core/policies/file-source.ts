import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestOfText, isRunlogError, messageOf, RunlogError } from "#api";
import { checkText, type CheckedPolicy } from "./check.ts";
import { hasErrors, type Finding } from "./finding.ts";
import type { AppliedChange, PolicySet } from "./policy-set.ts";

/** Files one `--policies` folder may hold, however deep. */
const MAX_FILES = 2_000;
const POLICY_FILE = /\.(ya?ml|json)$/i;

export interface PolicyFile {
  readonly path: string;
  readonly digest: string;
  readonly policies: readonly CheckedPolicy[];
  readonly findings: readonly Finding[];
}

/** Every policy file under the paths, sorted; a path that is a file counts whatever its ending. Throws RL_FILE_UNREADABLE. */
export async function listPolicyFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of paths) {
    for (const file of await filesUnder(path)) files.add(file);
    if (files.size > MAX_FILES)
      throw new RunlogError("RL_FILE_UNREADABLE", `${path}: more than ${MAX_FILES} policy files`, { path });
  }
  return [...files].sort();
}

async function filesUnder(path: string): Promise<readonly string[]> {
  const info = await readable(path, () => stat(path));
  if (!info.isDirectory()) return [path];
  const entries = await readable(path, () => readdir(path, { recursive: true, withFileTypes: true }));
  return entries
    .filter(
      (entry) => !entry.isDirectory() && POLICY_FILE.test(entry.name) && !isHidden(path, entry.parentPath, entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Editors' swap files and the `..data` folders of mounted ConfigMaps are not policies; the links beside them are. */
function isHidden(root: string, parent: string, name: string): boolean {
  return (
    name.startsWith(".") ||
    parent
      .slice(root.length)
      .split(/[/\\]/)
      .some((part) => part.startsWith("."))
  );
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${path}: ${messageOf(error)}`, { path, cause: error });
  }
}

/** Reads and checks one file. Throws RL_FILE_UNREADABLE; whatever is wrong inside is a finding. */
export async function readPolicyFile(
  path: string,
  options: Omit<Parameters<typeof checkText>[1], "file">,
): Promise<PolicyFile> {
  const bytes = await readable(path, () => readFile(path));
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const finding = {
      severity: "error",
      code: "not-utf8",
      file: path,
      line: 1,
      column: 1,
      field: "",
      message: "not valid UTF-8",
    } as const;
    return { path, digest: digestOfText(bytes.toString("latin1")), policies: [], findings: [finding] };
  }
  return { path, digest: digestOfText(text), ...checkText(text, { file: path, ...options }) };
}

export interface Reload {
  readonly changed: boolean;
  readonly applied: AppliedChange | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Keeps a policy set in step with files. `reload` reads what changed since the last time and applies it in one step:
 * a file that became unreadable or invalid keeps the last good version of each of its policies.
 */
export class FileSource {
  readonly #paths: readonly string[];
  readonly #set: PolicySet;
  readonly #namespace: string;
  #files = new Map<string, PolicyFile>();
  #busy: Promise<Reload> | undefined;

  constructor(options: {
    readonly paths: readonly string[];
    readonly set: PolicySet;
    readonly defaultNamespace: string;
  }) {
    this.#paths = options.paths;
    this.#set = options.set;
    this.#namespace = options.defaultNamespace;
  }

  get files(): readonly PolicyFile[] {
    return [...this.#files.values()];
  }

  /** One reload at a time; a call meanwhile gets the running one. */
  reload(): Promise<Reload> {
    this.#busy ??= this.#reload().finally(() => {
      this.#busy = undefined;
    });
    return this.#busy;
  }

  async #reload(): Promise<Reload> {
    const next = new Map<string, PolicyFile>();
    const changed: PolicyFile[] = [];
    for (const path of await listPolicyFiles(this.#paths)) {
      const before = this.#files.get(path);
      const file = await this.#read(path, before);
      next.set(path, file);
      if (file.digest !== before?.digest) changed.push(file);
    }
    const gone = [...this.#files.keys()].filter((path) => !next.has(path));
    if (changed.length === 0 && gone.length === 0) return { changed: false, applied: undefined, findings: [] };
    const before = this.#files;
    this.#files = next;
    const findings = [
      ...changed.flatMap((file) => [...file.findings, ...file.policies.flatMap((one) => one.findings)]),
      ...this.#clashes(),
    ];
    const applied = this.#set.apply({ set: this.#toSet(changed), remove: this.#toRemove(before) });
    return { changed: true, applied, findings };
  }

  /** A file that cannot be read right now counts as broken, not as gone. */
  async #read(path: string, before: PolicyFile | undefined): Promise<PolicyFile> {
    const options = { defaultNamespace: this.#namespace, generation: this.#set.nextGeneration.bind(this.#set) };
    try {
      return await readPolicyFile(path, options);
    } catch (error) {
      if (!isRunlogError(error)) throw error;
      const finding = { severity: "error", code: "unreadable", file: path, field: "", message: error.message } as const;
      return { path, digest: `unreadable ${error.message}`, policies: before?.policies ?? [], findings: [finding] };
    }
  }

  #toSet(changed: readonly PolicyFile[]): (CheckedPolicy & { source: string })[] {
    return changed.flatMap((file) =>
      file.policies
        .filter((policy) => this.#owner(policy.key) === file.path)
        .map((policy) => ({ ...policy, source: file.path })),
    );
  }

  /** Policies that no file holds any more. While a file has an error, nothing of it goes: a typo in a name or kind must not remove a policy. */
  #toRemove(before: ReadonlyMap<string, PolicyFile>): string[] {
    const kept = new Set<string>();
    const broken = new Set<string>();
    for (const [path, file] of this.#files) {
      for (const policy of file.policies) kept.add(policy.key);
      if (hasErrors(file.findings) || file.policies.some((policy) => policy.compiled === undefined)) broken.add(path);
    }
    for (const entry of this.#set.entries()) if (broken.has(entry.source)) kept.add(entry.key);
    const known = new Set([...before.values()].flatMap((file) => file.policies.map((policy) => policy.key)));
    for (const entry of this.#set.entries()) known.add(entry.key);
    return [...known].filter((key) => !kept.has(key));
  }

  /** The file that a policy comes from: the first in order that holds it. */
  #owner(key: string): string | undefined {
    for (const file of this.#files.values()) if (file.policies.some((policy) => policy.key === key)) return file.path;
    return undefined;
  }

  #clashes(): Finding[] {
    const first = new Map<string, string>();
    const findings: Finding[] = [];
    for (const file of this.#files.values()) {
      for (const { key } of file.policies) {
        const other = first.get(key);
        if (other === undefined) first.set(key, file.path);
        else {
          const message = `${key} stands in ${other} already; this one is ignored`;
          findings.push({
            severity: "error",
            code: "duplicate-policy",
            file: file.path,
            field: "metadata.name",
            message,
            suggestion: "give it another name",
            policy: key,
          });
        }
      }
    }
    return findings;
  }
}
