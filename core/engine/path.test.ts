import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "#api";
import { EVERY, type Segment } from "./model.ts";
import { parsePath, printPath, readPath, visitPath } from "./path.ts";

const segment: fc.Arbitrary<Segment> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("a", "a.b", "*", "[0]", "__proto__", "0", 'x"y', "x\\"),
  fc.nat({ max: 9_999_999 }),
  fc.constant(EVERY),
);

function elements(root: JsonValue, text: string): readonly (JsonValue | undefined)[] {
  const found: (JsonValue | undefined)[] = [];
  visitPath(root, parsePath(text) ?? [], (value) => {
    found.push(value);
    return false;
  });
  return found;
}

describe("paths", () => {
  it("reads back what it prints", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (path) => {
        expect(parsePath(printPath(path))).toEqual(path);
      }),
    );
  });

  it.each([
    ".",
    "..a",
    ".a.",
    "[",
    "[x]",
    "[-1]",
    "[1",
    '["a]',
    '["a"',
    "a",
    ".a b",
    '.a"',
    "[12345678]",
    ".a".repeat(65),
  ])("does not take %j for a path", (text) => {
    expect(parsePath(text)).toBeUndefined();
  });

  it("finds own properties only", () => {
    const empty = {};
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(readPath(empty, [key])).toBeUndefined();
      expect(readPath([], [key])).toBeUndefined();
    }
    const own = JSON.parse('{"__proto__": {"a": 1}}') as JsonValue;
    expect(readPath(own, ["__proto__", "a"])).toBe(1);
    expect(readPath([1], ["length"])).toBeUndefined();
    expect(readPath({ 0: "x" }, [0])).toBeUndefined();
    expect(readPath("text", [0])).toBeUndefined();
  });

  it("visits the elements of lists and objects, and says where one lacks the rest", () => {
    expect(elements({ items: [{ price: 1 }, { cost: 2 }, 3, { price: null }] }, ".items[*].price")).toEqual([
      1,
      undefined,
      undefined,
      null,
    ]);
    expect(elements({ a: 1, b: [2] }, ".*")).toEqual([1, [2]]);
    expect(elements({ a: [[1, 2], [3]] }, ".a[*][*]")).toEqual([1, 2, 3]);
    expect(elements({ a: [] }, ".a[*]")).toEqual([]);
    expect(elements({}, ".a[*].b")).toEqual([undefined]);
  });

  it("stops when told", () => {
    let seen = 0;
    visitPath([1, 2, 3], [EVERY], () => ++seen === 2);
    expect(seen).toBe(2);
  });
});
