import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { agentPolicySchema, clusterAgentPolicySchema, modifyOperationSchema, policyRuleSchema } from "./policy.ts";

const policy = parse(`
apiVersion: runlog.io/v1alpha1
kind: AgentPolicy
metadata: { name: payments, namespace: agents }
spec:
  mode: Enforce
  selector: { matchLabels: { team: payments } }
  timezone: Europe/Berlin
  actionGroups: { financial_actions: ["payments.*", "stripe.refund"] }
  maxCostPerRun: "1.00"
  blockPII: true
  requireApproval: { actions: [financial_actions], approvers: [security-team] }
  rules:
    - id: big_refund
      name: "Refund over 500"
      when: { tool: "stripe.refund", args.amount: { gt: 500 } }
      action: require_approval
      approvers: ["security-team", "user:alice@example.com"]
      approval: { quorum: 2, expiresAfter: 30m, grantFor: 10m, uses: 1, showArgs: masked, allowScopedGrants: false }
      message: "Refunds over 500 need two people"
      mode: Audit
    - id: redact_mail
      when: { tool: "email.send", args.body: { contains_pii: true } }
      action: modify
      modify:
        - { redact: args.body, entities: [US_SSN, CREDIT_CARD] }
        - { set: args.dry_run, value: true }
status:
  observedGeneration: 3
  mode: Enforce
  rules: 2
  replicas: { enforcing: 3, total: 3, summary: "3/3" }
  decisions: { deny: 12, wouldDeny: 0 }
`) as { kind: string; spec: { rules: object[] } };

const messages = (result: { error?: { issues: readonly { message: string }[] } | undefined }): string[] =>
  (result.error?.issues ?? []).map((issue) => issue.message);

describe("agentPolicySchema", () => {
  it("takes a policy with every field, and changes nothing in it", () => {
    expect(agentPolicySchema.parse(policy)).toEqual(policy);
  });

  it("leaves namespaceSelector to the cluster kind", () => {
    const spec = { ...policy.spec, namespaceSelector: {} };
    expect(agentPolicySchema.safeParse({ ...policy, spec }).success).toBe(false);
    expect(clusterAgentPolicySchema.safeParse({ ...policy, kind: "ClusterAgentPolicy", spec }).success).toBe(true);
  });

  it("names the second rule of the same id", () => {
    const [first] = policy.spec.rules;
    const { error } = agentPolicySchema.safeParse({ ...policy, spec: { rules: [first, first] } });
    expect(error?.issues).toMatchObject([{ path: ["spec", "rules", 1, "id"] }]);
  });

  it("does not fill in the mode: absent is told apart from Enforce", () => {
    expect(agentPolicySchema.parse({ ...policy, spec: {} }).spec).toEqual({});
  });
});

describe("policyRuleSchema", () => {
  it("takes when: {}, and no rule without when", () => {
    expect(policyRuleSchema.safeParse({ id: "r", when: {}, action: "deny" }).success).toBe(true);
    for (const when of [null, undefined, [], "x"]) {
      expect(policyRuleSchema.safeParse({ id: "r", when, action: "deny" }).success).toBe(false);
    }
  });

  it("demands operations with modify, and only there", () => {
    const modify = [{ remove: "args.a" }];
    const demand = ["action modify needs modify; the other actions take none"];
    expect(messages(policyRuleSchema.safeParse({ id: "r", when: {}, action: "modify", modify }))).toEqual([]);
    expect(messages(policyRuleSchema.safeParse({ id: "r", when: {}, action: "modify" }))).toEqual(demand);
    expect(messages(policyRuleSchema.safeParse({ id: "r", when: {}, action: "deny", modify }))).toEqual(demand);
  });
});

describe("modifyOperationSchema", () => {
  it.each([
    [{ set: "a" }, "set and add_default need value; the others take none"],
    [{ remove: "a", value: 1 }, "set and add_default need value; the others take none"],
    [{ set: "a", remove: "a", value: 1 }, "exactly one of redact, set, add_default, remove, clamp, truncate"],
    [{}, "exactly one of redact, set, add_default, remove, clamp, truncate"],
  ])("refuses %j", (operation, message) => {
    expect(messages(modifyOperationSchema.safeParse(operation))).toContain(message);
  });

  it.each([
    { set: "a", value: null },
    { add_default: "a", value: false },
    { truncate: "a", length: 0 },
    { clamp: "a", max: 0 },
  ])("takes %j", (operation) => expect(modifyOperationSchema.safeParse(operation).success).toBe(true));
});
