import { describe, expect, it } from "vitest";
import { embeddedIdentity } from "./embedded.ts";
import { agentTokensOf } from "./token-file.ts";

const localCaller = { namespace: "default", serviceAccount: "local", labels: {}, namespaceLabels: {} };
const alice = { username: "alice", groups: ["leads"] };
const approver = (token: string) => (token === "approver-token-123" ? alice : undefined);
const file = `
tokens:
  - { token: "agent-token-0123456789", namespace: agents, serviceAccount: support, labels: { team: payments } }
`;

function code(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe("identity without a tokens file", () => {
  const identity = embeddedIdentity({ agents: undefined, localCaller, approver });
  it("takes every caller without a token for the local agent", () => {
    expect(identity.agent(undefined)).toBe(localCaller);
  });
  it("never lets an approver token through the review door", () => {
    expect(code(() => identity.agent("Bearer approver-token-123"))).toBe("RL_FORBIDDEN");
    expect(code(() => identity.agent("Bearer something-else-0"))).toBe("RL_UNAUTHENTICATED");
    expect(code(() => identity.agent("Basic YTpi"))).toBe("RL_UNAUTHENTICATED");
  });
  it("lets everybody read, but only approvers act", () => {
    expect(identity.person(undefined, "read")).toEqual({ username: "anonymous", groups: [] });
    expect(code(() => identity.person(undefined, "act"))).toBe("RL_UNAUTHENTICATED");
    expect(identity.person("bearer approver-token-123", "act")).toBe(alice);
  });
});

describe("identity with a tokens file", () => {
  const identity = embeddedIdentity({ agents: agentTokensOf(file, "tokens.yaml"), localCaller, approver });
  it("knows an agent by its token alone", () => {
    expect(identity.agent("Bearer agent-token-0123456789")).toMatchObject({
      namespace: "agents",
      serviceAccount: "support",
    });
    expect(code(() => identity.agent(undefined))).toBe("RL_UNAUTHENTICATED");
    expect(code(() => identity.agent("Bearer nope"))).toBe("RL_UNAUTHENTICATED");
  });
  it("lets no agent look at or act for people", () => {
    expect(code(() => identity.person("Bearer agent-token-0123456789", "read"))).toBe("RL_FORBIDDEN");
    expect(code(() => identity.person(undefined, "read"))).toBe("RL_UNAUTHENTICATED");
  });
  it.each([
    ["no YAML", "tokens: [", "not valid YAML"],
    ["a short token", "tokens: [{ token: abc, serviceAccount: x }]", "at least 16"],
    [
      "the same token twice",
      `tokens: [${'{ token: "0123456789abcdef", serviceAccount: a },'.repeat(2)}]`,
      "same token",
    ],
    ["an unknown field", 'tokens: [{ token: "0123456789abcdef", serviceAccount: a, admin: true }]', "admin"],
  ])("refuses %s without showing a token", (_, text, message) => {
    expect(() => agentTokensOf(text, "t.yaml")).toThrow(message);
    expect(() => agentTokensOf(text, "t.yaml")).not.toThrow("0123456789abcdef");
  });
});
