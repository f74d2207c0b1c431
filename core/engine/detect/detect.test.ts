import { describe, expect, it } from "vitest";
import { compileDetector, redactText, redactValue } from "./index.ts";

const pii = compileDetector({ family: "pii" });
const secret = compileDetector({ family: "secret" });

function found(text: string, detector = pii): string[] {
  return detector.findAll(text).findings.map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);
}

describe("personal data", () => {
  it.each([
    ["write to jane.doe@example.com today", "EMAIL_ADDRESS jane.doe@example.com"],
    ["card 4111 1111 1111 1111 please", "CREDIT_CARD 4111 1111 1111 1111"],
    ["ssn 123-45-6789", "US_SSN 123-45-6789"],
    ["call (415) 555-0132 x12", "PHONE_NUMBER (415) 555-0132 x12"],
    ["reach me at +44 7400 126048", "PHONE_NUMBER +44 7400 126048"],
    ["DE89 3704 0044 0532 0130 00", "IBAN_CODE DE89 3704 0044 0532 0130 00"],
    ["from 203.0.113.9 at noon", "IP_ADDRESS 203.0.113.9"],
    ["device 00:1a:2b:3c:4d:5e", "MAC_ADDRESS 00:1a:2b:3c:4d:5e"],
  ])("%s", (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });

  it.each([
    "SELECT id FROM orders WHERE id IN (1779713273, 6610872038) LIMIT 10",
    "build 4091 took 33m 53s, version 10.0.11113.0172",
    "git clone git@github.com:acme/repo-28.git",
    "6bac388f-c163-4681-84f5-285ee9cb10d3 e9770f44a781a4f7a8a7c6d3fc6bdcd9",
    "pid=18043 rss=453938008 id=4501794988949974 seq=4550017828",
    "lat 42.1213173 lon -115.1474459 at 2018-11-15T16:57:02Z",
    "npm i lodash@4.17.21 react@beta.js",
  ])("leaves %s alone", (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe("secrets", () => {
  it.each([
    ["key AKIAIOSFODNN7EXAMPLQ", "AWS_ACCESS_KEY AKIAIOSFODNN7EXAMPLQ"],
    ["export DB_PASSWORD='hunter2!x'", "PASSWORD hunter2!x"],
    ["postgres://app:p4ss@db:5432/x", "CONNECTION_STRING p4ss"],
    ["token: ghp_abcdefghijklmnopqrstuvwxyz0123456789", "GITHUB_TOKEN ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
  ])("%s", (text, expected) => {
    expect(found(text, secret)).toEqual([expected]);
  });

  it.each(["password: ${DB}", "the password is wrong", "max_tokens=4096", "https://user@host/x"])(
    "leaves %s alone",
    (text) => {
      expect(found(text, secret)).toEqual([]);
    },
  );
});

describe("values", () => {
  it("walks objects with key paths and redacts them", () => {
    const value = { contact: { phone: 4155552671 }, list: ["a", "jane@example.com"] };
    const { findings } = pii.findAll(value);
    expect(findings.map(({ type, path }) => [type, path])).toEqual([
      ["PHONE_NUMBER", ["contact", "phone"]],
      ["EMAIL_ADDRESS", ["list", 1]],
    ]);
    expect(redactValue(value, findings)).toEqual({
      contact: { phone: "<PHONE_NUMBER>" },
      list: ["a", "<EMAIL_ADDRESS>"],
    });
  });

  it("answers any, with a key for context, and says when it was cut short", () => {
    expect(pii.any("4155552671", "phone")).toBe(true);
    expect(pii.any("4155552671", "order_id")).toBe(false);
    expect(compileDetector({ family: "pii", maxChars: 4 }).any("aaaaaaaa")).toBe("truncated");
  });

  it("replaces from right to left", () => {
    const text = "a@b.com and 123-45-6789";
    expect(redactText(text, pii.findAll(text).findings)).toBe("<EMAIL_ADDRESS> and <US_SSN>");
  });
});
