import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { digestOfText, isRunlogError, messageOf, RunlogError } from "#api";
import { checkText, type CheckedPolicy } from "./check.ts";
import { hasErrors, type Finding } from "./finding.ts";
import type { AppliedChange, PolicyChange, PolicySet } from "./policy-set.ts";

/** Files one `--policies` folder may hold, however deep. */
const MAX_FILES = 2_000;
const POLICY_FILE = /\.(ya?ml|json)$/i;
/** A file that changed within so many milliseconds before it was read is read once more: file systems stamp changes in coarse ticks. */
const TICK_MS = 2_000;

export interface PolicyFile {
  readonly path: string;
  readonly digest: string;
  readonly policies: readonly CheckedPolicy[];
  readonly findings: readonly Finding[];
}

/** Every policy file under the paths, sorted; a path that is a file counts whatever its ending. Throws RL_FILE_UNREADABLE. */
export async function listPolicyFiles(
  paths: readonly string[],
  list: (path: string) => Promise<readonly string[]> = filesUnder,
): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of paths) {
    for (const file of await list(path)) files.add(file);
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
    .filter((entry) => !entry.isDirectory() && POLICY_FILE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !isHidden(relative(path, file)));
}

/** Editors' swap files and the `..data` folders of mounted ConfigMaps are not policies; the links beside them are. */
function isHidden(inside: string): boolean {
  return inside.split(sep).some((part) => part.startsWith("."));
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${path}: ${messageOf(error)}`, { path, cause: error });
  }
}

type ReadOptions = Omit<Parameters<typeof checkText>[1], "file">;

/** Reads and checks one file. Throws RL_FILE_UNREADABLE; whatever is wrong inside is a finding. */
export async function readPolicyFile(path: string, options: ReadOptions): Promise<PolicyFile> {
  const bytes = await readable(path, () => readFile(path));
  return checkBytes(path, bytes, digestOfBytes(bytes), options);
}

function digestOfBytes(bytes: Buffer): string {
  return digestOfText(bytes.toString("latin1"));
}

function checkBytes(path: string, bytes: Buffer, digest: string, options: ReadOptions): PolicyFile {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const place = { file: path, line: 1, column: 1, field: "" };
    const finding = { severity: "error", code: "not-utf8", ...place, message: "not valid UTF-8" } as const;
    return { path, digest, policies: [], findings: [finding] };
  }
  return { path, digest, ...checkText(text, { file: path, ...options }) };
}

/** What a file system says of a file's version, and whether that can still be trusted to change with the content. */
interface Stamp {
  readonly text: string;
  readonly settled: boolean;
}

async function stampOf(path: string, now: number): Promise<Stamp> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await readable(path, () => stat(path, { bigint: true }));
  const newest = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
  return { text: [dev, ino, size, mtimeNs, ctimeNs].join(" "), settled: now - newest >= TICK_MS };
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
  readonly #now: () => number;
  readonly #listed = new Map<string, readonly string[]>();
  readonly #stamps = new Map<string, Stamp>();
  #files = new Map<string, PolicyFile>();
  #owners = new Map<string, string>();
  #busy: Promise<Reload> | undefined;

  constructor(options: {
    readonly paths: readonly string[];
    readonly set: PolicySet;
    readonly defaultNamespace: string;
    /** Milliseconds since the epoch by the clock that stamps files. */
    readonly now: () => number;
  }) {
    this.#paths = options.paths;
    this.#set = options.set;
    this.#namespace = options.defaultNamespace;
    this.#now = options.now;
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
    const changed = new Set<PolicyFile>();
    for (const path of await listPolicyFiles(this.#paths, (path) => this.#list(path))) {
      const before = this.#files.get(path);
      const file = await this.#read(path, before);
      next.set(path, file);
      if (file !== before) changed.add(file);
    }
    const gone = [...this.#files.keys()].filter((path) => !next.has(path));
    for (const path of gone) this.#stamps.delete(path);
    if (changed.size === 0 && gone.length === 0) return { changed: false, applied: undefined, findings: [] };
    const before = this.#owners;
    this.#files = next;
    this.#owners = this.#findOwners();
    const findings = [
      ...[...changed].flatMap((file) => [...file.findings, ...file.policies.flatMap((one) => one.findings)]),
      ...this.#clashes(),
    ];
    return { changed: true, applied: this.#set.apply(this.#change(changed, before)), findings };
  }

  /** The files of a path that cannot be looked at any more are those it had: they count as broken, not as gone. */
  async #list(path: string): Promise<readonly string[]> {
    try {
      const files = await filesUnder(path);
      this.#listed.set(path, files);
      return files;
    } catch (error) {
      const known = this.#listed.get(path);
      if (known === undefined) throw error;
      return known;
    }
  }

  /** The same object as before when nothing changed. A file that cannot be read right now counts as broken, not as gone. */
  async #read(path: string, before: PolicyFile | undefined): Promise<PolicyFile> {
    try {
      const stamp = await stampOf(path, this.#now());
      const known = this.#stamps.get(path);
      if (before !== undefined && known?.settled === true && known.text === stamp.text) return before;
      const bytes = await readable(path, () => readFile(path));
      this.#stamps.set(path, stamp);
      return this.#check(path, bytes, before);
    } catch (error) {
      if (!isRunlogError(error)) throw error;
      this.#stamps.delete(path);
      return unreadable(path, error.message, before);
    }
  }

  #check(path: string, bytes: Buffer, before: PolicyFile | undefined): PolicyFile {
    const digest = digestOfBytes(bytes);
    if (digest === before?.digest) return before;
    const generation = this.#set.nextGeneration.bind(this.#set);
    const { interner, hash } = this.#set;
    return checkBytes(path, bytes, digest, { defaultNamespace: this.#namespace, generation, interner, hash });
  }

  /**
   * The file that each policy comes from: the first in order that holds it. While a file has an error, nothing of it goes:
   * a typo in a name or kind must not remove a policy, nor let another file's policy of that name take its place.
   */
  #findOwners(): Map<string, string> {
    const owners = new Map<string, string>();
    for (const [path, file] of this.#files) {
      const broken = hasErrors(file.findings) || file.policies.some((policy) => policy.compiled === undefined);
      const held = broken ? this.#set.entries().filter((entry) => entry.source === path) : [];
      for (const { key } of [...file.policies, ...held]) if (!owners.has(key)) owners.set(key, path);
    }
    return owners;
  }

  #change(changed: ReadonlySet<PolicyFile>, before: ReadonlyMap<string, string>): PolicyChange {
    const set: PolicyChange["set"][number][] = [];
    for (const file of this.#files.values()) {
      for (const policy of firstByKey(file.policies)) {
        const owner = this.#owners.get(policy.key);
        if (owner === file.path && (changed.has(file) || before.get(policy.key) !== owner))
          set.push({ ...policy, source: file.path });
      }
    }
    const entries = this.#set.entries();
    const given = new Set(set.map((policy) => policy.key));
    const stale = [...changed].flatMap((file) =>
      entries
        .filter(({ key }) => this.#owners.get(key) === file.path && !given.has(key))
        .map(({ key }) => ({ key, findings: errorsOf(file) })),
    );
    const known = new Set([...before.keys(), ...entries.map((entry) => entry.key)]);
    return { set, stale, remove: [...known].filter((key) => !this.#owners.has(key)) };
  }

  #clashes(): Finding[] {
    const findings: Finding[] = [];
    for (const file of this.#files.values()) {
      const used = new Set(firstByKey(file.policies).filter(({ key }) => this.#owners.get(key) === file.path));
      for (const policy of file.policies) {
        if (used.has(policy)) continue;
        const { key } = policy;
        findings.push({
          severity: "error",
          code: "duplicate-policy",
          file: file.path,
          field: "metadata.name",
          message: `${key} stands in ${this.#owners.get(key) ?? "another file"} already; this one is ignored`,
          suggestion: "give it another name",
          policy: key,
        });
      }
    }
    return findings;
  }
}

function unreadable(path: string, message: string, before: PolicyFile | undefined): PolicyFile {
  const digest = `unreadable ${message}`;
  if (digest === before?.digest) return before;
  const finding = { severity: "error", code: "unreadable", file: path, field: "", message } as const;
  return { path, digest, policies: [], findings: [finding] };
}

function firstByKey(policies: readonly CheckedPolicy[]): readonly CheckedPolicy[] {
  const seen = new Set<string>();
  return policies.filter(({ key }) => !seen.has(key) && seen.add(key));
}

function errorsOf(file: PolicyFile): readonly Finding[] {
  const all = [...file.findings, ...file.policies.flatMap((policy) => policy.findings)];
  return all.filter((finding) => finding.severity === "error");
}
