/** Each mistake that others made (docs/architecture.md, "Mistakes we test for") and that a decision point without a cluster can make, by name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../harness/cli.ts";
import { startServe, type RunningServe } from "../harness/serve.ts";

const policies = `
policies:
  - { id: big_payment, when: { tool: pay, args.amount: { gt: 100 } }, action: deny, message: too much }
  - { id: two_ask_a, when: { tool: wire }, action: require_approval, approvers: [finance] }
  - { id: two_ask_b, when: { tool: wire, args.amount: { gt: 10 } }, action: require_approval, approvers: [security] }
  - { id: quorum, when: { tool: release }, action: require_approval, approvers: [finance], approval: { quorum: 2 } }
  - { id: once, when: { tool: refund }, action: require_approval, approvers: [finance] }
  - { id: clean_mail, when: { tool: mail }, action: modify, modify: [{ redact: args.body }, { set: args.reviewed, value: true }] }
  - { id: no_reviewed_to_boss, when: { tool: mail, args.to: boss, args.reviewed: true }, action: deny, message: not to the boss }
  - { id: flip, when: { tool: flipflop, args.on: true }, action: modify, modify: [{ set: args.on, value: false }] }
  - { id: flop, when: { tool: flipflop, args.on: false }, action: modify, modify: [{ set: args.on, value: true }] }
  - { id: forbidden, when: { tool: forbidden }, action: deny }
  - { id: retries, when: { denials_in_run: { gte: 3 } }, action: terminate, message: denied too often }
  - { id: budget, when: { cost_today: { gt: 1.00 } }, action: deny, message: budget }
`;
const approvers = `
token-of-alice-0001: { user: alice, groups: [finance] }
token-of-bob-000001: { user: bob, groups: [finance] }
token-of-carol-0001: { user: carol, groups: [security] }
token-of-dave-00001: { user: dave, groups: [kitchen] }
`;
const alice = "token-of-alice-0001";
const bob = "token-of-bob-000001";
const carol = "token-of-carol-0001";
const dave = "token-of-dave-00001";

let folder: string;
let server: RunningServe;
const start = (): Promise<RunningServe> =>
  startServe({
    policies: [join(folder, "policies.yaml")],
    state: join(folder, "state"),
    flags: ["--approvers", join(folder, "approvers.yaml")],
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog-mistakes-"));
  await writeFile(join(folder, "policies.yaml"), policies);
  await writeFile(join(folder, "approvers.yaml"), approvers, { mode: 0o600 });
  server = await start();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const call = (run: string, tool: string, args: object = {}, more: object = {}) =>
  server.review({ run, action: "tool_call", tool, args, ...more });
const vote = (approval: { namespace: string; name: string }, token: string, ballot: object = { decision: "approve" }) =>
  server.post(`/v1/approvals/${approval.namespace}/${approval.name}/vote`, ballot, token);
const raw = (request: object) =>
  server.post("/v1/review", {
    apiVersion: "runlog.io/v1alpha1",
    kind: "ActionReview",
    request: { uid: `x${Math.random()}`, ...request },
  });

describe("rules that never fire", () => {
  it("a misspelt fact is refused, with what was meant", async () => {
    const file = join(folder, "misspelt.yaml");
    await writeFile(file, "policies:\n  - { id: a, when: { cost_todya: { gt: 1 } }, action: deny }\n");
    const { code, out } = await run(["validate", file]);
    expect(code).toBe(1);
    expect(out).toContain("cost_today");
  });
  it("an evaluation error counts as matched, not as no match", async () => {
    expect(await call("types", "pay", { amount: "a lot" })).toMatchObject({
      decision: "deny",
      reason: "runtime_error:not_a_number",
    });
    expect(await call("types", "pay", { amount: [500] })).toMatchObject({ decision: "deny" });
  });
  it("a number sent as a text does not slip under a limit", async () => {
    expect(await call("types2", "pay", { amount: "1e9" })).toMatchObject({ decision: "deny", reason: "policy" });
    expect(await call("types2", "pay", { amount: "99.999" })).toMatchObject({ decision: "allow" });
  });
});

describe("no policy", () => {
  it("is no reason to allow: nothing is served", async () => {
    await expect(startServe({ policies: [join(folder, "state")] })).rejects.toThrow(/no policy/);
  });
  it("is visible: every answer says how many policies were evaluated", async () => {
    expect((await call("seen", "harmless")).policiesEvaluated).toBe(1);
  });
});

describe("money", () => {
  it("a denied call is not charged, and a reservation is settled by its report", async () => {
    const usage = async () => (await server.get("/v1/usage?per=namespace&namespace=default", alice)).body.today.usd;
    const before = Number(await usage());
    expect(await call("money", "forbidden", {}, { cost: { usd: "0.50" } })).toMatchObject({ decision: "deny" });
    expect(Number(await usage())).toBeCloseTo(before, 6);
    const kept = await call("money", "harmless", {}, { cost: { usd: "0.25" } });
    expect(Number(await usage())).toBeCloseTo(before + 0.25, 6);
    await server.post("/v1/report", { run: "money", uid: kept.uid, outcome: "success", cost: { usd: "0.05" } });
    expect(Number(await usage())).toBeCloseTo(before + 0.05, 6);
    const skipped = await call("money", "harmless", {}, { cost: { usd: "0.30" } });
    await server.post("/v1/report", { run: "money", uid: skipped.uid, outcome: "skipped" });
    expect(Number(await usage())).toBeCloseTo(before + 0.05, 6);
  });

  it("a crash and a restart neither forget nor add again, and a terminated run stays terminated", async () => {
    await call("crash", "harmless", {}, { cost: { usd: "0.10" }, uid: "before-crash" });
    for (const n of [1, 2, 3]) await call("ended-by-rule", "forbidden", { n });
    expect(await call("ended-by-rule", "harmless")).toMatchObject({
      decision: "terminate",
      message: "denied too often",
    });
    const usage = async () => (await server.get("/v1/usage?per=namespace&namespace=default", alice)).body.today.usd;
    const before = await usage();
    await server.kill();
    server = await start();
    expect(await usage()).toBe(before);
    await call("crash", "harmless", {}, { cost: { usd: "0.10" }, uid: "before-crash" });
    expect(await usage()).toBe(before);
    expect(await call("ended-by-rule", "harmless")).toMatchObject({
      decision: "terminate",
      message: "denied too often",
    });
  });

  it("two large numbers that are equal as doubles are told apart: neither is accepted", async () => {
    for (const number of ["9007199254740992", "9007199254740993"]) {
      const body = `{"apiVersion":"runlog.io/v1alpha1","kind":"ActionReview","request":{"uid":"n","run":"n","action":"tool_call","tool":"wire","args":{"account":${number}}}}`;
      expect(await server.post("/v1/review", body)).toMatchObject({ status: 400, body: { code: "RL_INEXACT_NUMBER" } });
    }
  });
});

describe("approvals", () => {
  it("cannot be given by a self-reported name, by the wrong group, or without a token", async () => {
    const { approval } = await call("vote", "refund", { amount: 5 });
    expect(await vote(approval, dave)).toMatchObject({ status: 403, body: { code: "RL_VOTE_REFUSED" } });
    expect((await vote(approval, "not-a-token-at-all")).status).toBe(401);
    expect(
      (await server.post(`/v1/approvals/${approval.namespace}/${approval.name}/vote`, { decision: "approve" })).status,
    ).toBe(401);
    expect((await vote(approval, alice, { decision: "approve", by: "carol" })).status).toBe(400);
  });

  it("are for these arguments, this run and one use; a mismatch uses nothing", async () => {
    const args = { amount: 6 };
    const { approval } = await call("exact", "refund", args);
    expect((await vote(approval, alice)).body.status.phase).toBe("Approved");
    const execute = (more: object) =>
      raw({ run: "exact", action: "tool_call", tool: "refund", args, approval: approval.name, ...more });
    expect(await execute({ args: { amount: 7 } })).toMatchObject({ status: 409, body: { code: "RL_GRANT_MISMATCH" } });
    expect(await execute({ run: "other" })).toMatchObject({ status: 409 });
    const done = await execute({ uid: "exec-1" });
    expect(done.body.response).toMatchObject({ decision: "allow", allowed: true, reason: "approved" });
    expect((await execute({ uid: "exec-1" })).body.response).toEqual(done.body.response);
    expect(await execute({ uid: "exec-2" })).toMatchObject({ status: 409, body: { code: "RL_GRANT_MISMATCH" } });
  });

  it("need every group that was asked", async () => {
    const args = { amount: 50 };
    const { approval } = await call("both", "wire", args);
    expect((await vote(approval, alice)).body.status).toMatchObject({ phase: "Pending", votes: "1/2" });
    expect(await raw({ run: "both", action: "tool_call", tool: "wire", args, approval: approval.name })).toMatchObject({
      status: 409,
    });
    expect((await vote(approval, carol)).body.status.phase).toBe("Approved");
    const done = await raw({ run: "both", action: "tool_call", tool: "wire", args, approval: approval.name });
    expect(done.body.response.decision).toBe("allow");
  });

  it("count equal votes only: an edit by one and the original by another are no quorum, and nobody votes twice", async () => {
    const { approval } = await call("edits", "release", { version: "1.2" });
    expect(
      (await vote(approval, alice, { decision: "approve", edits: [{ set: "args.canary", value: true }] })).body.status
        .phase,
    ).toBe("Pending");
    expect((await vote(approval, alice)).status).toBe(403);
    expect((await vote(approval, bob)).body.status.phase).toBe("Pending");
    expect(
      await raw({
        run: "edits",
        action: "tool_call",
        tool: "release",
        args: { version: "1.2" },
        approval: approval.name,
      }),
    ).toMatchObject({ status: 409 });
  });

  it("run with the edits that were approved, and those are evaluated as well", async () => {
    const { approval } = await call("edited", "refund", { amount: 8, note: "x" });
    await vote(approval, alice, {
      decision: "approve",
      edits: [{ set: "args.amount", value: 4 }, { remove: "args.note" }],
    });
    const done = await raw({
      run: "edited",
      action: "tool_call",
      tool: "refund",
      args: { amount: 8, note: "x" },
      approval: approval.name,
    });
    expect(done.body.response).toMatchObject({ decision: "modify", allowed: true, args: { amount: 4 } });
  });

  it("are refused for the rest of the run once denied, however often it asks", async () => {
    const { approval } = await call("denied", "refund", { amount: 9 });
    expect((await vote(approval, alice, { decision: "deny", comment: "no" })).body.status.phase).toBe("Denied");
    for (const n of [1, 2])
      expect(await call("denied", "refund", { amount: 9 }, { step: n })).toMatchObject({
        decision: "deny",
        reason: "approval_denied",
      });
  });
});

describe("modify", () => {
  it("is evaluated once more, and what comes out is what is decided on", async () => {
    const sent = await call("modify", "mail", { to: "team", body: "ssn 423-41-1164" });
    expect(sent).toMatchObject({ decision: "modify", args: { to: "team", body: "ssn <US_SSN>", reviewed: true } });
    expect(sent.patch).toContainEqual({ op: "add", path: "/reviewed", value: true });
    expect(await call("modify", "mail", { to: "boss", body: "hi" })).toMatchObject({
      decision: "deny",
      message: "not to the boss",
    });
  });
  it("that does not come to an end is denied", async () => {
    expect(await call("flip", "flipflop", { on: true })).toMatchObject({ decision: "deny", reason: "modify_unstable" });
  });
  it("that cannot be applied is denied: nothing passes unredacted", async () => {
    expect(await call("unredactable", "mail", { to: "team", body: "x ".repeat(150_000) })).toMatchObject({
      decision: "deny",
      allowed: false,
    });
  });
});

describe("loops", () => {
  it("denials count too, and end the run", async () => {
    expect(await call("deny", "forbidden", { n: 1 })).toMatchObject({ decision: "deny" });
    expect(await call("deny", "forbidden", { n: 2 })).toMatchObject({ decision: "deny" });
    expect(await call("deny", "forbidden", { n: 3 })).toMatchObject({
      decision: "terminate",
      message: "denied too often",
    });
    expect(await call("deny", "harmless")).toMatchObject({ decision: "terminate" });
  });
});

it("no metric has a label per run, argument or unchecked tool name", async () => {
  await call("a-very-special-run", "a-very-special-tool", { secret: "a-very-special-argument" });
  const { body } = await server.get("/metrics");
  expect(body).toContain("runlog_decisions_total");
  expect(body).not.toContain("a-very-special");
});
