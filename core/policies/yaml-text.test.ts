import { describe, expect, it } from "vitest";
import { readYaml } from "./yaml-text.ts";

function only(text: string) {
  const { findings } = readYaml(text, "p.yaml");
  expect(findings.length, JSON.stringify(findings)).toBeGreaterThan(0);
  return findings[0]!;
}

describe("readYaml", () => {
  it("reads several documents and tells where each field stands", () => {
    const { documents, findings } = readYaml("a: { b: [1, 2] }\n---\nc:\n  d: x\n", "p.yaml");
    expect(findings).toEqual([]);
    expect(documents.map((one) => one.value)).toEqual([{ a: { b: [1, 2] } }, { c: { d: "x" } }]);
    expect(documents[1]!.locate(["c", "d"], false)).toEqual({ line: 4, column: 6 });
    expect(documents[1]!.locate(["c", "d"], true)).toEqual({ line: 4, column: 3 });
    expect(documents[1]!.locate(["c", "missing", "deeper"], false)).toEqual({ line: 3, column: 1 });
  });

  it.each([
    ["a syntax error", "a: [1,", "yaml-syntax", 1],
    ["a tab", "a:\n\tb: 1", "yaml-syntax", 2],
    ["a duplicate key", "a: 1\nb: 2\na: 3", "duplicate-key", 3],
    ["a cyclic alias", "a: &x\n  - *x", "cyclic-alias", 2],
    ["an alias of nothing", "a: *nope", "unknown-alias", 1],
    ["an inexact integer", "a: 12345678901234567890", "inexact-number", 1],
    ["a number out of range", "a: 1e400", "inexact-number", 1],
    ["a number with too many digits", "a: 0.12345678901234567891", "inexact-number", 1],
    ["infinity", "a: .inf", "inexact-number", 1],
    ["binary data", "a: !!binary aGk=", "bad-value", 1],
    ["a map as a key", "{a: 1}: 2", "bad-key", 1],
  ])("refuses %s with its line", (_, text, code, line) => {
    const finding = only(text);
    expect(finding).toMatchObject({ severity: "error", code, line, file: "p.yaml" });
    expect(finding.excerpt).toBe(text.split("\n")[line - 1]);
  });

  it("stops a billion laughs", () => {
    const levels = ["a: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"];
    for (let i = 1; i < 9; i++)
      levels.push(`k${i}: &l${i} [${Array.from({ length: 10 }, () => `*l${i - 1}`).join(", ")}]`);
    expect(only(levels.join("\n")).code).toBe("too-many-values");
  });

  it("survives nothing but brackets", () => {
    expect(only("[".repeat(200_000)).severity).toBe("error");
    expect(only(`a: ${"[".repeat(100)}${"]".repeat(100)}`).code).toBe("too-deep");
  });

  it("keeps __proto__ as an own key", () => {
    const value = readYaml("__proto__: { polluted: true }", "p.yaml").documents[0]!.value as object;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it("takes the decimals people write", () => {
    expect(readYaml("[1.50, .5, 0x10, 100.00, -0.1, 5., 1e3]", "p.yaml").documents[0]!.value).toEqual([
      1.5, 0.5, 16, 100, -0.1, 5, 1000,
    ]);
  });
});
