import { RunlogError } from "#api";
import { describe, expect, it } from "vitest";
import { compileDetector, entityTypes } from "./compile.ts";
import { finder } from "./testing.ts";
import type { DetectOptions } from "./types.ts";

const pii = compileDetector({ family: "pii" });

describe("values", () => {
  it("walks objects and lists with key paths", () => {
    const value = { contact: { phone: 4155552671, home: null }, list: ["a", "jane@corp.com"], n: 4155552671 };
    expect(pii.findAll(value)).toEqual({
      findings: [
        { type: "PHONE_NUMBER", path: ["contact", "phone"], start: 0, end: 10, score: 0.7, rule: "phone-10" },
        { type: "EMAIL_ADDRESS", path: ["list", 1], start: 0, end: 13, score: 1, rule: "email" },
      ],
      truncated: false,
    });
  });

  it("takes context from camelCase, snake_case, kebab-case, parents and a label beside a value", () => {
    for (const value of [
      { customerSsn: "536321234" },
      { "customer-ssn": "536321234" },
      { customer_ssn: 536321234 },
      { ssn: { value: "536321234" } },
      { ssns: ["536321234"] },
      { name: "ssn", value: "536321234" },
    ]) {
      expect(pii.any(value)).toBe(true);
    }
    expect(pii.any({ ssn_hash: "536321234" })).toBe(false);
  });

  it("answers any with a key for context", () => {
    expect(pii.any("4155552671", "phone")).toBe(true);
    expect(pii.any(4155552671, "phone")).toBe(true);
    expect(pii.any("4155552671", "order_id")).toBe(false);
    expect(pii.findAll("4155552671", "phone").findings[0]?.path).toEqual([]);
  });

  it("handles a key called __proto__ like any other", () => {
    const value: unknown = JSON.parse('{"__proto__":{"phone":"4155552671"}}');
    expect(pii.findAll(value).findings[0]?.path).toEqual(["__proto__", "phone"]);
  });

  it("finds names and addresses by their key when asked for", () => {
    const detector = compileDetector({ family: "pii", entities: ["PERSON", "LOCATION", "DATE_TIME"] });
    const value = { first_name: "Mia", file_name: "a.txt", address1: "975 Sunset Drive", dob: "1990-04-05" };
    expect(detector.findAll(value).findings.map(({ type, path }) => [type, path[0]])).toEqual([
      ["PERSON", "first_name"],
      ["LOCATION", "address1"],
      ["DATE_TIME", "dob"],
    ]);
  });
});

describe("limits", () => {
  it("says when a text is too long, and looks at its beginning", () => {
    const short = compileDetector({ family: "pii", maxChars: 64 });
    expect(short.any("a".repeat(65))).toBe("truncated");
    expect(short.any("a".repeat(64))).toBe(false);
    expect(short.any(`jane@corp.com ${"a".repeat(99)}`)).toBe(true);
    expect(short.findAll([`jane@corp.com`, "a".repeat(60)])).toMatchObject({
      truncated: true,
      findings: [{ path: [0] }],
    });
  });

  it("says when a value is too deep or cyclic", () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    expect(pii.any(cyclic)).toBe("truncated");
  });

  it("says when it stopped counting findings, and starts afresh with the next value", () => {
    expect(pii.findAll("a@b.co ".repeat(2000)).truncated).toBe(true);
    expect(pii.findAll("a@b.co").truncated).toBe(false);
  });

  it("says when encoded text exceeds its budget", () => {
    const encoded = Buffer.from("write to jane@corp.com please ").toString("base64");
    expect(pii.any({ attachment: encoded })).toBe(true);
    expect(pii.any(Array.from({ length: 3 }, () => Buffer.from("x".repeat(8000)).toString("base64")).join(" "))).toBe(
      "truncated",
    );
    expect(compileDetector({ family: "pii", decode: false }).any({ attachment: encoded })).toBe(false);
  });
});

describe("options", () => {
  it("reports only what is asked for, at the score asked for", () => {
    const text = "jane@corp.com 415-555-2671";
    expect(finder({ entities: ["PHONE_NUMBER"] })(text)).toEqual(["PHONE_NUMBER 415-555-2671"]);
    expect(finder({ minScore: 0.9 })(text)).toEqual(["EMAIL_ADDRESS jane@corp.com"]);
    expect(finder({ perEntityMinScore: { EMAIL_ADDRESS: 1, PHONE_NUMBER: 0.8 } })(text)).toEqual([
      "EMAIL_ADDRESS jane@corp.com",
    ]);
  });

  it("leaves allowed values alone, without regard to case", () => {
    expect(finder({ allow: ["Support@Corp.com"] })("support@corp.com or jane@corp.com")).toEqual([
      "EMAIL_ADDRESS jane@corp.com",
    ]);
  });

  it.each<[string, Partial<DetectOptions>, string]>([
    ["an unknown entity", { entities: ["US_SNN"] }, "entities[0]"],
    ["an entity of the other family", { entities: ["JWT"] }, "entities[0]"],
    ["a score above one", { minScore: 1.5 }, "minScore"],
    ["a score that is no number", { minScore: Number.NaN }, "minScore"],
    ["a score for an unknown entity", { perEntityMinScore: { X: 0.5 } }, "perEntityMinScore.X"],
    ["a length of zero", { maxChars: 0 }, "maxChars"],
    ["a custom name that is taken", { custom: [{ type: "US_SSN", deny: ["x"] }] }, "custom[0].type"],
    ["a custom name in lower case", { custom: [{ type: "badge", deny: ["x"] }] }, "custom[0].type"],
    ["a custom entity without rules", { custom: [{ type: "BADGE" }] }, "custom[0]"],
    ["a pattern that is no RE2", { custom: [{ type: "BADGE", patterns: ["(?=a)b"] }] }, "custom[0].patterns[0]"],
    ["a pattern that matches nothing", { custom: [{ type: "BADGE", patterns: ["a*"] }] }, "custom[0].patterns[0]"],
  ])("refuses %s", (_, options, path) => {
    try {
      compileDetector({ family: "pii", ...options });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RunlogError);
      expect(error).toMatchObject({ code: "RL_POLICY_INVALID", path });
    }
  });

  it("lists every entity once", () => {
    const names = entityTypes.map(({ type }) => type);
    expect(new Set(names).size).toBe(names.length);
    expect(entityTypes.find(({ type }) => type === "US_SSN")).toMatchObject({ family: "pii", defaultOn: true });
    expect(entityTypes.find(({ type }) => type === "JWT")).toMatchObject({ family: "secret", defaultOn: true });
    expect(entityTypes.find(({ type }) => type === "PERSON")).toMatchObject({ defaultOn: false });
  });
});

describe("entities of a policy's author", () => {
  const find = finder({
    custom: [
      { type: "BADGE", patterns: ["EMP-[0-9]{6}"], context: ["badge"], score: 0.4 },
      { type: "CODENAME", deny: ["Project Falcon"] },
      { type: "MEMBER", patterns: ["[0-9]{10}"], checksum: "luhn" },
    ],
  });

  it("says when there are more matches than it looks at", () => {
    const greedy = compileDetector({ family: "pii", custom: [{ type: "DIGIT", patterns: ["[0-9]"] }] });
    expect(greedy.findAll("7 ".repeat(5000)).truncated).toBe(true);
    expect(greedy.findAll("7 ".repeat(500)).truncated).toBe(false);
  });

  it("finds words, patterns with context, and checksums", () => {
    expect(find("about project falcon, not project falconry")).toEqual(["CODENAME project falcon"]);
    expect(find("EMP-123456")).toEqual([]);
    expect(find("badge EMP-123456")).toEqual(["BADGE EMP-123456"]);
    expect(find("7992739871 1234567897")).toEqual(["MEMBER 1234567897"]);
  });
});
