import { describe, expect, it } from "vitest";
import { requirement } from "./approvals.fixture.ts";
import { fits, quorumOf, serviceAccountOf, type Voter } from "./electorate.ts";

const agent = { namespace: "agents", serviceAccount: "support-bot" };
const cluster = { kind: "ClusterAgentPolicy", name: "all", uid: "c" } as const;

function voter(username: string, ...groups: string[]): Voter {
  return { username, groups, mayApprove: false };
}

describe("who is an approver", () => {
  it.each([
    ["a group", ["security-team"], voter("alice", "security-team"), true],
    ["another group", ["security-team"], voter("alice", "interns"), false],
    ["a user", ["user:alice"], voter("alice"), true],
    ["a group that is named like a user entry", ["user:alice"], voter("mallory", "user:alice", "alice"), false],
    ["a user that is named like a group", ["security-team"], voter("security-team"), false],
    ["another user", ["user:alice"], voter("alice2"), false],
    ["an empty user entry", ["user:"], voter(""), false],
    ["everybody who is signed in", ["system:authenticated"], voter("mallory", "system:authenticated"), false],
    ["the masters", ["system:masters"], voter("root", "system:masters"), false],
    ["a system user by name", ["user:system:admin"], voter("system:admin"), false],
    ["the anonymous user", ["user:system:anonymous"], voter("system:anonymous"), false],
    ["a ServiceAccount by entry", ["serviceaccount:ops/bot"], voter("system:serviceaccount:ops:bot"), true],
    [
      "a ServiceAccount by user entry",
      ["user:system:serviceaccount:ops:bot"],
      voter("system:serviceaccount:ops:bot"),
      false,
    ],
    ["a ServiceAccount by group", ["ops"], voter("system:serviceaccount:ops:bot", "ops"), false],
    [
      "a ServiceAccount by its system group",
      ["system:serviceaccounts:ops"],
      voter("system:serviceaccount:ops:bot", "system:serviceaccounts:ops"),
      false,
    ],
    [
      "a person named like a ServiceAccount entry",
      ["serviceaccount:ops/bot"],
      voter("bot", "serviceaccount:ops/bot"),
      false,
    ],
    [
      "the agent itself",
      ["serviceaccount:agents/support-bot"],
      voter("system:serviceaccount:agents:support-bot"),
      false,
    ],
    ["a neighbour of the agent", ["serviceaccount:agents/other"], voter("system:serviceaccount:agents:other"), false],
    ["a malformed ServiceAccount name", ["serviceaccount:ops/bot:x"], voter("system:serviceaccount:ops:bot:x"), false],
  ] as const)("%s", (_what, approvers, by, expected) => {
    expect(fits(requirement({ approvers: [...approvers] }), by, agent, {})).toBe(expected);
  });

  it("lets a neighbour of the agent vote only where a ClusterAgentPolicy says so", () => {
    const neighbour = voter("system:serviceaccount:agents:other");
    const approvers = ["serviceaccount:agents/other", "serviceaccount:agents/support-bot"];
    const open = { approvers, allowApproversInNamespace: true };
    expect(fits(requirement({ ...open, policy: cluster }), neighbour, agent, {})).toBe(true);
    expect(fits(requirement(open), neighbour, agent, {})).toBe(false);
    const itself = voter("system:serviceaccount:agents:support-bot");
    expect(fits(requirement({ ...open, policy: cluster }), itself, agent, {})).toBe(false);
  });

  it("takes people with the verb approve where nobody is named, and no ServiceAccounts", () => {
    const anyone = requirement({ approvers: [] });
    expect(fits(anyone, { ...voter("alice"), mayApprove: true }, agent, {})).toBe(true);
    expect(fits(anyone, voter("alice", "security-team"), agent, {})).toBe(false);
    expect(fits(anyone, { ...voter("system:serviceaccount:ops:bot"), mayApprove: true }, agent, {})).toBe(false);
    const named = requirement({ approvers: ["security-team"] });
    expect(fits(named, { ...voter("root"), mayApprove: true }, agent, {})).toBe(false);
  });

  it("lets the local approver stand for everyone, and only where there is one", () => {
    const local = { localApprover: "local-approver" };
    const two = requirement({ quorum: 2, approvers: ["security-team"] });
    expect(fits(two, voter("local-approver"), agent, local)).toBe(true);
    expect(quorumOf(two, local)).toBe(1);
    expect(fits(two, voter("local-approver"), agent, {})).toBe(false);
    expect(quorumOf(two, {})).toBe(2);
  });

  it("reads ServiceAccounts from user names", () => {
    expect(serviceAccountOf("system:serviceaccount:ops:bot")).toEqual({ namespace: "ops", serviceAccount: "bot" });
    for (const name of [
      "alice",
      "system:serviceaccount:ops",
      "system:serviceaccount::bot",
      "system:serviceaccount:a:b:c",
    ])
      expect(serviceAccountOf(name)).toBeUndefined();
  });
});
