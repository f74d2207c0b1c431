import { describe, expect, it } from "vitest";
import type { DetectionSpec, PolicyRule, PolicySpec } from "#api";
import { compilePolicy } from "../compile/compile-policy.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import { contextOf, policyOf, ruleOf } from "../testing.ts";
import { FALSE, TRUE } from "../model.ts";

const badge = { name: "BADGE_ID", patterns: ["\\bB-[0-9]{6}\\b"], score: 0.6 };

function problems(detection: DetectionSpec, rest: Partial<PolicySpec> = {}): readonly Diagnostic[] {
  const { policy, diagnostics } = compilePolicy(policyOf({ rules: [ruleOf({ tool: "x" })], ...rest, detection }));
  expect(policy === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
  return diagnostics;
}

/** Whether a rule of a policy with these settings matches the text under `args.note`. */
function matches(detection: DetectionSpec, text: string, operand: unknown = true, operator = "contains_pii"): boolean {
  const { policy, diagnostics } = compilePolicy(
    policyOf({ detection, rules: [ruleOf({ "args.note": { [operator]: operand } })] }),
  );
  const rule = policy?.rules[0];
  if (rule === undefined) throw new Error(JSON.stringify(diagnostics));
  const truth = evaluateCondition(rule.condition, contextOf({ args: { note: text } }));
  expect([TRUE, FALSE]).toContain(truth);
  return truth === TRUE;
}

describe("a policy's own entities", () => {
  it("count for contains_pii, by name and without", () => {
    const detection = { entities: [badge] };
    expect(matches(detection, "badge B-123456")).toBe(true);
    expect(matches(detection, "badge B-123456", ["BADGE_ID"])).toBe(true);
    expect(matches(detection, "badge B-123456", { entities: ["BADGE_ID"], min_score: 0.7 })).toBe(false);
    expect(matches(detection, "badge B-123456", ["US_SSN"])).toBe(false);
    expect(matches(detection, "badge B-12345")).toBe(false);
    expect(matches({}, "badge B-123456")).toBe(false);
  });

  it("are secrets when they say so", () => {
    const detection = { entities: [{ ...badge, family: "secret" as const }] };
    expect(matches(detection, "B-123456", true, "contains_secret")).toBe(true);
    expect(matches(detection, "B-123456", ["BADGE_ID"], "contains_secret")).toBe(true);
    expect(matches(detection, "B-123456")).toBe(false);
  });

  it("have words that always count, a checksum and context", () => {
    expect(matches({ entities: [{ name: "PROJECT", deny: ["Blue Heron"] }] }, "about blue heron, soon")).toBe(true);
    expect(matches({ entities: [{ name: "PROJECT", deny: ["Blue Heron"] }] }, "about blue herons")).toBe(false);
    const customer = { entities: [{ name: "CUSTOMER_NO", patterns: ["C[0-9]{8}"], checksum: "luhn" as const }] };
    expect(matches(customer, "C18764327")).toBe(false);
    expect(matches(customer, "C49927398")).toBe(false);
    expect(matches(customer, "C12345674")).toBe(true);
    const room = { entities: [{ name: "ROOM", patterns: ["R[0-9]{3}"], score: 0.3, context: ["room"] }] };
    expect(matches(room, "in R101")).toBe(false);
    expect(matches(room, "room R101")).toBe(true);
  });

  it("count for blockPII", () => {
    const { policy } = compilePolicy(policyOf({ blockPII: true, detection: { entities: [badge] } }));
    const [rule] = policy?.rules ?? [];
    expect(rule && evaluateCondition(rule.condition, contextOf({ args: { a: ["B-123456"] } }))).toBe(TRUE);
    expect(rule && evaluateCondition(rule.condition, contextOf({ args: { a: ["B-12"] } }))).toBe(FALSE);
  });
});

describe("settings for all rules of a policy", () => {
  const ssn = "ssn 536-32-1234";

  it("allow values, test values and private addresses", () => {
    expect(matches({}, "jane@corp.com")).toBe(true);
    expect(matches({ allow: ["Jane@corp.com"] }, "jane@corp.com")).toBe(false);
    expect(matches({}, "card 4111 1111 1111 1111")).toBe(true);
    expect(matches({ allowTestValues: true }, "card 4111 1111 1111 1111")).toBe(false);
    expect(matches({}, "from address 192.168.1.17")).toBe(true);
    expect(matches({ publicAddressesOnly: true }, "from address 192.168.1.17")).toBe(false);
  });

  it("the nearest score counts: a rule's, the entity's, the policy's", () => {
    expect(matches({ entities: [badge], minScore: 0.6 }, "B-123456")).toBe(true);
    expect(matches({ entities: [badge], perEntity: { BADGE_ID: { minScore: 0.6 } }, minScore: 0.9 }, "B-123456")).toBe(
      true,
    );
    expect(matches({ perEntity: { US_SSN: { minScore: 1 } } }, "536-32-1234")).toBe(false);
    expect(matches({ perEntity: { US_SSN: { minScore: 1 } } }, ssn, { min_score: 0.5 })).toBe(true);
    expect(matches({ perEntity: { EMAIL_ADDRESS: { minScore: 1 } } }, ssn)).toBe(true);
  });
});

describe("what is wrong with them is told with its place", () => {
  const entities = ["spec", "detection", "entities"];
  it.each<[string, DetectionSpec, string, (string | number)[]]>([
    [
      "a broken pattern",
      { entities: [{ name: "A", patterns: ["ok", "("] }] },
      "bad-pattern",
      [...entities, 0, "patterns", 1],
    ],
    [
      "a look-ahead",
      { entities: [{ name: "A", patterns: ["(?=a)b"] }] },
      "bad-pattern",
      [...entities, 0, "patterns", 0],
    ],
    [
      "a pattern of nothing",
      { entities: [{ name: "A", patterns: ["a*"] }] },
      "bad-pattern",
      [...entities, 0, "patterns", 0],
    ],
    [
      "patterns that are too large together",
      { entities: ["A", "B", "C", "D"].map((name) => ({ name, patterns: ["(abcd[0-9]){500}"] })) },
      "bad-pattern",
      [...entities, 2, "patterns", 0],
    ],
    ["a built-in name", { entities: [badge, { ...badge, name: "US_SSN" }] }, "bad-entity", [...entities, 1, "name"]],
    [
      "a phrase for context",
      { entities: [{ ...badge, context: ["badge", "staff id"] }] },
      "bad-entity",
      [...entities, 0, "context", 1],
    ],
    ["an entity that never counts", { entities: [{ ...badge, score: 0.4 }] }, "bad-entity", [...entities, 0, "score"]],
    [
      "too many words",
      {
        entities: Array.from({ length: 5 }, (_, i) => ({
          name: `W${i}`,
          deny: Array.from({ length: 256 }, (__, n) => `w${n}`),
        })),
      },
      "bad-entity",
      [...entities, 4, "deny"],
    ],
    [
      "a score for nobody",
      { perEntity: { PHONE_NUMBR: { minScore: 0.5 } } },
      "unknown-entity",
      ["spec", "detection", "perEntity", "PHONE_NUMBR"],
    ],
  ])("%s", (_, detection, code, path) => {
    expect(problems(detection)).toMatchObject([{ severity: "error", code, path }]);
  });

  it("misspelt names of own entities are known", () => {
    const rule = (when: unknown): PolicyRule => ruleOf(when);
    const near = { code: "unknown-entity", suggestion: "BADGE_ID" };
    expect(
      problems({ entities: [badge] }, { rules: [rule({ "args.x": { contains_pii: ["BADGE_IDS"] } })] }),
    ).toMatchObject([near]);
    const redact = { redact: "args.x", entities: ["BADGE-ID"] };
    expect(
      problems({ entities: [badge] }, { rules: [{ ...rule({ tool: "x" }), action: "modify", modify: [redact] }] }),
    ).toMatchObject([{ ...near, path: ["spec", "rules", 0, "modify", 0, "entities"] }]);
    expect(
      problems({ entities: [badge] }, { rules: [rule({ "args.x": { contains_secret: ["BADGE_ID"] } })] }),
    ).toMatchObject([{ code: "unknown-entity", suggestion: "contains_pii" }]);
  });

  it("a broken entity is reported once, not again where rules name it", () => {
    const broken = { entities: [{ name: "A_B", patterns: ["("] }] };
    expect(problems(broken, { rules: [ruleOf({ "args.x": { contains_pii: ["A_B"] } })] })).toHaveLength(1);
  });
});
