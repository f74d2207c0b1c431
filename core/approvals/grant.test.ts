import type { Grant, JsonObject } from "#api";
import { describe, expect, it } from "vitest";
import { actionDigest, request } from "./approvals.fixture.ts";
import { coversAction, votedDigestOf, type PresentedAction } from "./grant.ts";

const { spec } = request();
const grant: Grant = { args: { currency: "EUR" } };

function presented(args: JsonObject, action: Partial<PresentedAction["action"]> = {}): PresentedAction {
  const what = { type: "tool_call" as const, tool: "stripe.refund", ...action };
  return {
    digest: actionDigest(args, what.tool),
    action: what,
    args,
    matchesGrant: (conditions, real) => Object.entries(conditions).every(([key, value]) => real[key] === value),
  };
}

describe("what an approval covers", () => {
  it("is the action that was asked for", () => {
    expect(coversAction(spec, undefined, presented({ amount: 900 }))).toBe(true);
    expect(coversAction(spec, undefined, presented({ amount: 901 }))).toBe(false);
    expect(coversAction(spec, undefined, presented({ amount: "900" }))).toBe(false);
  });

  it("is the action that was asked for even where the pattern says otherwise", () => {
    expect(coversAction(spec, grant, presented({ amount: 900 }))).toBe(true);
  });

  it("is, with a pattern, other arguments of the same tool", () => {
    expect(coversAction(spec, grant, presented({ amount: 5, currency: "EUR" }))).toBe(true);
    expect(coversAction(spec, grant, presented({ amount: 5, currency: "USD" }))).toBe(false);
  });

  it.each([
    ["another tool", { tool: "stripe.payout" }],
    ["another kind of action", { type: "message" as const }],
    ["another model", { model: "large" }],
  ])("is not %s", (_what, action) => {
    expect(coversAction(spec, grant, presented({ amount: 5, currency: "EUR" }, action))).toBe(false);
  });

  it("is nothing more when the grant has no pattern, or an empty one", () => {
    expect(coversAction(spec, { uses: 1 }, presented({ amount: 5 }))).toBe(false);
    expect(coversAction(spec, { args: {} }, presented({ amount: 5 }))).toBe(false);
  });
});

describe("the digest of a vote", () => {
  const digest = actionDigest({ amount: 900 });

  it("differs by action, edits and grant, and is the same for nothing in any spelling", () => {
    const votes = [{}, { edits: [{ remove: "args.a" }] }, { grant }, { edits: [{ remove: "args.a" }], grant }];
    const digests = [
      ...votes.map((vote) => votedDigestOf(digest, vote)),
      votedDigestOf(actionDigest({ amount: 1 }), {}),
    ];
    expect(new Set(digests).size).toBe(5);
    expect(votedDigestOf(digest, { edits: [], grant: {} })).toBe(votedDigestOf(digest, {}));
  });

  it("tells a number from a string and one long string from another", () => {
    const set = (value: unknown) => votedDigestOf(digest, { edits: [{ set: "args.account", value }] });
    expect(set("90071992547409931")).not.toBe(set("90071992547409932"));
    expect(set(1)).not.toBe(set("1"));
  });
});
