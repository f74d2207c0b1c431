import { requirementSchema } from "#api";
import { describe, expect, it } from "vitest";
import { combineSettings, requirementOf, type AskingRule } from "./requirements.ts";

const lax = { uses: 5, grantForMs: 600_000, expiresAfterMs: 3_600_000, showArgs: "full" } as const;

describe("several rules that ask", () => {
  it("combine to the smallest numbers", () => {
    const strict = { uses: 2, grantForMs: 900_000, expiresAfterMs: 60_000, showArgs: "full" } as const;
    expect(combineSettings([lax, strict])).toEqual({
      uses: 2,
      grantForMs: 600_000,
      expiresAfterMs: 60_000,
      showArgs: "full",
    });
  });

  it.each([
    [["full", "full"], "full"],
    [["full", "masked"], "masked"],
    [["masked", "none", "full"], "none"],
  ] as const)("of %j show arguments as the strictest wants: %s", (all, expected) => {
    expect(combineSettings(all.map((showArgs) => ({ ...lax, showArgs }))).showArgs).toBe(expected);
  });

  it("cannot be none at all", () => {
    expect(() => combineSettings([])).toThrow(TypeError);
  });

  it("become requirements the resource accepts", () => {
    const rule: AskingRule = {
      policy: { kind: "ClusterAgentPolicy", name: "all", uid: "u" },
      rule: {
        id: "big",
        hash: `sha256:${"0".repeat(64)}`,
        message: "two people",
        approvers: ["security-team"],
        approval: { ...lax, quorum: 2, allowScopedGrants: true, allowApproversInNamespace: false },
      },
    };
    const made = requirementOf(rule);
    expect(requirementSchema.parse(made)).toEqual(made);
    expect(made).toMatchObject({ rule: "big", quorum: 2, allowScopedGrants: true });
    expect(made).not.toHaveProperty("allowApproversInNamespace");
  });
});
