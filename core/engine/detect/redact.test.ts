import { describe, expect, it } from "vitest";
import { compileDetector } from "./compile.ts";
import { numberTable, type RedactOperator, redactText } from "./redact.ts";
import { redactValue } from "./redact-value.ts";

const pii = compileDetector({ family: "pii" });

function redacted(text: string, operator?: RedactOperator): string {
  return redactText(text, pii.findAll(text).findings, operator);
}

describe("redaction of a text", () => {
  const text = "write jane@corp.com or 4539 1488 0343 6467";

  it("replaces, masks, hashes, removes", () => {
    expect(redacted(text)).toBe("write <EMAIL_ADDRESS> or <CREDIT_CARD>");
    expect(redacted(text, { kind: "replace", with: "[gone]" })).toBe("write [gone] or [gone]");
    expect(redacted(text, { kind: "mask" })).toBe("write ****@***p.com or **** **** **** 6467");
    expect(redacted(text, { kind: "mask", keepLast: 0, char: "#" })).toBe("write ####@####.### or #### #### #### ####");
    expect(redacted(text, { kind: "hash", hash: (value) => `h${value.length}` })).toBe(
      "write <EMAIL_ADDRESS:h13> or <CREDIT_CARD:h19>",
    );
    expect(redacted(text, { kind: "remove" })).toBe("write  or ");
  });

  it("never shows more than half of a short value", () => {
    expect(redactText("call 123456", [{ type: "PHONE_NUMBER", start: 5, end: 11, rule: "x" }], { kind: "mask" })).toBe(
      "call ***456",
    );
  });

  it("gives the same value the same number, over several texts", () => {
    const table = numberTable();
    expect(redacted("a@b.co c@d.co a@b.co", { kind: "number", table })).toBe(
      "<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_2> <EMAIL_ADDRESS_1>",
    );
    expect(redacted("c@d.co", { kind: "number", table })).toBe("<EMAIL_ADDRESS_2>");
  });

  it("keeps offsets exact behind characters of two units and dropped ones", () => {
    expect(redacted("\u{1F600}\u{1F600} jane@corp.com \u{1F600}")).toBe("\u{1F600}\u{1F600} <EMAIL_ADDRESS> \u{1F600}");
    expect(redacted("card \uff14539\u200b 1488 0343\u00a06467\u200b!")).toBe("card <CREDIT_CARD>\u200b!");
  });

  it("leaves JSON valid, also where a number stood", () => {
    const json = '{"phone": 4155552671, "list": [4155552671], "mail": "jane@corp.com"}';
    expect(JSON.parse(redacted(json))).toEqual({
      phone: "<PHONE_NUMBER>",
      list: [4155552671],
      mail: "<EMAIL_ADDRESS>",
    });
    expect(JSON.parse(redacted(json, { kind: "replace", with: 'a "quote"' }))).toMatchObject({ mail: 'a "quote"' });
  });

  it("replaces encoded text as a whole, never in part", () => {
    const encoded = Buffer.from("write to jane@corp.com please").toString("base64");
    expect(redacted(encoded, { kind: "mask" })).toBe("<EMAIL_ADDRESS>");
  });

  it("refuses findings of another text", () => {
    expect(() => redactText("short", [{ type: "US_SSN", start: 0, end: 99, rule: "x" }])).toThrow("outside");
  });
});

describe("redaction of a value", () => {
  it("copies what changes and shares the rest", () => {
    const value = { keep: { a: 1 }, phone: 4155552671, list: ["x", "jane@corp.com"] };
    const result = redactValue(value, pii.findAll(value).findings);
    expect(result).toEqual({ keep: { a: 1 }, phone: "<PHONE_NUMBER>", list: ["x", "<EMAIL_ADDRESS>"] });
    expect((result as typeof value).keep).toBe(value.keep);
    expect(value.phone).toBe(4155552671);
  });

  it("does not fall for __proto__", () => {
    const value: unknown = JSON.parse('{"__proto__":{"email":"jane@corp.com"}}');
    const result = redactValue(value, pii.findAll(value).findings);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"email":"<EMAIL_ADDRESS>"}}');
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });
});
