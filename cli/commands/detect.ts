import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import { closest, isRunlogError, messageOf, parseStrictJson, RunlogError, type JsonValue } from "#api";
import { compileDetector, entityTypes, redactClean, type Detector, type Family } from "#engine";
import { fieldName } from "#policies";
import { readAll, type Io } from "../io.ts";
import { jsonText, print, table, type OutputFormat } from "../output.ts";

export interface DetectFlags {
  readonly output: OutputFormat;
  readonly family: "pii" | "secret" | "all";
  readonly entities?: readonly string[] | undefined;
  readonly minScore?: number | undefined;
  readonly jsonl?: string | undefined;
  /** Prints the text redacted instead of what was found. */
  readonly redact?: boolean | undefined;
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
  if (flags.jsonl !== undefined) return detectLines(io, flags.jsonl, { detectors, redact: flags.redact === true });
  const bytes = file === undefined || file === "-" ? await readAll(io) : await readFileOrSay(file);
  const value = valueOf(bytes.toString("utf8"));
  if (flags.redact === true) {
    const redacted = redactedOf(value, detectors);
    io.out(typeof redacted === "string" ? redacted : `${jsonText(redacted, 2)}\n`);
    return 0;
  }
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

/** Secrets first: what is personal in a part of one would leave the rest of it. */
function detectorsOf({ family: wanted, entities, minScore }: DetectFlags): readonly Detector[] {
  const families: readonly Family[] = wanted === "all" ? ["secret", "pii"] : [wanted];
  const known = entityTypes.filter(({ family }) => families.includes(family));
  for (const name of entities ?? []) {
    if (known.some(({ type }) => type === name)) continue;
    const meant = closest(
      name,
      known.map(({ type }) => type),
    );
    throw new RunlogError(
      "RL_USAGE",
      `--entities: no entity is called ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    );
  }
  return families.flatMap((family) => {
    const own = entities?.filter((name) => known.some((one) => one.type === name && one.family === family));
    if (own?.length === 0) return [];
    const options = {
      ...(own === undefined ? {} : { entities: own }),
      ...(minScore === undefined ? {} : { minScore }),
    };
    return [compileDetector({ family, ...options })];
  });
}

/** Refused rather than half done. */
function redactedOf(value: JsonValue, detectors: readonly Detector[]): JsonValue {
  const detections = detectors.map((detector) => ({ source: {}, detector, key: undefined }));
  const redacted = redactClean(value, detections, { operator: { kind: "replace" } });
  if (redacted.kind === "clean") return redacted.value;
  const why = redacted.kind === "truncated" ? "too long to be scanned whole" : "still not clean after being redacted";
  throw new RunlogError("RL_INVALID", `the text is ${why}`);
}

interface Lines {
  readonly detectors: readonly Detector[];
  readonly redact: boolean;
}

/** One `{id, text}` or `{id, value}` a line in, one `{id, spans}` a line out, or `{id, text}` redacted. */
async function detectLines(io: Io, file: string, { detectors, redact }: Lines): Promise<number> {
  const lines = createInterface({ input: file === "-" ? toStream(io) : createReadStream(file), crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      const { id, field, value } = caseOf(line, `${file}:${number}`);
      const spans = (): Span[] =>
        detectors.flatMap((detector) => detector.findAll(value).findings.map(spanOf)).toSorted(inOrder);
      io.out(`${jsonText(redact ? { id, [field]: redactedOf(value, detectors) } : { id, spans: spans() })}\n`);
    }
  } catch (error) {
    if (isRunlogError(error)) throw error;
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
  return 0;
}

/** Of a text its spans in their order; those of a document stay grouped as they were found. */
function inOrder(a: Span, b: Span): number {
  return a.path === undefined && b.path === undefined ? a.start - b.start : 0;
}

function toStream(io: Io): NodeJS.ReadableStream {
  return io.stdin as unknown as NodeJS.ReadableStream;
}

const valueFields = ["text", "value", "args"] as const;

function caseOf(line: string, place: string): { id: JsonValue; field: string; value: JsonValue } {
  let parsed: JsonValue;
  try {
    parsed = parseStrictJson(line);
  } catch (error) {
    throw new RunlogError("RL_BAD_JSON", `${place}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new RunlogError("RL_INVALID", `${place}: expected an object with id and text`);
  }
  const document = parsed;
  const field = valueFields.find((name) => Object.hasOwn(document, name));
  const value = field === undefined ? undefined : document[field];
  if (field === undefined || value === undefined)
    throw new RunlogError("RL_INVALID", `${place}: expected the field text, value or args`);
  return { id: document["id"] ?? null, field, value };
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

/** JSON is scanned with its key names; anything else, and JSON that would not come out as it went in, as one text. */
function valueOf(text: string): JsonValue {
  try {
    return parseStrictJson(text);
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
