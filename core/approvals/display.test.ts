import { parseStrictJson, type JsonObject, type JsonValue } from "#api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DISPLAY_BYTES, MAX_STRING_BYTES, clipDisplay, displayArgs, type Mask } from "./display.ts";

function masking(word: string): Mask {
  return (args) => JSON.parse(JSON.stringify(args).replaceAll(word, "<MASKED>")) as JsonObject;
}
const masks = { maskSecrets: masking("s3cr3t"), maskPersonal: masking("alice@example.com") };
const bytes = (value: JsonValue): number => Buffer.byteLength(JSON.stringify(value));

describe("arguments as approvers see them", () => {
  const args = { key: "s3cr3t", to: "alice@example.com" };

  it.each([
    ["masked", { key: "<MASKED>", to: "<MASKED>" }],
    ["full", { key: "<MASKED>", to: "alice@example.com" }],
    ["none", {}],
  ] as const)("%s", (show, expected) => {
    expect(displayArgs(args, { show, ...masks })).toEqual(expected);
  });

  it("are masked before they are cut, so that no half of a secret stays", () => {
    for (let before = MAX_STRING_BYTES - 40; before < MAX_STRING_BYTES; before++) {
      const text = `${"x".repeat(before)}s3cr3t${"y".repeat(9000)}`;
      expect(JSON.stringify(displayArgs({ text }, { show: "full", ...masks }))).not.toContain("s3");
    }
  });
});

describe("a display copy", () => {
  it("leaves small arguments as they are", () => {
    const args = { amount: 900, list: [1, { a: null }], ok: true, text: "ü".repeat(100) };
    expect(clipDisplay(args)).toEqual(args);
  });

  it("cuts a string at 4 KiB between characters and says how long it was", () => {
    const shown = clipDisplay({ text: "€".repeat(3000) })["text"] as string;
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(MAX_STRING_BYTES);
    expect(shown).toMatch(/^€+… \(9000 bytes\)$/);
  });

  it("shows the arguments behind a large one", () => {
    const args: JsonObject = {};
    for (let n = 0; n < 40; n++) args[`filler${n}`] = "x".repeat(4000);
    args["to"] = "attacker@example.com";
    const shown = clipDisplay(args);
    expect(shown["to"]).toBe("attacker@example.com");
    expect(bytes(shown)).toBeLessThanOrEqual(MAX_DISPLAY_BYTES);
  });

  it("says where something is left out", () => {
    expect(clipDisplay({ list: Array.from({ length: 20_000 }, (_, n) => n) })["list"]).toContainEqual(
      expect.stringMatching(/more not shown/),
    );
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`key${n}`, n]));
    expect(clipDisplay(wide)).toHaveProperty("…", expect.stringMatching(/more not shown/));
  });

  it("shows two long keys that begin alike as two", () => {
    const long = "k".repeat(5000);
    expect(Object.values(clipDisplay({ [`${long}1`]: "one", [`${long}2`]: "two" }))).toEqual(["one", "two"]);
  });

  it("keeps __proto__ as a member like any other", () => {
    const args = parseStrictJson('{"__proto__":{"admin":true},"a":1}') as JsonObject;
    const shown = clipDisplay(args);
    expect(JSON.stringify(shown)).toBe('{"__proto__":{"admin":true},"a":1}');
    expect(Object.getPrototypeOf(shown)).toBe(Object.prototype);
    expect("admin" in shown).toBe(false);
  });

  it("is never larger than 32 KiB, nor any string than 4 KiB, whatever it is made of", () => {
    const heavy = fc.oneof(
      fc.string({ maxLength: 30 }).map((text) => text.repeat(2000)),
      fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 600 }),
      fc.dictionary(fc.string({ maxLength: 300 }), fc.string({ maxLength: 400 }), { maxKeys: 400 }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), heavy, { maxKeys: 30 }), (args) => {
        const shown = clipDisplay(args as JsonObject);
        expect(clipDisplay(shown)).toEqual(shown);
        expect(bytes(shown)).toBeLessThanOrEqual(MAX_DISPLAY_BYTES);
        for (const text of strings(shown)) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_STRING_BYTES);
      }),
      { numRuns: 60 },
    );
  });

  it("ends also for deep arguments", () => {
    let deep: JsonValue = "core";
    for (let n = 0; n < 60; n++) deep = n % 2 === 0 ? [deep] : { a: deep };
    expect(JSON.stringify(clipDisplay({ deep }))).toContain("nested too deeply");
  });
});

function strings(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(strings);
}
