import { applyPatch } from "rfc6902";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject, ModifyOperation } from "#api";
import { applyModify, type ModifyFailure } from "./apply.ts";
import { diffArgs } from "./diff.ts";
import { compileEdits } from "./edits.ts";
import type { ModifyResult } from "../model.ts";

function apply(operations: readonly ModifyOperation[], args: JsonObject): ModifyResult | ModifyFailure {
  const { operations: compiled, diagnostics } = compileEdits(operations);
  if (compiled === undefined) throw new Error(JSON.stringify(diagnostics));
  const before = JSON.stringify(args);
  const result = applyModify(compiled, args);
  expect(JSON.stringify(args)).toBe(before);
  return result;
}

function changed(args: JsonObject): ModifyResult {
  return { args, changed: true };
}

describe("modify", () => {
  it("sets, and makes the objects on the way", () => {
    expect(apply([{ set: "args.a.b", value: 1 }], {})).toEqual(changed({ a: { b: 1 } }));
    expect(apply([{ set: "args.items[*].n", value: 0 }], { items: [{ n: 1, k: 2 }, {}] })).toEqual(
      changed({ items: [{ n: 0, k: 2 }, { n: 0 }] }),
    );
    expect(apply([{ set: "args.items[1]", value: "x" }], { items: [1, 2] })).toEqual(changed({ items: [1, "x"] }));
    expect(apply([{ set: "args.a", value: null }], { a: 1 })).toEqual(changed({ a: null }));
  });

  it("says when nothing changed", () => {
    const args = { a: { b: [1, { c: 2 }] } };
    const result = apply(
      [{ set: "args.a", value: { b: [1, { c: 2 }] } }, { remove: "args.x" }, { add_default: "args.a", value: 1 }],
      args,
    );
    expect(result).toEqual({ args, changed: false });
    expect((result as ModifyResult).args).toBe(args);
  });

  it("adds defaults where nothing is; null is something", () => {
    expect(apply([{ add_default: "args.a", value: 5 }], { a: null })).toEqual({ args: { a: null }, changed: false });
    expect(apply([{ add_default: "args.items[*].n", value: 5 }], { items: [{}, { n: 1 }] })).toEqual(
      changed({ items: [{ n: 5 }, { n: 1 }] }),
    );
  });

  it("removes keys and elements", () => {
    expect(apply([{ remove: "args.a" }], { a: 1, b: 2 })).toEqual(changed({ b: 2 }));
    expect(apply([{ remove: "args.items[0]" }], { items: [1, 2] })).toEqual(changed({ items: [2] }));
    expect(apply([{ remove: "args.items[*]" }], { items: [1, 2] })).toEqual(changed({ items: [] }));
    expect(apply([{ remove: "args.*.secret" }], { a: { secret: 1 }, b: { x: 1 } })).toEqual(
      changed({ a: {}, b: { x: 1 } }),
    );
  });

  it("clamps numbers and decimal strings", () => {
    const clamp = [{ clamp: "args.n", min: 1, max: 10 }];
    expect(apply(clamp, { n: 11 })).toEqual(changed({ n: 10 }));
    expect(apply(clamp, { n: "1e9" })).toEqual(changed({ n: "10" }));
    expect(apply(clamp, { n: "0.99999999999999999999" })).toEqual(changed({ n: "1" }));
    expect(apply(clamp, { n: "5.0" })).toEqual({ args: { n: "5.0" }, changed: false });
    expect(apply(clamp, { n: "many" })).toHaveProperty("error");
    expect(apply(clamp, { n: [5] })).toHaveProperty("error");
  });

  it("truncates lists and texts, never through a character", () => {
    const truncate = [{ truncate: "args.x", length: 2 }];
    expect(apply(truncate, { x: [1, 2, 3] })).toEqual(changed({ x: [1, 2] }));
    expect(apply(truncate, { x: "😀😀😀" })).toEqual(changed({ x: "😀😀" }));
    expect(apply(truncate, { x: "😀😀" })).toEqual({ args: { x: "😀😀" }, changed: false });
    expect(apply(truncate, { x: 5 })).toHaveProperty("error");
  });

  it("redacts personal data at any depth", () => {
    const result = apply([{ redact: "args.body" }], {
      body: { text: "mail jane.roe@gmail.com now", n: 1 },
      to: "jane.roe@gmail.com",
    });
    expect(result).toEqual(changed({ body: { text: "mail <EMAIL_ADDRESS> now", n: 1 }, to: "jane.roe@gmail.com" }));
    expect(apply([{ redact: "args", entities: ["US_SSN"] }], { to: "jane.roe@gmail.com" })).toEqual({
      args: { to: "jane.roe@gmail.com" },
      changed: false,
    });
  });

  it("does not let through what it could not redact as a whole", () => {
    expect(apply([{ redact: "args.body" }], { body: "word ".repeat(60_000) })).toHaveProperty("error");
  });

  it.each([
    ["an absent path", {}],
    ["an absent parent", { x: 1 }],
    ["a parent of another kind", { a: "text" }],
    ["an empty list", { a: [] }],
  ])("takes %s for nothing to do under redact, remove, truncate and clamp", (_, args) => {
    const operations = [
      { redact: "args.a.b" },
      { remove: "args.a[*].b" },
      { truncate: "args.a.b", length: 1 },
      { clamp: "args.a[3]", max: 1 },
    ];
    expect(apply(operations, args)).toEqual({ args, changed: false });
  });

  it("fails where something cannot be put", () => {
    expect(apply([{ set: "args.a.b", value: 1 }], { a: "text" })).toHaveProperty("error");
    expect(apply([{ set: "args.a[2]", value: 1 }], { a: [1] })).toHaveProperty("error");
    expect(apply([{ set: "args.a[*].b", value: 1 }], {})).toHaveProperty("error");
    expect(apply([{ add_default: "args.a.b", value: 1 }], { a: null })).toHaveProperty("error");
  });

  it("never touches a prototype", () => {
    for (const path of ['args["__proto__"].polluted', "args.__proto__", "args.a.__proto__.b"]) {
      expect(compileEdits([{ set: path, value: true }]).diagnostics).toMatchObject([
        { code: "bad-modify", severity: "error" },
      ]);
    }
    const args = JSON.parse('{"__proto__": {"x": "jane.roe@gmail.com"}, "a": 1}') as JsonObject;
    const result = apply(
      [{ set: "args.*.x", value: true }],
      JSON.parse('{"__proto__": {"x": 1}}') as JsonObject,
    ) as ModifyResult;
    expect(JSON.stringify(result.args)).toBe('{"__proto__":{"x":true}}');
    expect(Object.getPrototypeOf(result.args)).toBe(Object.prototype);
    expect(JSON.stringify((apply([{ redact: "args" }], args) as ModifyResult).args)).toBe(
      '{"__proto__":{"x":"<EMAIL_ADDRESS>"},"a":1}',
    );
    expect(JSON.stringify((apply([{ remove: "args.a" }], args) as ModifyResult).args)).toBe(
      '{"__proto__":{"x":"jane.roe@gmail.com"}}',
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(apply([{ set: "args.constructor.x", value: 1 }], {})).toEqual(
      changed({ constructor: { x: 1 } } as unknown as JsonObject),
    );
  });

  it.each<[string, ModifyOperation]>([
    ["no verb", { value: 1 }],
    ["two verbs", { set: "args.a", remove: "args.b", value: 1 }],
    ["a missing value", { set: "args.a" }],
    ["a missing length", { truncate: "args.a" }],
    ["missing bounds", { clamp: "args.a" }],
    ["bounds the wrong way round", { clamp: "args.a", min: 2, max: 1 }],
    ["something that belongs to another verb", { remove: "args.a", value: 1 }],
    ["a path outside the arguments", { set: "tool", value: 1 }],
    ["the whole arguments", { remove: "args" }],
    ["a default without a key", { add_default: "args.a[*]", value: 1 }],
  ])("refuses %s", (_, operation) => {
    expect(compileEdits([operation]).diagnostics).toMatchObject([{ code: "bad-modify" }]);
  });
});

const json = fc
  .dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

describe("diffArgs", () => {
  it("leads from the one to the other", () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        // rfc6902 does not apply patches to keys of the prototype.
        fc.pre(!JSON.stringify([before, after]).includes("__proto__"));
        const copy = structuredClone(before);
        expect(applyPatch(copy, [...diffArgs(before, after)]).every((error) => error === null)).toBe(true);
        expect(copy).toEqual(after);
      }),
    );
  });

  it("names only what changed", () => {
    expect(diffArgs({ a: { "b/~": 1, c: 2 }, l: [1, 2, 3] }, { a: { "b/~": 5, d: 1 }, l: [1, 2] })).toEqual([
      { op: "replace", path: "/a/b~1~0", value: 5 },
      { op: "remove", path: "/a/c" },
      { op: "add", path: "/a/d", value: 1 },
      { op: "remove", path: "/l/2" },
    ]);
    const same = { a: [1] };
    expect(diffArgs(same, same)).toEqual([]);
  });
});
