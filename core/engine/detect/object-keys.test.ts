import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDetector } from "./compile.ts";
import { redact, redactValue } from "./redact-value.ts";

const pii = compileDetector({ family: "pii" });
const secret = compileDetector({ family: "secret" });
const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

describe("keys of objects", () => {
  it("are looked at as texts whose path ends with them", () => {
    const value = { list: [{ "mail jane@corp.com": 1 }] };
    expect(pii.findAll(value).findings).toEqual([
      {
        type: "EMAIL_ADDRESS",
        path: ["list", 0, "mail jane@corp.com"],
        start: 5,
        end: 18,
        score: 1,
        rule: "in-key/email",
        inKey: true,
      },
    ]);
    expect(pii.any(value)).toBe(true);
    expect(secret.any({ [token]: null })).toBe(true);
    expect(secret.any({ "password=hunter2!x": null })).toBe(true);
    expect(pii.any({ [Buffer.from("write to jane@corp.com please ").toString("base64")]: {} })).toBe(true);
    expect(pii.any(JSON.parse('{"__proto__":{"\uff15\uff13\uff16-32-1234 ssn":1}}'))).toBe(true);
  });

  it("have the keys above them for context, which do not make a name or a password of them", () => {
    expect(pii.any({ phones: { "4155552671": "home" } })).toBe(true);
    expect(pii.any({ orders: { "4155552671": "home" } })).toBe(false);
    expect(secret.any({ password: { minLength12: true, "type:string": 1 } })).toBe(false);
    const named = compileDetector({ family: "pii", entities: ["PERSON", "LOCATION"] });
    expect(named.any({ address: { "line:one": 1, "house number 1234": 2 } })).toBe(false);
  });

  it("have no findings where they are what keys are", () => {
    const value = {
      "2024-01-15T10:30:00Z": 1,
      "0f8fad5b-d9cb-469f-a165-70867728950e": 2,
      "example.com/name": 3,
      "v1.2.3.4-alpha": 4,
      "item-66108720": 5,
      "arn:aws:s3:::bucket": 6,
      "@context": 7,
      "/users/{id}/orders/{orderId}": 8,
      customer_account_identifier_of_parent: 9,
      größe: 10,
    };
    expect(pii.findAll(value)).toEqual({ findings: [], truncated: false });
    expect(secret.findAll(value)).toEqual({ findings: [], truncated: false });
  });

  it("are looked at for entities of a policy's author, also words", () => {
    const detector = compileDetector({ family: "pii", custom: [{ type: "PROJECT", deny: ["heron"] }] });
    expect(detector.findAll({ a: { heron: 1 } }).findings).toMatchObject([{ path: ["a", "heron"], inKey: true }]);
  });

  it("count for the limit of characters", () => {
    const short = compileDetector({ family: "pii", maxChars: 30 });
    expect(short.any({ ["a".repeat(31)]: 1 })).toBe("truncated");
    expect(short.any({ ["a".repeat(30)]: 1 })).toBe(false);
  });
});

describe("redaction of keys", () => {
  it("renames them, in their place, and gives equal ones numbers", () => {
    const value = {
      a: 1,
      "jane@corp.com": 2,
      "<EMAIL_ADDRESS>_2": 3,
      "joe@corp.com": "joe@corp.com",
      "x@corp.com": [],
    };
    const before = structuredClone(value);
    const { value: result, clean } = redact(pii, value);
    expect(JSON.stringify(result)).toBe(
      '{"a":1,"<EMAIL_ADDRESS>":2,"<EMAIL_ADDRESS>_2":3,"<EMAIL_ADDRESS>_3":"<EMAIL_ADDRESS>","<EMAIL_ADDRESS>_4":[]}',
    );
    expect(clean).toBe(true);
    expect(value).toEqual(before);
  });

  it("shares what is under a renamed key", () => {
    const inner = { a: [1] };
    const value = { "jane@corp.com": inner };
    const result = redactValue(value, pii.findAll(value).findings) as Record<string, unknown>;
    expect(result["<EMAIL_ADDRESS>"]).toBe(inner);
  });

  it("loses no value and leaves nothing to be found, whatever the keys", () => {
    const key = fc.oneof(
      fc.constantFrom(
        "jane@corp.com",
        "joe@corp.com",
        "<EMAIL_ADDRESS>",
        "<EMAIL_ADDRESS>_2",
        "__proto__",
        "",
        "536-32-1234",
      ),
      fc.string({ unit: "binary", maxLength: 12 }),
      fc
        .tuple(fc.constantFrom("to ", "ssn ", token), fc.constantFrom("jane@corp.com", "x", "+44 7400 126048"))
        .map((two) => two.join("")),
    );
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 8 }), fc.constantFrom("replace", "remove", "mask"), (keys, kind) => {
        const value = Object.fromEntries(keys.map((name, i) => [name, i]));
        const { value: result, clean } = redact(pii, value, { kind } as { kind: "replace" });
        expect(new Set(Object.values(result as object))).toEqual(new Set(Object.values(value)));
        if (clean) expect(pii.any(result)).toBe(false);
        if (kind !== "mask") expect(clean).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
