import { describe, expect, it } from "vitest";
import { parseJson, parseStrictJson } from "./json.ts";
import { hasEscapedName, readTree } from "./json-tree.ts";
import { refusal } from "./testing.ts";

/** What makes V8 expect, as second name after `first`, one that ends in a backslash (nodejs/node#63785). */
function poison(first: string, before = ""): void {
  for (let i = 0; i < 3; i++) JSON.parse(`{"${first}":[],"${before}\\\\":0}`);
}

describe("a document sent earlier cannot change the names of a later one", () => {
  const names: readonly (readonly [string, string, string])[] = [
    ["amoun", String.raw`amoun\u0074`, "amount"],
    ["", String.raw`\"`, '"'],
    ["", String.raw`\n`, "\n"],
    ["", String.raw`\/`, "/"],
    ["größ", String.raw`größ\u0065`, "größe"],
    ["__proto_", String.raw`__proto_\u005f`, "__proto__"],
    ["a b", String.raw`\u0061 b\u0063`, "a bc"],
  ];

  it.each(names)("after `%s\\`: `%s`", (before, written, name) => {
    const first = `first ${name.charCodeAt(name.length - 1)}`;
    poison(first, before);
    const text = `{"${first}":1,"${written}":2}`;
    for (const parse of [parseStrictJson, parseJson]) {
      const value = parse(text) as object;
      expect(Object.keys(value)).toEqual([first, name]);
      expect(Object.getOwnPropertyDescriptor(value, name)?.value).toBe(2);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    }
  });

  it("finds the duplicate that the fault would hide", () => {
    poison("amount", "amoun");
    expect(refusal(() => parseStrictJson(String.raw`{"amount":1,"amoun\u0074":2}`)).code).toBe("RL_DUPLICATE_KEY");
  });
});

describe("hasEscapedName", () => {
  it.each([String.raw`{"\u0061":1}`, String.raw`[{"a":"x"},{"b" : {"c\\" ${" "}: 1}}]`, String.raw`{"a\"b":1}`])(
    "finds one in %s",
    (text) => {
      expect(hasEscapedName(text)).toBe(true);
    },
  );

  it.each([
    "{}",
    '{"a":"b"}',
    String.raw`{"a":"\u0061","b":["\\",":\""]}`,
    String.raw`"\":"`,
    String.raw`["\"a\":1", "b"]`,
  ])("finds none in %s", (text) => expect(hasEscapedName(text)).toBe(false));
});

describe("readTree", () => {
  it.each([
    "null",
    " -1.5e3 ",
    '"a"',
    "[]",
    "[ ]",
    "{}",
    '{ "a" : [ 1 , true , { "b" : null } , [ ] ] , "c" : { } }',
    '[{"a":"]"},"}",",",":"]',
    '{"__proto__":{"a":1},"10":1,"9":2}',
    String.raw`{"a\"b":"c\\","\u00e9":"\ud83d\ude00"}`,
  ])("reads %s as JSON.parse does", (text) => {
    expect(readTree(text, 64)).toStrictEqual(JSON.parse(text));
    expect(JSON.stringify(readTree(text, 64))).toBe(JSON.stringify(JSON.parse(text)));
  });

  it("takes as many levels as it is told", () => {
    const text = '[{"a":[]}]';
    expect(readTree(text, 3)).toEqual([{ a: [] }]);
    expect(refusal(() => readTree(text, 2)).code).toBe("RL_TOO_DEEP");
  });
});
