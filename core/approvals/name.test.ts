import { digestOf } from "#api";
import { describe, expect, it } from "vitest";
import { agent, request, requirement } from "./approvals.fixture.ts";
import { approvalName, expiredBefore, ordinalOf, ORDINAL_ANNOTATION, questionOf } from "./name.ts";

const digest = digestOf("an action");
const one = requirement();
const two = requirement({ rule: "other", ruleHash: digestOf("other") });
const base = { identity: agent, digest, requirements: [one, two] };

describe("the name of a request", () => {
  it("is one that Kubernetes accepts", () => {
    expect(approvalName(questionOf(base), 12)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });

  it("does not depend on the order in which rules matched, nor on their words", () => {
    expect(questionOf({ ...base, requirements: [two, { ...one, message: "other words" }] })).toBe(questionOf(base));
  });

  it.each([
    ["namespace", { ...base, identity: { ...agent, namespace: "x" } }],
    ["ServiceAccount", { ...base, identity: { ...agent, serviceAccount: "x" } }],
    ["run", { ...base, identity: { ...agent, run: "x" } }],
    [
      "places where parts end",
      { ...base, identity: { namespace: "agent", serviceAccount: "ssupport-bot", run: "run_1" } },
    ],
    ["action", { ...base, digest: digestOf("another") }],
    ["rules", { ...base, requirements: [one] }],
    [
      "policy",
      { ...base, requirements: [one, requirement({ rule: "other", ruleHash: two.ruleHash, uid: "policy-2" })] },
    ],
    ["text of a rule", { ...base, requirements: [one, { ...two, ruleHash: digestOf("edited") }] }],
  ])("depends on the %s", (_part, other) => {
    expect(questionOf(other)).not.toBe(questionOf(base));
  });

  it("differs each time the question is asked again", () => {
    const names = [0, 1, 2].map((ordinal) => approvalName(questionOf(base), ordinal));
    expect(new Set(names).size).toBe(3);
  });

  it("reads an unreadable count as far too many", () => {
    const asked = request();
    expect(ordinalOf(asked)).toBe(0);
    const metadata = { ...asked.metadata, annotations: { [ORDINAL_ANNOTATION]: "-1", "runlog.io/expired": "many" } };
    expect(ordinalOf({ ...asked, metadata })).toBeGreaterThan(1_000_000);
    expect(expiredBefore({ ...asked, metadata })).toBeGreaterThan(1_000_000);
  });
});
