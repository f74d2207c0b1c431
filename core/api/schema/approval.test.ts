import { describe, expect, it } from "vitest";
import { approvalPhases, approvalStatusSchema, recordedVoteSchema, voteSchema } from "./approval.ts";

const digest = `sha256:${"0f".repeat(32)}`;

describe("voteSchema", () => {
  it("takes a yes with edits and a grant, and the digest that was shown", () => {
    const vote = {
      decision: "approve",
      edits: [{ clamp: "args.amount", max: 500 }],
      grant: { uses: 2 },
      voteFor: digest,
    };
    expect(voteSchema.parse(vote)).toEqual(vote);
  });

  it.each([
    [{}],
    [{ decision: "maybe" }],
    [{ decision: "approve", by: { username: "alice" } }],
    [{ decision: "approve", voteFor: "sha256:abc" }],
    [{ decision: "approve", edits: [{ set: "a" }] }],
    [{ decision: "approve", grant: { uses: 0 } }],
  ])("refuses %j", (vote) => expect(voteSchema.safeParse(vote).success).toBe(false));
});

describe("recordedVoteSchema", () => {
  const vote = {
    by: { username: "alice", groups: [] },
    decision: "deny",
    votedDigest: digest,
    at: "2026-01-31T12:00:00Z",
  };

  it("demands who, what and when", () => {
    expect(recordedVoteSchema.parse(vote)).toEqual(vote);
    for (const field of Object.keys(vote)) {
      expect(recordedVoteSchema.safeParse({ ...vote, [field]: undefined }).success, field).toBe(false);
    }
  });
});

describe("approvalStatusSchema", () => {
  it("takes an empty status, which means Pending, and every phase", () => {
    expect(approvalStatusSchema.parse({})).toEqual({});
    for (const phase of approvalPhases) expect(approvalStatusSchema.parse({ phase }).phase).toBe(phase);
  });
});
