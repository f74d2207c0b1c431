import { isRunlogError } from "#api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExportLine, readExport, verifyExport } from "./export.ts";
import { parseRecord } from "./parse-record.ts";
import { review } from "./runlog.fixture.ts";

const HASH = "a".repeat(64);
const HEADER = `{"format":"runlog/1","anchor":{"seq":0,"hash":"${HASH}"},"head":{"seq":1,"hash":"${HASH}"}}`;

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "none";
  } catch (error) {
    return isRunlogError(error) ? error.code : `foreign: ${String(error)}`;
  }
}
async function drain(source: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _item of source) count++;
  return count;
}

describe("reading an exported log from anywhere", () => {
  it("keeps a __proto__ key of the arguments: a replay must decide about what was executed", () => {
    const text = JSON.stringify(review()).replace('{"q":"x"}', '{"__proto__":{"q":1}}');
    const record = parseRecord(text);
    expect(JSON.stringify(record)).toBe(text);
    expect(Object.keys((record as { args: object }).args)).toEqual(["__proto__"]);
  });

  it.each([
    ["no kind", { kind: undefined }, "kind"],
    ["an unknown kind", { kind: "wish" }, "kind"],
    ["no time", { at: "yesterday" }, "at"],
    ["a truth that is none", { truths: [{ rule: "a", truth: 3 }] }, "truths.0.truth"],
    ["a response that is none", { response: {} }, "response.uid"],
  ])("refuses a record with %s and names the field", (_name, change, path) => {
    expect(() => parseRecord(JSON.stringify({ ...review(), ...change }))).toThrow(
      expect.objectContaining({ code: "RL_INVALID", path }),
    );
  });

  it("names the line", () => {
    const line = `{"seq":1,"hash":"${HASH}","record":{"kind":"review"}}`;
    expect(() => parseExportLine(line, 17)).toThrow(/^line 17: /);
    expect(() => parseExportLine("{}", 18)).toThrow(/^line 18: /);
  });

  it("refuses a file without its header, and an empty one", async () => {
    for (const lines of [[], ["{}"], ["not json"], ['{"format":"runlog/2","anchor":null,"head":null}']]) {
      expect(await codeOf(() => verifyExport(from(lines)))).toBe("RL_INVALID");
    }
    expect(await codeOf(() => drain(readExport(from(["{}"]))))).toBe("RL_INVALID");
  });

  it("never fails in another way than with a code, and never calls garbage whole", async () => {
    const garbage = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"seq":1,"hash":"${HASH}","record":${json}}`),
      fc.json().map((json) => `{"seq":1,"hash":"${HASH}","record":{"kind":"review","args":${json}}}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 5 }), async (lines) => {
        const code = await codeOf(() => drain(readExport(from([HEADER, ...lines.filter((line) => line !== "")]))));
        expect(["none", "RL_INVALID", "RL_BAD_JSON"]).toContain(code);
        expect((await verifyExport(from([HEADER, ...lines]))).ok).toBe(false);
      }),
    );
  });
});
