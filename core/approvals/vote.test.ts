import { digestOf, type Vote } from "#api";
import { describe, expect, it } from "vitest";
import {
  MINUTE,
  START,
  alice,
  bob,
  carol,
  cast,
  mallory,
  person,
  request,
  requirement,
  withVote,
} from "./approvals.fixture.ts";
import { votedDigestOf } from "./grant.ts";

const approve: Vote = { decision: "approve" };
const deny: Vote = { decision: "deny" };
const edited: Vote = { decision: "approve", edits: [{ set: "args.amount", value: 500 }] };
const scoped = [requirement({ allowScopedGrants: true })];

describe("a vote that counts", () => {
  it("is appended with who, what for and when, and the fields a person wrote are emptied", () => {
    const asked = request();
    const written = {
      ...asked,
      status: { phase: "Pending" as const, decision: "approve" as const, comment: "old", voteFor: digestOf("x") },
    };
    const verdict = cast(written, { ...alice, uid: "u-1" }, { ...approve, comment: "fine" });
    expect(verdict).toMatchObject({ kind: "counted" });
    if (verdict.kind !== "counted") return;
    expect(verdict.status).toEqual({
      phase: "Approved",
      votes: "1/1",
      approvedAt: new Date(START + MINUTE).toISOString(),
      decisions: [
        {
          by: { username: "alice", groups: ["security-team"], uid: "u-1" },
          decision: "approve",
          comment: "fine",
          votedDigest: votedDigestOf(asked.spec.action.digest, {}),
          at: new Date(START + MINUTE).toISOString(),
        },
      ],
    });
  });

  it("changes nothing it was given", () => {
    const asked = request();
    const before = structuredClone(asked);
    cast(asked, alice);
    expect(asked).toEqual(before);
  });

  it("counts towards a quorum", () => {
    const one = withVote(request([requirement({ quorum: 2 })]), alice);
    expect(one.status).toMatchObject({ phase: "Pending", votes: "1/2" });
    expect(withVote(one, bob).status).toMatchObject({ phase: "Approved", votes: "2/2" });
  });

  it("says for a deny who it was, and is final", () => {
    const denied = withVote(request([requirement({ quorum: 2 })]), alice, deny);
    expect(denied.status).toMatchObject({ phase: "Denied", reason: "denied by alice" });
    expect(cast(denied, bob, approve)).toMatchObject({ kind: "refused", code: "RL_NOT_PENDING" });
  });

  it("again, identical, is a success that writes nothing, also once the request is decided", () => {
    const approved = withVote(request(), alice, edited);
    expect(cast(approved, alice, { ...edited, comment: "once more" })).toMatchObject({ kind: "repeated" });
    const late = { now: START + 60 * MINUTE };
    expect(cast(approved, alice, edited, late)).toMatchObject({ kind: "repeated" });
  });

  it("may name the digest it is for", () => {
    const asked = request();
    const { digest } = asked.spec.action;
    expect(cast(asked, alice, { ...approve, voteFor: digest }).kind).toBe("counted");
    expect(cast(asked, alice, { ...approve, voteFor: votedDigestOf(digest, {}) }).kind).toBe("counted");
    expect(cast(asked, alice, { ...edited, voteFor: votedDigestOf(digest, edited) }).kind).toBe("counted");
  });

  it("takes empty edits and an empty grant for none", () => {
    const asked = request();
    const verdict = cast(asked, alice, { ...approve, edits: [], grant: {} });
    expect(verdict).toMatchObject({
      kind: "counted",
      entry: { votedDigest: votedDigestOf(asked.spec.action.digest, {}) },
    });
  });

  it("keeps a place for a no when yeses have filled the rest", () => {
    let asked = request([requirement({ quorum: 10 })]);
    for (let n = 0; n < 63; n++) {
      const other: Vote = { decision: "approve", edits: [{ set: "args.amount", value: n }] };
      asked = withVote(asked, person(`p${n}`, "security-team"), other);
    }
    expect(cast(asked, alice, approve)).toMatchObject({ kind: "refused", code: "RL_VOTE_REFUSED" });
    expect(withVote(asked, alice, deny).status?.phase).toBe("Denied");
  });
});

describe("a vote that does not count", () => {
  const twice = withVote(request([requirement({ quorum: 2 })]), alice);
  const agentUser = person("system:serviceaccount:agents:support-bot");
  const parent = person("system:serviceaccount:teams:planner");
  const explicit = [requirement({ approvers: ["serviceaccount:teams:planner", "serviceaccount:teams/planner"] })];
  const tree = { runTree: [{ namespace: "teams", serviceAccount: "planner" }] };
  const long: Vote = { decision: "approve", edits: [{ set: "args.text", value: "x".repeat(8 * 1024) }] };

  it.each([
    ["by somebody else", request(), mallory, approve, {}, /no approver; needed: security-team/],
    ["a deny by somebody else", request(), mallory, deny, {}, /no approver/],
    [
      "by the agent itself",
      request([requirement({ approvers: ["serviceaccount:agents/support-bot"] })]),
      agentUser,
      approve,
      {},
      /its own action/,
    ],
    ["by an agent of the run tree", request(explicit), parent, approve, tree, /its own action/],
    ["the same person, another decision", twice, alice, deny, {}, /voted already/],
    ["the same person, other edits", twice, alice, edited, {}, /voted already/],
    [
      "for another digest than was shown",
      request(),
      alice,
      { ...approve, voteFor: digestOf("other") },
      {},
      /look at the request again/,
    ],
    [
      "with edits, for the original",
      request(),
      alice,
      { ...edited, voteFor: request().spec.action.digest },
      {},
      /look at the request again/,
    ],
    ["with more than 8 KiB of edits", request(), alice, long, {}, /larger than 8 KiB/],
    ["a deny with edits", request(), alice, { ...edited, decision: "deny" as const }, {}, /neither edits nor a grant/],
    ["with a grant no rule allows", request(), alice, { ...approve, grant: { uses: 1 } }, {}, /allowScopedGrants/],
    [
      "with a grant one rule does not allow",
      request([...scoped, requirement({ rule: "other" })]),
      alice,
      { ...approve, grant: { uses: 1 } },
      {},
      /allowScopedGrants/,
    ],
    [
      "with a grant of more uses",
      request(scoped, 3),
      alice,
      { ...approve, grant: { uses: 4 } },
      {},
      /between 1 and the 3/,
    ],
    ["with a grant of more time", request(scoped), alice, { ...approve, grant: { for: "11m" } }, {}, /at most the 10m/],
    ["with a grant of no time", request(scoped), alice, { ...approve, grant: { for: "0s" } }, {}, /more than 0s/],
    [
      "with a grant for all arguments",
      request(scoped),
      alice,
      { ...approve, grant: { args: {} } },
      {},
      /at least one condition/,
    ],
    [
      "with edits whose meaning is wrong",
      request(),
      alice,
      edited,
      { ballotError: () => "args.amount: no such path" },
      /no such path/,
    ],
  ] as const)("%s", (...row) => {
    const [, asked, by, vote, context, why] = row;
    const verdict = cast(asked, by, vote as Vote, context);
    expect(verdict).toMatchObject({
      kind: "refused",
      code: "RL_VOTE_REFUSED",
      why: expect.stringMatching(why) as string,
    });
  });

  it("after voting has ended", () => {
    const last = { now: START + 30 * MINUTE - 1 };
    expect(cast(request(), alice, approve, last).kind).toBe("counted");
    const late = { now: START + 30 * MINUTE };
    expect(cast(request(), alice, approve, late)).toMatchObject({ kind: "refused", code: "RL_NOT_PENDING" });
  });

  it("with what has no JSON form", () => {
    const odd: Vote = { decision: "approve", edits: [{ set: "args.a", value: Number.NaN }] };
    expect(cast(request(), alice, odd)).toMatchObject({ kind: "refused", code: "RL_VOTE_REFUSED" });
    const big: Vote = { decision: "approve", edits: [{ set: "args.a", value: 1n }] };
    expect(cast(request(), alice, big)).toMatchObject({ kind: "refused", code: "RL_VOTE_REFUSED" });
  });
});

describe("a quorum", () => {
  const both = [requirement(), requirement({ rule: "ledger", approvers: ["finance"] })];

  it("needs every requirement, not only one of two", () => {
    const first = withVote(request(both), alice);
    expect(first.status).toMatchObject({ phase: "Pending", votes: "1/2" });
    expect(withVote(first, bob).status).toMatchObject({ phase: "Pending", votes: "1/2" });
    expect(withVote(first, carol).status).toMatchObject({ phase: "Approved", votes: "2/2" });
  });

  it("lets one deny of either end it", () => {
    expect(withVote(withVote(request(both), alice), carol, deny).status?.phase).toBe("Denied");
  });

  it("counts a person once for each requirement they fit", () => {
    expect(withVote(request(both), person("dora", "security-team", "finance")).status?.phase).toBe("Approved");
  });

  it("does not add an edit approved by one to the original approved by another", () => {
    const mixed = withVote(withVote(request([requirement({ quorum: 2 })]), alice, edited), bob, approve);
    expect(mixed.status).toMatchObject({ phase: "Pending", votes: "1/2" });
    expect(withVote(mixed, person("eve", "security-team"), edited).status?.phase).toBe("Approved");
    const acrossRules = withVote(withVote(request(both), alice, edited), carol, approve);
    expect(acrossRules.status?.phase).toBe("Pending");
  });

  it("does not depend on how the edits' keys are ordered", () => {
    const other: Vote = { decision: "approve", edits: [{ value: 500, set: "args.amount" }] };
    const two = withVote(withVote(request([requirement({ quorum: 2 })]), alice, edited), bob, other);
    expect(two.status?.phase).toBe("Approved");
  });

  it("where nobody is named remembers who had the verb approve", () => {
    const asked = request([requirement({ approvers: [], quorum: 2 }), requirement({ rule: "other" })]);
    const first = withVote(asked, alice, approve, { mayApprove: false });
    const second = withVote(first, carol, approve, { mayApprove: true });
    expect(second.status).toMatchObject({ phase: "Pending", votes: "2/3" });
    expect(withVote(second, bob, approve, { mayApprove: true }).status?.phase).toBe("Approved");
  });

  it("is made by the local approver alone", () => {
    const local = { electorate: { localApprover: "local-approver" } };
    const asked = request([requirement({ quorum: 3 }), requirement({ rule: "other", approvers: [] })]);
    expect(withVote(asked, person("local-approver"), approve, local).status).toMatchObject({
      phase: "Approved",
      votes: "2/2",
    });
  });
});
