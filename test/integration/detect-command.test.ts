/** `runlog detect` as people and pipelines call it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../harness/cli.ts";

const text = "mail jane@corp.com, password=hunter2!x";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runlog-detect-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function found(argv: readonly string[], stdin = text): Promise<readonly string[]> {
  const { code, out } = await run(["detect", "--output", "json", ...argv], { stdin });
  expect(code).toBe(0);
  const { findings } = JSON.parse(out) as { findings: readonly { type: string; start: number; end: number }[] };
  expect(out).not.toMatch(/jane|hunter/);
  return findings.map(({ type, start, end }) => `${type} ${start}-${end}`).toSorted();
}

describe("runlog detect", () => {
  it("reads standard input or a file and names both families, never the value", async () => {
    const all = ["EMAIL_ADDRESS 5-18", "PASSWORD 29-38"];
    expect(await found([])).toEqual(all);
    expect(await found(["-"])).toEqual(all);
    const file = join(folder, "a.txt");
    await writeFile(file, text);
    expect(await found([file])).toEqual(all);
    expect(await found(["--family", "pii"])).toEqual(["EMAIL_ADDRESS 5-18"]);
    expect(await found(["--family", "secret"])).toEqual(["PASSWORD 29-38"]);
  });

  it("looks for single entities of either family", async () => {
    expect(await found(["--entities", "EMAIL_ADDRESS"])).toEqual(["EMAIL_ADDRESS 5-18"]);
    expect(await found(["--entities", "PASSWORD,US_SSN"])).toEqual(["PASSWORD 29-38"]);
    expect(await run(["detect", "--entities", "EMAIL_ADRESS"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean EMAIL_ADDRESS?"),
    });
    expect(await run(["detect", "--family", "pii", "--entities", "PASSWORD"])).toMatchObject({ code: 2 });
  });

  it("counts from a score on", async () => {
    expect(await found(["--min-score", "1"], "536-32-1234")).toEqual([]);
    expect(await found(["--min-score", "0.5"], "536-32-1234")).toEqual(["US_SSN 0-11"]);
    expect(await run(["detect", "--min-score", "2"])).toMatchObject({ code: 2 });
  });

  it("prints the text redacted, as it stood otherwise", async () => {
    const { out } = await run(["detect", "--redact"], { stdin: `${text}\nsecond line\n` });
    expect(out).toBe("mail <EMAIL_ADDRESS>, password=<PASSWORD>\nsecond line\n");
    expect((await run(["detect", "--redact", "--family", "secret"], { stdin: text })).out).toBe(
      "mail jane@corp.com, password=<PASSWORD>",
    );
  });

  it("reads JSON with its keys, and leaves it JSON", async () => {
    const document = JSON.stringify({ phone: 4155552671, order: 4155552671, to: ["jane@corp.com"] });
    expect(await found([], document)).toEqual(["EMAIL_ADDRESS 0-13", "PHONE_NUMBER 0-10"]);
    expect(JSON.parse((await run(["detect", "--redact"], { stdin: document })).out)).toEqual({
      phone: "<PHONE_NUMBER>",
      order: 4155552671,
      to: ["<EMAIL_ADDRESS>"],
    });
    // A number that no double holds would come out as another one: the document is taken as a text.
    const exact = '{"n": 12345678901234567890, "to": "jane@corp.com"}';
    expect((await run(["detect", "--redact"], { stdin: exact })).out).toBe(
      '{"n": 12345678901234567890, "to": "<EMAIL_ADDRESS>"}',
    );
  });

  it("refuses to redact what it could not scan whole", async () => {
    const { code, out, err } = await run(["detect", "--redact"], { stdin: "word ".repeat(60_000) });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("too long to be scanned whole");
  });

  it("reads a case a line, and redacts a line when asked", async () => {
    const file = join(folder, "cases.jsonl");
    const lines = [
      { id: 1, text },
      { id: "b", value: { phone: 4155552671 } },
      { id: "c", text: "nothing" },
    ];
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n\n"));
    const parsed = (out: string): unknown[] =>
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
    expect(parsed((await run(["detect", "--jsonl", file])).out)).toEqual([
      {
        id: 1,
        spans: [
          { type: "EMAIL_ADDRESS", start: 5, end: 18, score: expect.any(Number) },
          { type: "PASSWORD", start: 29, end: 38, score: expect.any(Number) },
        ],
      },
      { id: "b", spans: [{ type: "PHONE_NUMBER", start: 0, end: 10, score: expect.any(Number), path: "phone" }] },
      { id: "c", spans: [] },
    ]);
    expect(parsed((await run(["detect", "--jsonl", file, "--redact"])).out)).toEqual([
      { id: 1, text: "mail <EMAIL_ADDRESS>, password=<PASSWORD>" },
      { id: "b", value: { phone: "<PHONE_NUMBER>" } },
      { id: "c", text: "nothing" },
    ]);
  });

  it.each<[string, string, string]>([
    ["no JSON", "{", "RL_BAD_JSON"],
    ["no object", "[1]", "RL_INVALID"],
    ["no text", '{"id": 1}', "RL_INVALID"],
  ])("says which line has %s", async (_, bad, code) => {
    const file = join(folder, "bad.jsonl");
    await writeFile(file, `{"id": 0, "text": "x"}\n${bad}\n`);
    const result = await run(["detect", "--jsonl", file]);
    expect(result.code).toBe(2);
    expect(result.err).toContain(`${file}:2`);
    expect(result.err).toContain(code);
  });

  it("says that a file is not there", async () => {
    for (const argv of [
      ["detect", join(folder, "nowhere")],
      ["detect", "--jsonl", join(folder, "nowhere")],
    ])
      expect(await run(argv)).toMatchObject({ code: 2, err: expect.stringContaining("RL_FILE_UNREADABLE") });
  });
});
