import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import { messageOf, parseStrictJson, RunlogError, type JsonValue } from "#api";
import { compileDetector, type Detector, type Family } from "#engine";
import { fieldName } from "#policies";
import { readAll, type Io } from "../io.ts";
import { print, table, type OutputFormat } from "../output.ts";

export interface DetectFlags {
  readonly output: OutputFormat;
  readonly family: "pii" | "secret" | "all";
  readonly entities?: readonly string[] | undefined;
  readonly minScore?: number | undefined;
  readonly jsonl?: string | undefined;
}

interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  readonly path?: string;
}

/** Shows what the detector finds, never the value itself. Exit 0 whether or not something is found. */
export async function detect(io: Io, file: string | undefined, flags: DetectFlags): Promise<number> {
  const detectors = detectorsOf(flags);
  if (flags.jsonl !== undefined) return detectLines(io, flags.jsonl, detectors);
  const bytes = file === undefined || file === "-" ? await readAll(io) : await readFileOrSay(file);
  const value = valueOf(bytes.toString("utf8"));
  const scans = detectors.map((detector) => detector.findAll(value));
  const findings = scans.flatMap((scan) => scan.findings);
  const truncated = scans.some((scan) => scan.truncated);
  print(io, flags.output, { findings, truncated }, () => {
    const note = truncated ? "The text was too long to be scanned whole; a policy treats it as a match.\n" : "";
    if (findings.length === 0) return `Nothing found.\n${note}`;
    return `${table(findings, [
      { title: "type", value: (one) => one.type },
      { title: "field", value: (one) => fieldName(one.path) || "-" },
      { title: "start", value: (one) => String(one.start) },
      { title: "end", value: (one) => String(one.end) },
      { title: "score", value: (one) => one.score.toFixed(2) },
      { title: "rule", value: (one) => one.rule },
    ])}${note}`;
  });
  return 0;
}

function detectorsOf(flags: DetectFlags): readonly Detector[] {
  const families: readonly Family[] = flags.family === "all" ? ["pii", "secret"] : [flags.family];
  try {
    return families.map((family) =>
      compileDetector({
        family,
        ...(flags.entities === undefined ? {} : { entities: flags.entities }),
        ...(flags.minScore === undefined ? {} : { minScore: flags.minScore }),
      }),
    );
  } catch (error) {
    throw new RunlogError("RL_USAGE", messageOf(error), { cause: error });
  }
}

/** One `{id, text}` or `{id, value}` a line in, one `{id, spans}` a line out. */
async function detectLines(io: Io, file: string, detectors: readonly Detector[]): Promise<number> {
  const lines = createInterface({ input: file === "-" ? toStream(io) : createReadStream(file), crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      const { id, value } = caseOf(line, `${file}:${number}`);
      const spans = detectors.flatMap((detector) => detector.findAll(value).findings.map(spanOf));
      io.out(`${JSON.stringify({ id, spans })}\n`);
    }
  } catch (error) {
    if (error instanceof RunlogError) throw error;
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
  return 0;
}

function toStream(io: Io): NodeJS.ReadableStream {
  return io.stdin as unknown as NodeJS.ReadableStream;
}

function caseOf(line: string, place: string): { id: JsonValue; value: JsonValue } {
  let parsed: JsonValue;
  try {
    parsed = parseStrictJson(line);
  } catch (error) {
    throw new RunlogError("RL_BAD_JSON", `${place}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new RunlogError("RL_INVALID", `${place}: expected an object with id and text`);
  }
  const value = parsed["text"] ?? parsed["value"] ?? parsed["args"];
  if (value === undefined) throw new RunlogError("RL_INVALID", `${place}: expected the field text, value or args`);
  return { id: parsed["id"] ?? null, value };
}

function spanOf(finding: {
  type: string;
  start: number;
  end: number;
  score: number;
  path: readonly (string | number)[];
}): Span {
  const { type, start, end, score, path } = finding;
  return { type, start, end, score, ...(path.length === 0 ? {} : { path: fieldName(path) }) };
}

/** JSON is scanned with its key names; anything else as one text. */
function valueOf(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

async function readFileOrSay(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}
