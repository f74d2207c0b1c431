/** What a policy says about personal data and secrets, from its file to the answer, the record, the metrics and the disk. */
import { createHmac } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../harness/cli.ts";
import { startServe, type RunningServe } from "../harness/serve.ts";

const resource = `
apiVersion: runlog.io/v1alpha1
kind: AgentPolicy
metadata: { name: staff }
spec:
  detection:
    entities:
      - { name: BADGE_ID, patterns: ["\\\\bB-[0-9]{6}\\\\b"], context: [badge], score: 0.4 }
      - { name: PROJECT, deny: [Blue Heron] }
      - { name: INTERNAL_TOKEN, family: secret, patterns: ["int_[a-z0-9]{12}"], score: 0.9 }
    allow: [desk@corp.com]
    allowTestValues: true
    perEntity: { IP_ADDRESS: { minScore: 1 } }
  rules:
    - id: badge
      when: { tool: note, args.text: { contains_pii: [BADGE_ID, PROJECT] } }
      action: deny
      message: "No staff data in notes"
    - id: any
      when: { tool: post, args: { contains_pii: true } }
      action: deny
    - id: token
      when: { tool: shell, args.command: { contains_secret: true } }
      action: deny
    - id: hire
      when: { tool: hire, args.text: { contains_pii: [BADGE_ID] } }
      action: require_approval
    - id: mail
      when: { tool: mail }
      action: modify
      modify: [{ redact: args.body, secrets: true, as: number }, { redact: args.to, as: hash }]
    - id: card
      when: { tool: pay, args.card: { contains_pii: [CREDIT_CARD] } }
      action: modify
      modify: [{ redact: args.card, as: mask, keepLast: 4 }, { redact: args.note, as: remove, entities: [PHONE_NUMBER] }]
`;
const plain = `
mode: Audit
detection: { entities: [{ name: CASE_NO, patterns: ["CASE-[0-9]{4}"] }] }
policies:
  - { id: case, when: { tool: search, args.query: { contains_pii: [CASE_NO] } }, action: deny }
`;
const key = "0123456789abcdef-of-a-test";

let folder: string;
let server: RunningServe;
const flags = (): string[] => ["--detection-hash-key-file", join(folder, "key"), "--run-log-store-args", "digest"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog-detection-"));
  await writeFile(join(folder, "staff.yaml"), resource);
  await writeFile(join(folder, "cases.yaml"), plain);
  await writeFile(join(folder, "key"), `${key}\n`, { mode: 0o600 });
  server = await startServe({
    policies: [join(folder, "staff.yaml"), join(folder, "cases.yaml")],
    state: join(folder, "state"),
    flags: flags(),
  });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const call = (tool: string, args: object, more: object = {}) =>
  server.review({ run: "r", action: "tool_call", tool, args, ...more });
const hmac = (value: string): string => createHmac("sha256", key).update(value).digest("hex");

async function metric(name: string): Promise<string[]> {
  const { body } = await server.get("/metrics");
  return String(body)
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`));
}

describe("a policy's own entities", () => {
  it("decide, and the answer names what was found, never the value", async () => {
    const answer = await call("note", { text: "badge B-771203 works on blue heron" });
    expect(answer).toMatchObject({ decision: "deny", message: "No staff data in notes" });
    expect(answer.findings).toEqual([
      { entity: "BADGE_ID", family: "pii", path: "args.text", start: 6, end: 14, score: 0.75, rule: "pattern:0" },
      { entity: "PROJECT", family: "pii", path: "args.text", start: 24, end: 34, score: 1, rule: "deny" },
    ]);
    expect(await call("note", { text: "part B-771203" })).toMatchObject({ decision: "allow", findings: [] });
    expect(await call("note", { text: "jane@corp.com" })).toMatchObject({ decision: "allow", findings: [] });
  });

  it("stand beside the built-in ones, with what is allowed and what must be surer", async () => {
    expect((await call("post", { a: ["of Blue Heron"] })).decision).toBe("deny");
    expect((await call("post", { to: "desk@corp.com" })).decision).toBe("allow");
    expect((await call("post", { card: "4111 1111 1111 1111" })).decision).toBe("allow");
    expect((await call("post", { server: "203.0.113.9" })).decision).toBe("allow");
    expect((await call("post", { contact: { phone: 4155552671 } })).findings).toMatchObject([
      { entity: "PHONE_NUMBER", path: "args.contact.phone", start: 0, end: 10 },
    ]);
  });

  it("may be secrets", async () => {
    expect((await call("shell", { command: "curl -u int_a1b2c3d4e5f6 x" })).findings).toMatchObject([
      { entity: "INTERNAL_TOKEN", family: "secret", path: "args.command" },
    ]);
  });

  it("of a plain file in Audit change nothing and are told all the same", async () => {
    expect(await call("search", { query: "see CASE-1234" })).toMatchObject({
      decision: "allow",
      auditTotal: 1,
      findings: [{ entity: "CASE_NO", path: "args.query", start: 4, end: 13 }],
    });
  });
});

describe("redaction", () => {
  it("numbers the same value alike in all fields, hashes with the key, and the result is clean", async () => {
    const args = {
      to: ["jane@corp.com", "desk@corp.com"],
      body: { text: "from joe@corp.com, cc jane@corp.com", password: "hunter2!x", phone: 4155552671 },
    };
    const answer = await call("mail", args);
    expect(answer).toMatchObject({ decision: "modify", allowed: true });
    expect(answer.args).toEqual({
      to: [`<EMAIL_ADDRESS:${hmac("jane@corp.com")}>`, "desk@corp.com"],
      body: {
        text: "from <EMAIL_ADDRESS_1>, cc <EMAIL_ADDRESS_2>",
        password: "<PASSWORD_1>",
        phone: "<PHONE_NUMBER_1>",
      },
    });
    expect(answer.findings.map((one: { entity: string; path: string }) => `${one.entity} ${one.path}`)).toEqual([
      "PASSWORD args.body.password",
      "EMAIL_ADDRESS args.body.text",
      "EMAIL_ADDRESS args.body.text",
      "PHONE_NUMBER args.body.phone",
      "EMAIL_ADDRESS args.to[0]",
    ]);
    expect(await call("mail", answer.args)).toMatchObject({ decision: "allow", findings: [] });
  });

  it("masks and removes", async () => {
    const answer = await call("pay", { card: "4539 1488 0343 6467", note: "call 415-555-2671 first", id: 7 });
    expect(answer.args).toEqual({ card: "**** **** **** 6467", note: "call  first", id: 7 });
  });
});

describe("what is kept", () => {
  it("the record has the findings, a repeat answers with them, and nothing counts twice", async () => {
    const before = await metric("runlog_detections_total");
    const asked = { uid: "same", run: "kept" };
    const first = await call("note", { text: "badge B-440918" }, asked);
    expect(first.findings).toHaveLength(1);
    expect(await call("note", { text: "badge B-440918" }, asked)).toEqual(first);
    const count = (lines: readonly string[]): number =>
      Number(lines.find((line) => line.includes('entity="BADGE_ID",family="pii"'))?.split(" ")[1] ?? 0);
    expect(count(await metric("runlog_detections_total"))).toBe(count(before) + 1);
    const { body } = await server.get("/v1/runs/default/local/kept/steps", server.approverToken);
    const records = body.items.filter((one: { kind: string }) => one.kind === "review");
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ argsForm: "digest", findings: first.findings });
  });

  it("a dry run is told, too", async () => {
    expect((await call("note", { text: "badge B-440918" }, { dryRun: true })).findings).toHaveLength(1);
  });

  it("people who are asked do not see what only the policy knows either", async () => {
    const { approval } = await call("hire", { text: "badge B-918273, see jane.roe@corp.com", open: "badge B-918274" });
    const { body } = await server.get(`/v1/approvals/default/${approval.name}`, server.approverToken);
    expect(body.spec.action.args).toEqual({ text: "badge <BADGE_ID>, see <EMAIL_ADDRESS>", open: "badge B-918274" });
  });

  it("no value that was found is on the disk", async () => {
    await call("note", { text: "badge B-650237 and blue heron" });
    await call("mail", { to: "unique.person@corp.com", body: "password=uniqueS3cret!" });
    await call("post", { "key.person@corp.com": "other.person@corp.com" });
    const state = join(folder, "state");
    const files = await readdir(state);
    const bytes = await Promise.all(files.map((file) => readFile(join(state, file), "latin1")));
    const text = bytes.join("\n");
    expect(text).toContain("BADGE_ID");
    for (const value of ["B-918273", "B-650237", "unique.person", "uniqueS3cret", "key.person", "other.person"])
      expect(text).not.toContain(value);
    expect(server.output()).not.toContain("B-650237");
  });
});

describe("what is wrong in a policy", () => {
  const validate = async (detection: string, rule: string) => {
    const file = join(folder, "wrong.yaml");
    await writeFile(file, `detection: ${detection}\npolicies:\n  - ${rule}\n`);
    const result = await run(["validate", file, "--output", "json"]);
    const { findings } = JSON.parse(result.out) as { findings: { code: string; field: string; suggestion?: string }[] };
    expect(result.code).toBe(findings.length === 0 ? 0 : 1);
    return findings;
  };
  const redact = "{ id: a, when: { tool: x }, action: modify, modify: [{ redact: args.x, as: hash }] }";

  it("is told with its place and what was meant", async () => {
    const entities = "{ entities: [{ name: BADGE_ID, patterns: ['B-['] }] }";
    expect(
      await validate(entities, "{ id: a, when: { args.x: { contains_pii: [BADGE_ID] } }, action: deny }"),
    ).toMatchObject([{ code: "bad-pattern", field: "detection.entities[0].patterns[0]" }]);
    const good = "{ entities: [{ name: BADGE_ID, patterns: ['B-[0-9]'] }] }";
    expect(
      await validate(good, "{ id: a, when: { args.x: { contains_pii: [BADGE_IDS] } }, action: deny }"),
    ).toMatchObject([{ code: "unknown-entity", suggestion: expect.stringContaining("BADGE_ID") }]);
    expect(await validate("{ entity: [] }", redact)).toMatchObject([
      { code: "unknown-field", field: "detection.entity" },
    ]);
  });

  it("hash without a key is refused by who decides, not by who only checks", async () => {
    expect(await validate("{}", redact)).toEqual([]);
    const file = join(folder, "wrong.yaml");
    const action = join(folder, "action.json");
    const request = { uid: "u", run: "r", action: "tool_call", tool: "x", args: { x: "jane@corp.com" } };
    await writeFile(action, JSON.stringify(request));
    const without = await run(["review", action, "--policies", file]);
    expect(without).toMatchObject({ code: 1, err: expect.stringContaining("no-hash-key") });
    const keyed = await run([
      "review",
      action,
      "--policies",
      file,
      "--hash-key-file",
      join(folder, "key"),
      "--output",
      "json",
    ]);
    expect(JSON.parse(keyed.out)).toMatchObject({ args: { x: `<EMAIL_ADDRESS:${hmac("jane@corp.com")}>` } });
    await expect(startServe({ policies: [file] })).rejects.toThrow("no-hash-key");
    await writeFile(join(folder, "short"), "too short\n");
    const short = await run(["review", action, "--policies", file, "--hash-key-file", join(folder, "short")]);
    expect(short).toMatchObject({ code: 2, err: expect.stringContaining("at least 16") });
  });
});
