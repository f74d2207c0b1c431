import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decide, plan } from "#engine";
import { manualClock, type ManualClock } from "#runtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FileSource, listPolicyFiles, readPolicyFile, type Reload } from "./file-source.ts";
import { PolicySet } from "./policy-set.ts";

// The real file system, whose calls can be counted, and which can be told to stamp in coarse ticks.
vi.mock("node:fs/promises", { spy: true });

let folder: string;
let clock: ManualClock;
let set: PolicySet;
let source: FileSource;

const sourceOf = (...paths: string[]): FileSource =>
  new FileSource({ paths, set, defaultNamespace: "agents", now: () => clock.now() });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog-files-"));
  clock = manualClock(Date.now() + 60_000);
  set = new PolicySet({ now: () => clock.now() });
  source = sourceOf(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const write = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const plain = (tool: string, action = "deny"): string =>
  `policies: [{ id: a, when: { tool: ${tool} }, action: ${action} }]\n`;
const resource = (name: string, tool: string, kind = "AgentPolicy"): string =>
  `apiVersion: runlog.io/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: { rules: [{ id: a, when: { tool: ${tool} }, action: deny }] }\n`;

function denied(...tools: string[]): string[] {
  const subject = { namespace: "agents", serviceAccount: "bot", labels: {}, namespaceLabels: {} };
  const none = { agent: undefined, user: undefined, model: undefined, cost: 0, tokens: 0 };
  return tools.filter((tool) => {
    const planned = plan(set.index, { ...none, subject, action: "tool_call", tool, args: {}, now: 0 });
    return decide(planned, new Map()).decision === "deny";
  });
}
const states = (): Record<string, string> => Object.fromEntries(set.entries().map(({ key, state }) => [key, state]));
const codes = ({ findings }: Reload): string[] => findings.map((finding) => finding.code);

describe("what is read", () => {
  it("plain files and resources of both kinds, several to a file, in folders below", async () => {
    await write("team.yaml", plain("a"));
    await mkdir(join(folder, "below", "deep"), { recursive: true });
    await write("below/two.yml", `${resource("one", "b")}---\n${resource("two", "c", "ClusterAgentPolicy")}`);
    await write(
      "below/deep/three.json",
      JSON.stringify({ policies: [{ id: "a", when: { tool: "d" }, action: "deny" }] }),
    );
    await write("README.md", "not a policy");
    const { changed, findings, applied } = await source.reload();
    expect({ changed, findings }).toEqual({ changed: true, findings: [] });
    expect(applied?.accepted).toHaveLength(4);
    expect(states()).toEqual({
      "AgentPolicy/agents/one": "enforced",
      "AgentPolicy/agents/team": "enforced",
      "AgentPolicy/agents/three": "enforced",
      "ClusterAgentPolicy//two": "enforced",
    });
    expect(denied("a", "b", "c", "d", "e")).toEqual(["a", "b", "c", "d"]);
  });

  it("hidden files and folders are not, also below the folder one stands in", async () => {
    for (const name of [".git", "..2026_01_01", "seen"]) await mkdir(join(folder, name));
    const names = [".hidden.yaml", ".git/x.yaml", "..2026_01_01/y.yaml", "seen/.#z.yaml", "seen/w.yaml"];
    for (const name of names) await write(name, plain("a"));
    const found = join(folder, "seen/w.yaml");
    expect(await listPolicyFiles([folder])).toEqual([found]);
    expect(await listPolicyFiles([`${folder}/`])).toEqual([found]);
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await listPolicyFiles(["."])).toEqual(["seen/w.yaml"]);
      expect(await listPolicyFiles(["./seen"])).toEqual(["seen/w.yaml"]);
    } finally {
      process.chdir(before);
    }
  });

  it("a file that is named counts whatever its ending, and once however often it is named", async () => {
    const path = await write("policy.txt", plain("a"));
    const other = await write("b.yaml", plain("b"));
    expect(await listPolicyFiles([path, folder, other])).toEqual([other, path]);
  });

  it("a path that is not there is unreadable at the start", async () => {
    await expect(sourceOf(join(folder, "nowhere")).reload()).rejects.toMatchObject({ code: "RL_FILE_UNREADABLE" });
    await expect(readPolicyFile(join(folder, "nowhere"), { defaultNamespace: "x" })).rejects.toMatchObject({
      code: "RL_FILE_UNREADABLE",
    });
  });

  it("files share equal detectors, so that a value is scanned once however many policies ask", async () => {
    const asking = `policies: [{ id: a, when: { args.q: { contains_pii: true } }, action: deny }]\n`;
    await write("a.yaml", asking);
    await write("b.yaml", asking);
    await source.reload();
    const conditions = source.files.map((file) => file.policies[0]?.compiled?.rules[0]?.condition);
    const [first, second] = conditions.map((one) => (one?.kind === "test" ? one.operand : one));
    expect(first).toHaveProperty("detector");
    expect(second).toBe(first);
  });

  it("bytes that are no text are a finding", async () => {
    await writeFile(join(folder, "bin.yaml"), Buffer.from([0xff, 0xfe, 0x00]));
    expect(codes(await source.reload())).toEqual(["not-utf8"]);
  });
});

describe("a change", () => {
  it("nothing changed: nothing is applied", async () => {
    await write("p.yaml", plain("a"));
    await source.reload();
    const { index } = set;
    expect(await source.reload()).toEqual({ changed: false, applied: undefined, findings: [] });
    expect(set.index).toBe(index);
  });

  it("an edit, a new file and a deleted one come into force together", async () => {
    await write("p.yaml", plain("a"));
    const old = await write("old.yaml", plain("b"));
    await source.reload();
    await write("p.yaml", plain("c"));
    await write("new.yaml", plain("d"));
    await unlink(old);
    const { applied } = await source.reload();
    expect(applied?.accepted.map((one) => one.key)).toEqual(["AgentPolicy/agents/new", "AgentPolicy/agents/p"]);
    expect(applied?.removed).toEqual(["AgentPolicy/agents/old"]);
    expect(denied("a", "b", "c", "d")).toEqual(["c", "d"]);
    expect(set.get("AgentPolicy/agents/p")?.generation).toBe(2);
  });

  it("a comment is no new generation", async () => {
    await write("p.yaml", plain("a"));
    await source.reload();
    await write("p.yaml", `# why\n${plain("a")}`);
    const { changed, applied } = await source.reload();
    expect([changed, applied?.accepted]).toEqual([true, []]);
    expect(set.get("AgentPolicy/agents/p")?.generation).toBe(1);
  });

  it("a renamed file takes its plain policy with it; a resource that moves stays", async () => {
    const path = await write("p.yaml", plain("a"));
    const other = await write("r.yaml", resource("r", "b"));
    await source.reload();
    await rename(path, join(folder, "q.yaml"));
    await rename(other, join(folder, "s.yaml"));
    const { applied } = await source.reload();
    expect(applied?.removed).toEqual(["AgentPolicy/agents/p"]);
    expect(set.get("AgentPolicy/agents/r")).toMatchObject({ generation: 1, source: join(folder, "s.yaml") });
    expect(denied("a", "b")).toEqual(["a", "b"]);
  });

  it("calls at the same time share one reading", async () => {
    await write("p.yaml", plain("a"));
    const [one, two] = await Promise.all([source.reload(), source.reload()]);
    expect(one).toBe(two);
  });
});

describe("a broken edit never removes a policy", () => {
  it.each([
    ["a wrong action", plain("b", "blok")],
    ["a syntax error", "policies: ["],
    ["an empty file", ""],
    ["only a comment", "# later\n"],
    ["a typo in policies", "polices: [{ id: a, when: {}, action: deny }]\n"],
    ["a typo in the kind", resource("p", "b").replace("AgentPolicy", "AgentPolcy")],
    ["a typo in name", resource("p", "b").replace("name: p", "nam: p")],
    ["a typo in metadata", resource("p", "b").replace("metadata", "metadta")],
    ["another document that is broken", `${resource("q", "b")}---\n[1]\n`],
    ["bytes that are no text", "\ud800"],
    ["a list", "- 1\n"],
  ])("%s", async (_, text) => {
    await write("p.yaml", resource("p", "a"));
    await write("other.yaml", resource("other", "o"));
    await source.reload();
    await write("p.yaml", text === "\ud800" ? "" : text);
    if (text === "\ud800") await writeFile(join(folder, "p.yaml"), Buffer.from([0xc3]));
    const { findings, applied } = await source.reload();
    expect(findings.some((finding) => finding.severity === "error")).toBe(true);
    expect(applied?.removed).toEqual([]);
    expect(denied("a", "o")).toEqual(["a", "o"]);
    expect(set.get("AgentPolicy/agents/p")).toMatchObject({ state: "stale", source: join(folder, "p.yaml") });
    expect(set.get("AgentPolicy/agents/p")?.findings.length).toBeGreaterThan(0);
    await write("p.yaml", resource("p", "c"));
    await source.reload();
    expect(denied("a", "c", "o")).toEqual(["c", "o"]);
    expect(states()).toEqual({ "AgentPolicy/agents/other": "enforced", "AgentPolicy/agents/p": "enforced" });
  });

  it("of one document of a file leaves the others free to change", async () => {
    await write("p.yaml", `${resource("p", "a")}---\n${resource("q", "b")}`);
    await source.reload();
    await write("p.yaml", `${resource("p", "c").replace("deny", "blok")}---\n${resource("q", "d")}`);
    await source.reload();
    expect(denied("a", "b", "c", "d")).toEqual(["a", "d"]);
    expect(states()).toEqual({ "AgentPolicy/agents/p": "stale", "AgentPolicy/agents/q": "enforced" });
  });

  it("a file that nobody may read any more", async () => {
    const path = await write("p.yaml", plain("a"));
    await source.reload();
    await unlink(path);
    await mkdir(path);
    await rm(path, { recursive: true });
    await symlink(join(folder, "nowhere"), path);
    const reload = await source.reload();
    expect(codes(reload)).toEqual(["unreadable"]);
    expect(reload.applied?.rejected).toMatchObject([{ state: "stale" }]);
    expect(denied("a")).toEqual(["a"]);
    expect((await source.reload()).changed).toBe(false);
    await unlink(path);
    await writeFile(path, plain("a"));
    await source.reload();
    expect(states()).toEqual({ "AgentPolicy/agents/p": "enforced" });
  });

  it("a named file that is gone keeps its policy in force and stops nothing else", async () => {
    const [one, two] = [await write("one.yaml", plain("a")), await write("two.yaml", plain("b"))];
    source = sourceOf(one, two);
    await source.reload();
    await unlink(one);
    await write("two.yaml", plain("c"));
    expect(codes(await source.reload())).toEqual(["unreadable"]);
    expect(denied("a", "b", "c")).toEqual(["a", "c"]);
    expect(states()).toEqual({ "AgentPolicy/agents/one": "stale", "AgentPolicy/agents/two": "enforced" });
    await write("one.yaml", plain("d"));
    await source.reload();
    expect(denied("a", "c", "d")).toEqual(["c", "d"]);
  });

  it("a folder that is gone keeps its policies in force", async () => {
    await mkdir(join(folder, "in"));
    await write("in/p.yaml", plain("a"));
    source = sourceOf(join(folder, "in"));
    await source.reload();
    await rename(join(folder, "in"), join(folder, "out"));
    expect(codes(await source.reload())).toEqual(["unreadable"]);
    expect(denied("a")).toEqual(["a"]);
    await rename(join(folder, "out"), join(folder, "in"));
    await source.reload();
    expect(states()).toEqual({ "AgentPolicy/agents/p": "enforced" });
  });

  it("the last policy goes when its file is deleted, broken or not", async () => {
    const path = await write("p.yaml", plain("a"));
    await write("q.yaml", plain("b"));
    await source.reload();
    await write("p.yaml", "policies: [");
    await source.reload();
    await unlink(path);
    expect((await source.reload()).applied?.removed).toEqual(["AgentPolicy/agents/p"]);
    expect(denied("a", "b")).toEqual(["b"]);
  });
});

describe("the same policy in two places", () => {
  it("the first file in order counts, the other is reported, and takes over when the first goes", async () => {
    const first = await write("1.yaml", resource("p", "a"));
    await write("2.yaml", resource("p", "b"));
    const { findings } = await source.reload();
    expect(findings).toMatchObject([{ code: "duplicate-policy", file: join(folder, "2.yaml") }]);
    expect(denied("a", "b")).toEqual(["a"]);
    await write("2.yaml", resource("p", "c"));
    await source.reload();
    expect(denied("a", "b", "c")).toEqual(["a"]);
    await unlink(first);
    const after = await source.reload();
    expect(after.findings).toEqual([]);
    expect(denied("a", "b", "c")).toEqual(["c"]);
    expect(set.get("AgentPolicy/agents/p")).toMatchObject({ source: join(folder, "2.yaml"), generation: 2 });
  });

  it("a broken first file keeps its place", async () => {
    await write("1.yaml", resource("p", "a"));
    await write("2.yaml", resource("p", "b"));
    await source.reload();
    await write("1.yaml", "policies: [");
    await source.reload();
    await write("2.yaml", resource("p", "c"));
    await source.reload();
    expect(denied("a", "b", "c")).toEqual(["a"]);
    expect(states()).toEqual({ "AgentPolicy/agents/p": "stale" });
  });

  it("a file that comes earlier in order takes the policy over", async () => {
    await write("2.yaml", resource("p", "b"));
    await source.reload();
    await write("1.yaml", resource("p", "a"));
    expect(codes(await source.reload())).toEqual(["duplicate-policy"]);
    expect(denied("a", "b")).toEqual(["a"]);
  });

  it("twice in one file: the first document counts", async () => {
    await write("p.yaml", `${resource("p", "a")}---\n${resource("p", "b")}`);
    expect(codes(await source.reload())).toEqual(["duplicate-policy"]);
    expect(denied("a", "b")).toEqual(["a"]);
  });
});

it("follows the links of a mounted ConfigMap when they are swapped", async () => {
  const version = async (name: string, tool: string): Promise<void> => {
    await mkdir(join(folder, name));
    await write(`${name}/p.yaml`, plain(tool));
    await symlink(name, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  await version("..2026_01", "a");
  await symlink(join("..data", "p.yaml"), join(folder, "p.yaml"));
  const { findings } = await source.reload();
  expect(findings).toEqual([]);
  expect(denied("a")).toEqual(["a"]);
  await version("..2026_02", "b");
  await rm(join(folder, "..2026_01"), { recursive: true });
  expect((await source.reload()).applied?.accepted).toHaveLength(1);
  expect(denied("a", "b")).toEqual(["b"]);
});

describe("reading no more than needed", () => {
  const reads = async (work: () => Promise<unknown>): Promise<number> => {
    const before = vi.mocked(readFile).mock.calls.length;
    await work();
    return vi.mocked(readFile).mock.calls.length - before;
  };
  const changedAt = async (path: string): Promise<number> => (await stat(path)).ctimeMs;

  it("an untouched file is not read again, a touched one is", async () => {
    const path = await write("p.yaml", plain("a"));
    await write("q.yaml", plain("b"));
    expect(await reads(() => source.reload())).toBe(2);
    expect(await reads(() => source.reload())).toBe(0);
    await chmod(path, 0o600);
    expect(await reads(() => source.reload())).toBe(1);
    expect(await reads(() => source.reload())).toBe(0);
  });

  it("a file whose stamp is younger than two seconds is read until it is older", async () => {
    const path = await write("p.yaml", plain("a"));
    const at = Math.ceil(await changedAt(path));
    for (const [age, expected] of [
      [0, 1],
      [1_000, 1],
      [1_900, 1],
      [2_100, 1],
      [2_200, 0],
      [9_000, 0],
    ] as const) {
      clock.set(at + age);
      expect(await reads(() => source.reload()), `at ${age} ms`).toBe(expected);
    }
  });

  it("a change within the same tick of the file system's clock is not missed", async () => {
    const path = await write("p.yaml", plain("a"));
    clock.set((await changedAt(path)) + 100);
    const same = await stat(path, { bigint: true });
    const inTheSameTick = (async () => same) as unknown as typeof stat;
    await source.reload();
    await write("p.yaml", plain("b"));
    const real = vi.mocked(stat).getMockImplementation();
    vi.mocked(stat).mockImplementation(((file: string, ...rest: []) =>
      file === path ? inTheSameTick(file) : real!(file, ...rest)) as typeof stat);
    try {
      await source.reload();
    } finally {
      vi.mocked(stat).mockImplementation(real!);
    }
    expect(denied("a", "b")).toEqual(["b"]);
  });

  it("a change of the same length under times that were set back is seen", async () => {
    const path = await write("p.yaml", plain("a"));
    const { atime, mtime } = await stat(path);
    await source.reload();
    await write("p.yaml", plain("b"));
    await utimes(path, atime, mtime);
    await source.reload();
    expect(denied("a", "b")).toEqual(["b"]);
  });
});
