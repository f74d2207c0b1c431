import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { compileDetector } from "./compile.ts";
import { countedText, Reads, weightOf, withinReads } from "./counted-text.ts";
import { compileCustom, customReads, CustomScan } from "./custom.ts";

/** What a search for everything reads, and whether it was cut short. */
function readsOf(pattern: string, text: string): { reads: number; cut: boolean; hits: number } {
  const custom = compileCustom({ type: "OWN", patterns: [pattern] }, 0, "custom[0]");
  const reads = customReads();
  const granted = reads.left + 8 * text.length;
  const scan = new CustomScan(text, [], reads);
  scan.add(custom);
  return { reads: granted - reads.left, cut: scan.cut, hits: scan.hits.length };
}

describe("searches for patterns of a policy's author", () => {
  it("read no more than in proportion to the text, though each match begins another search", () => {
    const [small, large] = [16_384, 65_536].map((length) => readsOf("(?s)x.*y|x", "x".repeat(length)));
    expect(small).toMatchObject({ cut: true });
    expect(large).toMatchObject({ cut: true });
    // The last read is the one that was too many.
    expect(small?.reads).toBeLessThanOrEqual(262_144 + 8 * 16_384 + 1);
    expect(large?.reads).toBeLessThanOrEqual(262_144 + 8 * 65_536 + 1);
    expect((large?.reads ?? Infinity) / (small?.reads ?? 1)).toBeLessThan(4);
  });

  it("end for patterns of many instructions long before", () => {
    const large = "(?:a?){1000}(?:a?){1000}[cd]";
    expect(weightOf(RE2JS.compile(large))).toBeGreaterThan(50);
    expect(readsOf(large, "a".repeat(65_536))).toMatchObject({ cut: true, hits: 0 });
  });

  it.each([
    ["EMP-[0-9]{6}", "about EMP-123456 "],
    ["[A-Z]{2}[0-9]{4,8}", "ab AB1234, "],
    ["\\bB-[0-9]{6}\\b", "badge B-123456 or B-12345 "],
    ["(?i)blue heron|red kite|grey owl", "a Blue Heron and a red KITE "],
    ["[a-z.]+@corp\\.internal", "jane.doe@corp.internal, nobody@corp.example "],
    ["x[0-9]{10,40}x", "x01234567890123456789 "],
  ])("have enough for ordinary patterns: %s", (pattern, piece) => {
    expect(readsOf(pattern, piece.repeat(500))).toMatchObject({ cut: false });
    expect(readsOf(pattern, "lorem ipsum dolor ".repeat(7000))).toMatchObject({ cut: false, hits: 0 });
  });

  it("share their reads among the texts of a value, and the next value has them anew", () => {
    const detector = compileDetector({ family: "pii", custom: [{ type: "OWN", patterns: ["(?s)x.*y|x"] }] });
    const texts = Array.from({ length: 256 }, () => "x".repeat(500));
    expect(detector.findAll(texts.slice(0, 1)).truncated).toBe(false);
    expect(detector.findAll(texts).truncated).toBe(true);
    expect(detector.findAll(texts.slice(0, 1)).truncated).toBe(false);
  });
});

describe("a counted text", () => {
  it("finds what the text itself finds", () => {
    const text = "\u{1F600} ab12 é ab34 \ud83d ab5";
    for (const source of ["ab[0-9]+", "\\x{1F600} a", "(?i)É", "[^a]b", "$", "ab5$", "ab"]) {
      const pattern = RE2JS.compile(source);
      const plain = pattern.matcher(text);
      const counted = pattern.matcher(countedText(text, pattern, new Reads(100_000, 100_000)));
      const spans = (matcher: typeof plain): number[][] => {
        const found = [];
        while (matcher.find()) found.push([matcher.start(), matcher.end()]);
        return found;
      };
      expect(spans(counted)).toEqual(spans(plain));
    }
  });

  it("gives other errors on", () => {
    expect(() =>
      withinReads(() => {
        throw new TypeError("other");
      }),
    ).toThrow(TypeError);
  });

  it("is never given more than the most", () => {
    const reads = new Reads(10, 25);
    reads.add(10);
    reads.add(10);
    expect(reads.left).toBe(25);
  });
});
