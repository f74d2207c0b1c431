import fc from "fast-check";
import { expect, it } from "vitest";
import { RunlogError } from "./errors.ts";
import { MAX_DEPTH, parseStrictJson } from "./json.ts";

/** A reader without any of the shortcuts: the value of a text, and everything that is wrong with it. */
function readSlowly(text: string): { value: unknown; wrong: ReadonlySet<string> } {
  const wrong = new Set<string>();
  try {
    JSON.parse(text);
  } catch {
    return { value: undefined, wrong: wrong.add("RL_BAD_JSON") };
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];
  return { value: readTokens(tokens, wrong, 0), wrong };
}

function readTokens(tokens: string[], wrong: Set<string>, level: number): unknown {
  if (level > MAX_DEPTH) wrong.add("RL_TOO_DEEP");
  const token = tokens.shift() ?? "";
  if (token === "[") {
    const list: unknown[] = [];
    while (tokens[0] !== "]") {
      list.push(readTokens(tokens, wrong, level + 1));
      if (tokens[0] === ",") tokens.shift();
    }
    tokens.shift();
    return list;
  }
  if (token === "{") return readMembers(tokens, wrong, level);
  if (/^[-0-9]/.test(token) && !isHeld(token)) wrong.add("RL_INEXACT_NUMBER");
  const value: unknown = JSON.parse(token);
  if (typeof value === "string") note(value, undefined, wrong);
  return value;
}

function readMembers(tokens: string[], wrong: Set<string>, level: number): unknown {
  const keys = new Set<string>();
  const members: [string, unknown][] = [];
  if (level + 1 > MAX_DEPTH) wrong.add("RL_TOO_DEEP");
  while (tokens[0] !== "}") {
    const key = JSON.parse(tokens.shift() ?? "") as string;
    note(key, keys, wrong);
    tokens.shift();
    members.push([key, readTokens(tokens, wrong, level + 1)]);
    if (tokens[0] === ",") tokens.shift();
  }
  tokens.shift();
  return Object.fromEntries(members);
}

function note(string: string, keys: Set<string> | undefined, wrong: Set<string>): void {
  if (!string.isWellFormed()) wrong.add("RL_LONE_SURROGATE");
  if (keys?.has(string) === true) wrong.add("RL_DUPLICATE_KEY");
  keys?.add(string);
}

/** Exact rational arithmetic on the token and on what the double is written as. */
function isHeld(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  const [, mantissa = "", exponent = "0"] = /^-?([^eE]+)(?:[eE][+-]?(.*))?$/.exec(token) ?? [];
  if (exponent.length > 6) return false;
  if (Number(exponent) > 400) return !/[1-9]/.test(mantissa);
  const [a, b] = [fraction(token), fraction(String(value))];
  return a.over * b.under === b.over * a.under;
}

function fraction(token: string): { over: bigint; under: bigint } {
  const [mantissa = "", exponent = "0"] = token.toLowerCase().split("e");
  const [whole = "", decimals = ""] = mantissa.split(".");
  const power = Number(exponent) - decimals.length;
  const digits = BigInt(whole + decimals);
  return power >= 0
    ? { over: digits * 10n ** BigInt(power), under: 1n }
    : { over: digits, under: 10n ** BigInt(-power) };
}

const escape = String.raw`\u`;
const inString = [
  "a",
  ":",
  '\\"',
  "\\\\",
  `${escape}d83d`,
  `${escape}de00`,
  `${escape}0061`,
  "\ud83d",
  "é",
  '\\":1',
  "{",
  "1e400",
];
const strings = fc.array(fc.constantFrom(...inString), { maxLength: 3 }).map((parts) => `"${parts.join("")}"`);
const numbers = fc.oneof(
  fc.constantFrom("0", "-0", "1.50", "9007199254740991", "9007199254740992", "0.1", "1e3", "1e-400", "1e400", "1E+2"),
  fc.constantFrom(
    "0.30000000000000004",
    "0.300000000000000041",
    "123456789012345",
    "1234567890123456",
    "12345678901234567",
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const space = fc.constantFrom("", "", " ", "\n\t");
const { value: documents } = fc.letrec<{ value: string }>((tie) => {
  const list = fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`);
  const member = fc.tuple(space, strings, space, tie("value")).map(([a, key, b, value]) => `${a}${key}${b}:${value}`);
  const map = fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(",")}}`);
  const leaf = fc.oneof(strings, numbers, fc.constantFrom("true", "false", "null"));
  const padded = fc.oneof({ maxDepth: 4 }, leaf, map, list);
  return { value: fc.tuple(space, padded, space).map((parts) => parts.join("")) };
});
const depth = fc.constantFrom(0, 0, 0, 0, 60, 70);
const edit = fc.option(fc.tuple(fc.nat(), fc.constantFrom("", '"', ":", ",", "1", "e", "\\", "}", "]", "0", " ")));

it("refuses exactly what is wrong, whatever strings, spaces and numbers look like", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(documents, depth, edit, (document, levels, change) => {
      const nested = "[".repeat(levels) + document + "]".repeat(levels);
      const at = change === null ? 0 : change[0] % nested.length;
      const text = change === null ? nested : nested.slice(0, at) + change[1] + nested.slice(at + 1);
      const { value, wrong } = readSlowly(text);
      let code = "none";
      try {
        expect(parseStrictJson(text)).toStrictEqual(value);
      } catch (error) {
        if (!(error instanceof RunlogError)) throw error;
        code = error.code;
      }
      seen.set(code, (seen.get(code) ?? 0) + 1);
      expect(wrong.size === 0 ? ["none"] : [...wrong], text).toContain(code);
    }),
    { numRuns: 5_000 },
  );
  const codes = ["RL_BAD_JSON", "RL_DUPLICATE_KEY", "RL_INEXACT_NUMBER", "RL_LONE_SURROGATE", "RL_TOO_DEEP", "none"];
  for (const code of codes) expect(seen.get(code) ?? 0, code).toBeGreaterThan(20);
});
