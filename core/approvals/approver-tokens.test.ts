import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalApprovers, loadApprovers, TOKEN_FILE } from "./approver-tokens.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runlog-tokens-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string, mode = 0o600): string {
  const path = join(folder, "approvers.yaml");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}
const ALICE = "alice-token-0123456789";

describe("the local approver's token", () => {
  it("stands in a file only this user can read, and nowhere else", async () => {
    const approvers = await createLocalApprovers(folder);
    expect(approvers.file).toBe(join(folder, TOKEN_FILE));
    expect(statSync(approvers.file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([TOKEN_FILE]);
    const token = readFileSync(approvers.file, "utf8").trim();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(approvers.identify(token)).toEqual({ username: "local-approver", groups: [] });
    expect(approvers.electorate).toEqual({ localApprover: "local-approver" });
  });

  it("is new at each start; the old one is worth nothing then", async () => {
    await createLocalApprovers(folder);
    const old = readFileSync(join(folder, TOKEN_FILE), "utf8").trim();
    const approvers = await createLocalApprovers(folder);
    expect(approvers.identify(old)).toBeUndefined();
  });

  it("takes neither a looser mode nor a planted link from what was there", async () => {
    const path = join(folder, TOKEN_FILE);
    const elsewhere = join(folder, "elsewhere");
    writeFileSync(elsewhere, "untouched", { mode: 0o666 });
    symlinkSync(elsewhere, path);
    await createLocalApprovers(folder);
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(elsewhere, "utf8")).toBe("untouched");
  });

  it("cannot be guessed from parts of it", async () => {
    const approvers = await createLocalApprovers(folder);
    const token = readFileSync(approvers.file, "utf8").trim();
    for (const wrong of ["", token.slice(1), `${token} `, token.toUpperCase(), `${token}\0`])
      expect(approvers.identify(wrong)).toBeUndefined();
  });

  it("says what failed when the folder is not there", async () => {
    await expect(createLocalApprovers(join(folder, "none"))).rejects.toMatchObject({ code: "RL_FILE_UNREADABLE" });
  });
});

describe("an approvers file", () => {
  it("names people and groups by token, in YAML or JSON", async () => {
    const yaml = await loadApprovers(
      file(`${ALICE}: { user: alice, groups: [security-team] }\n1234567890123456: { user: bob }\n`),
    );
    expect(yaml.identify(ALICE)).toEqual({ username: "alice", groups: ["security-team"] });
    expect(yaml.identify("1234567890123456")).toEqual({ username: "bob", groups: [] });
    expect(yaml.identify("alice")).toBeUndefined();
    expect(yaml.electorate).toEqual({});
    expect(yaml.warnings).toEqual([]);
    const json = await loadApprovers(file(JSON.stringify({ [ALICE]: { user: "alice", groups: ["a"] } })));
    expect(json.identify(ALICE)).toEqual({ username: "alice", groups: ["a"] });
  });

  it("is warned of when others can read it", async () => {
    const { warnings } = await loadApprovers(file(`${ALICE}: { user: alice }`, 0o644));
    expect(warnings).toEqual([expect.stringContaining("chmod 600")]);
  });

  it.each([
    ["nobody", "{}", "RL_CONFIG", /names no approver/],
    ["an empty file", "", "RL_CONFIG", /./],
    ["a list", `- ${ALICE}`, "RL_CONFIG", /./],
    ["a short token", "short: { user: alice }", "RL_CONFIG", /16 to 512/],
    ["no user", `${ALICE}: { groups: [a] }`, "RL_CONFIG", /user/],
    ["a field it does not know", `${ALICE}: { user: alice, admin: true }`, "RL_CONFIG", /admin/],
    ["a system group", `${ALICE}: { user: alice, groups: ["system:masters"] }`, "RL_CONFIG", /system groups/],
    ["a system user", `${ALICE}: { user: "system:admin" }`, "RL_CONFIG", /reserved/],
    ["the local approver's name", `${ALICE}: { user: local-approver }`, "RL_CONFIG", /reserved/],
    ["a token twice", `${ALICE}: { user: alice }\n${ALICE}: { user: bob }`, "RL_YAML", /:2:1:/],
    ["broken YAML", `${ALICE}: { user: alice`, "RL_YAML", /approvers\.yaml:1:/],
    ["an alias", `${ALICE}: &a { user: alice }\n${ALICE}2: *a`, "RL_YAML", /aliases/],
  ])("with %s is refused, without showing a token", async (_what, text, code, message) => {
    const error: unknown = await loadApprovers(file(text)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain(ALICE);
  });

  it("that is no file, too large or missing is refused", async () => {
    const sub = join(folder, "sub");
    mkdirSync(sub);
    await expect(loadApprovers(sub)).rejects.toMatchObject({ code: "RL_FILE_UNREADABLE" });
    await expect(loadApprovers(join(folder, "none"))).rejects.toMatchObject({ code: "RL_FILE_UNREADABLE" });
    await expect(loadApprovers(file("#".repeat(1024 * 1024 + 1)))).rejects.toMatchObject({ code: "RL_CONFIG" });
  });
});
