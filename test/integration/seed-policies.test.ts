import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServe, type RunningServe } from "../harness/serve.ts";

describe("the three policies every RunLog user knows", () => {
  let server: RunningServe;
  beforeAll(async () => {
    server = await startServe({ policies: ["examples/quickstart"] });
  });
  afterAll(async () => {
    await server.stop();
  });

  it("deny at 100.01 USD a day, and not at 100.00", async () => {
    const llm = { run: "budget", action: "llm_call", model: "m" };
    expect(await server.review({ ...llm, cost: { usd: "99.99" } })).toMatchObject({ decision: "allow", allowed: true });
    expect(await server.review({ ...llm, cost: { usd: "0.02" } })).toMatchObject({
      decision: "deny",
      allowed: false,
      message: "Daily budget exceeded",
      policy: { kind: "AgentPolicy", name: "policies", rule: "budget_control" },
    });
    expect(await server.review({ ...llm, cost: { usd: "0.01" } })).toMatchObject({ decision: "allow" });
    expect(await server.review({ ...llm, cost: { usd: "0.000001" } })).toMatchObject({ decision: "deny" });
  });

  it("ask for approval on a social security number in args.query", async () => {
    const call = { run: "pii", action: "tool_call", tool: "database.query" };
    expect(await server.review({ ...call, args: { query: "SELECT name FROM people WHERE id = 7" } })).toMatchObject({
      decision: "allow",
    });
    const asked = await server.review({
      ...call,
      args: { query: "SELECT name FROM people WHERE ssn = '423-41-1164'" },
    });
    expect(asked).toMatchObject({ decision: "require_approval", allowed: false, policy: { rule: "pii_protection" } });
    const { body } = await server.get(`/v1/approvals/${asked.approval.namespace}/${asked.approval.name}`);
    expect(body).toMatchObject({ kind: "ApprovalRequest", status: { phase: "Pending" } });
    expect(body.spec.requirements).toMatchObject([{ rule: "pii_protection", approvers: ["security-team"], quorum: 1 }]);
    expect(JSON.stringify(body)).not.toContain("423-41-1164");
  });

  it("terminate on the 51st tool call, and the run stays terminated", async () => {
    const call = (i: number) => ({ run: "loop", action: "tool_call", tool: "search", args: { page: i } });
    for (let i = 1; i <= 50; i++) expect((await server.review(call(i))).decision).toBe("allow");
    const last = await server.review(call(51));
    expect(last).toMatchObject({ decision: "terminate", allowed: false, message: "Possible infinite loop detected" });
    expect(await server.review({ run: "loop", action: "message", args: { to: "user", text: "hello" } })).toMatchObject({
      decision: "terminate",
      message: "Possible infinite loop detected",
    });
    expect(await server.review({ run: "another", action: "tool_call", tool: "search", args: {} })).toMatchObject({
      decision: "allow",
    });
  });
});
