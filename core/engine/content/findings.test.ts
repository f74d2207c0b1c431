import { describe, expect, it } from "vitest";
import type { JsonObject, PolicyRule, PolicySpec } from "#api";
import { compilePolicy } from "../compile/compile-policy.ts";
import { ReviewMemory } from "../evaluate/review-memory.ts";
import type { ReviewInput } from "../model.ts";
import { emptyIndex } from "../rule-index/rule-index.ts";
import { inputOf, policyOf, ruleOf } from "../testing.ts";
import { decide, plan } from "../verdict/plan.ts";
import { type ContentFinding, findingsOf, joinFindings, MAX_FINDINGS } from "./findings.ts";

function found(
  rules: readonly PolicyRule[],
  args: JsonObject,
  rest: Partial<PolicySpec> & { input?: Partial<ReviewInput> } = {},
): readonly ContentFinding[] {
  const { input: more, ...spec } = rest;
  const { policy, diagnostics } = compilePolicy(policyOf({ ...spec, rules: [...rules] }));
  if (policy === undefined) throw new Error(JSON.stringify(diagnostics));
  const input = inputOf({ args, memory: new ReviewMemory(), ...more });
  const verdict = decide(plan(emptyIndex().with({ set: [policy], remove: [] }), input), new Map());
  return findingsOf(verdict, input);
}

const mail = { entity: "EMAIL_ADDRESS", family: "pii" };

describe("findings of matched rules", () => {
  it("name entity, place, offsets, score and the detector's rule, never the value", () => {
    const args = { to: [{ note: "write jane@corp.com" }], query: "password=hunter2!x" };
    const findings = found(
      [ruleOf({ args: { contains_pii: true } }), ruleOf({ "args.query": { contains_secret: true } }, { id: "s" })],
      args,
    );
    expect(findings).toMatchObject([
      { ...mail, path: "args.to[0].note", start: 6, end: 19 },
      { entity: "PASSWORD", family: "secret", path: "args.query", start: 9, end: 18 },
    ]);
    expect(Object.keys(findings[0] ?? {}).toSorted()).toEqual(
      ["end", "entity", "family", "path", "rule", "score", "start"].toSorted(),
    );
    expect(JSON.stringify(findings)).not.toMatch(/jane|hunter/);
  });

  it("are listed once, however many rules found them", () => {
    const rule = ruleOf({ "args.note": { contains_pii: true } });
    const redact = { redact: "args.note" };
    expect(
      found(
        [
          rule,
          { ...rule, id: "b", action: "log" },
          { ...rule, id: "c", when: { args: { contains_pii: ["EMAIL_ADDRESS"] } } },
          { ...rule, id: "d", when: { tool: "*" }, action: "modify", modify: [redact] },
        ],
        { note: "jane@corp.com" },
      ),
    ).toMatchObject([{ ...mail, path: "args.note" }]);
  });

  it("are there for a redaction without a condition, for audit rules, and for every element", () => {
    const redact = { redact: "args.items[*].text", secrets: true };
    const rule = { ...ruleOf({ tool: "*" }), action: "modify" as const, modify: [redact] };
    const args = {
      items: [{ text: "x" }, { text: "jane@corp.com" }, { text: "ghp_16C7e42F292c6912E7710c838347Ae178B4a" }],
    };
    const expected = [
      { entity: "GITHUB_TOKEN", path: "args.items[2].text" },
      { ...mail, path: "args.items[1].text" },
    ];
    expect(found([rule], args)).toMatchObject(expected);
    expect(found([rule], args, { mode: "Audit" })).toMatchObject(expected);
  });

  it("are not there for rules that did not match", () => {
    const rule = ruleOf({ tool: "other", "args.note": { contains_pii: true } });
    expect(found([rule, ruleOf({ tool: "*" }, { id: "b" })], { note: "jane@corp.com" })).toEqual([]);
    expect(found([ruleOf({ not: { "args.note": { contains_pii: true } }, tool: "*" })], { note: "none" })).toEqual([]);
  });

  it("take the name a value stands under for context", () => {
    expect(found([ruleOf({ "args.phone": { contains_pii: true } })], { phone: 4155552671 })).toMatchObject([
      { entity: "PHONE_NUMBER", path: "args.phone", start: 0, end: 10 },
    ]);
    expect(found([ruleOf({ "args.phones[*]": { contains_pii: true } })], { phones: ["4155552671"] })).toHaveLength(1);
    expect(found([ruleOf({ "args.order": { contains_pii: true } })], { order: "4155552671" })).toEqual([]);
    expect(found([ruleOf({ "args.*": { contains_pii: true } })], { phone: "4155552671" })).toEqual([]);
  });

  it("also name other facts", () => {
    expect(found([ruleOf({ user: { contains_pii: true } })], {}, { input: { user: "jane@corp.com" } })).toMatchObject([
      { ...mail, path: "user" },
    ]);
  });

  it("do not tell by a key what they would not tell by a value", () => {
    const findings = found([ruleOf({ args: { contains_pii: true } })], { by: { "joe@corp.com": "jane@corp.com" } });
    expect(findings).toMatchObject([
      { ...mail, path: 'args.by["…"]', end: 12, rule: "in-key/email" },
      { ...mail, path: 'args.by["…"]', end: 13, rule: "email" },
    ]);
    const long = found([ruleOf({ args: { contains_pii: true } })], { ["k".repeat(2000)]: "jane@corp.com" });
    expect(long[0]?.path).toHaveLength(512);
  });

  it("end at a limit, and two lists are joined within it", () => {
    const args = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, `jane${i}@corp.com`]));
    const all = found([ruleOf({ args: { contains_pii: true } })], args);
    expect(all).toHaveLength(MAX_FINDINGS);
    expect(joinFindings(all, all)).toEqual(all);
    const [first, ...others] = all;
    expect(joinFindings(first === undefined ? [] : [first], others)).toEqual(all);
  });
});
