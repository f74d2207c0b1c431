import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDetector } from "./compile.ts";
import { fold } from "./fold.ts";
import { numberTable, type RedactOperator, redactText } from "./redact.ts";
import { redact } from "./redact-value.ts";

const detectors = [compileDetector({ family: "pii" }), compileDetector({ family: "secret" })];
const [pii = compileDetector({ family: "pii" })] = detectors;

/** Pieces that make findings likely, so that random text is not merely clean. */
const piece = fc.oneof(
  fc.constantFrom(
    "jane@corp.com",
    "415-555-2671",
    "+44 7400 126048",
    "4539 1488 0343 6467",
    "536-32-1234",
    "DE89370400440532013000",
    "203.0.113.9",
    "00:1a:2b:3c:4d:5e",
    "4155552671",
    "phone",
    "ssn",
    "order id",
    "call",
    "card",
    ": ",
    "=",
    " ",
    ", ",
    "\n",
    '"',
    "'",
    "(",
    ")",
    "-",
    ".",
    "/",
    "::",
    "@",
    "password=",
    "hunter2!x",
    "\u{1F600}",
    "\uff14",
    "\u200b",
    "%40",
    "\\u0040",
    "é",
    "电话",
    "<PHONE_NUMBER>",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.stringMatching(/^[0-9 .+()-]{1,16}$/),
);
const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(""));
const runs = { numRuns: 400 };

describe("for any text", () => {
  it("findings are ordered, do not overlap, and lie inside the text", () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const detector of detectors) {
          let at = 0;
          for (const { start, end, score } of detector.findAll(value).findings) {
            expect(start).toBeGreaterThanOrEqual(at);
            expect(end).toBeGreaterThan(start);
            expect(score).toBeGreaterThanOrEqual(0.5);
            expect(score).toBeLessThanOrEqual(1);
            at = end;
          }
          expect(at).toBeLessThanOrEqual(value.length);
        }
      }),
      runs,
    );
  });

  it("any agrees with findAll, and the same text is found the same again", () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const detector of detectors) {
          const { findings } = detector.findAll(value);
          expect(detector.any(value)).toBe(findings.length > 0);
          expect(detector.findAll(value).findings).toEqual(findings);
        }
      }),
      runs,
    );
  });

  it.each<[string, () => RedactOperator]>([
    ["replace", () => ({ kind: "replace" })],
    ["number", () => ({ kind: "number", table: numberTable() })],
    ["mask", () => ({ kind: "mask" })],
    ["hash", () => ({ kind: "hash", hash: (value) => `h${value.length}` })],
  ])("after %s a second scan is clean", (_, operator) => {
    fc.assert(
      fc.property(text, (value) => {
        const result = redact(pii, value, operator());
        expect(result.clean).toBe(true);
        expect(pii.findAll(result.value).findings).toEqual([]);
      }),
      runs,
    );
  });

  it("redacted JSON is still JSON, and clean", () => {
    const document = fc.dictionary(
      fc.constantFrom("phone", "order_id", "note", "ssn", "__proto__"),
      fc.oneof(text, fc.integer()),
    );
    fc.assert(
      fc.property(document, (value) => {
        const json = JSON.stringify(value);
        expect(() => void JSON.parse(redactText(json, pii.findAll(json).findings))).not.toThrow();
        expect(pii.any(redact(pii, value).value)).toBe(false);
      }),
      runs,
    );
  });

  it("no finding reaches across two strings of a document", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[0-9a-z@. +()-]{0,12}$/), { minLength: 2, maxLength: 6 }), (parts) => {
        const json = JSON.stringify(parts);
        for (const { start, end } of pii.findAll(json).findings) expect(json.slice(start, end)).not.toContain('"');
      }),
      runs,
    );
  });

  it("folding keeps a place in the original for every character", () => {
    fc.assert(
      fc.property(text, (value) => {
        const { text: folded, starts, ends } = fold(value, true);
        if (starts === undefined || ends === undefined) {
          expect(folded).toBe(value);
          return;
        }
        let at = 0;
        for (let i = 0; i < folded.length; i++) {
          expect(starts[i]).toBeGreaterThanOrEqual(at);
          expect(ends[i]).toBeGreaterThan(starts[i] ?? 0);
          at = ends[i] ?? 0;
        }
        expect(at).toBeLessThanOrEqual(value.length);
      }),
      runs,
    );
  });
});
