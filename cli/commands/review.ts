import { readFile } from "node:fs/promises";
import {
  canonicalJson,
  messageOf,
  parseActionReview,
  parseReviewRequest,
  parseStrictJson,
  RunlogError,
  type JsonValue,
  type ReviewResponse,
} from "#api";
import { hasErrors } from "#policies";
import { renderFinding } from "../findings.ts";
import { colorsFor, readAll, type Io } from "../io.ts";
import { print, printable, type OutputFormat } from "../output.ts";
import { openSandbox } from "../sandbox.ts";

export interface ReviewFlags {
  readonly output: OutputFormat;
  readonly policies: readonly string[];
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hashKeyFile?: string | undefined;
}

/**
 * Decides one review, or several of a JSON Lines file in order, in a sandbox that starts with empty counters and keeps nothing.
 * Exit 0: every action may run; 1: some may not.
 */
export async function review(io: Io, file: string, flags: ReviewFlags): Promise<number> {
  await using sandbox = await openSandbox(flags);
  const { source, decider, caller } = sandbox;
  const findings = source.files.flatMap((one) => [
    ...one.findings,
    ...one.policies.flatMap((policy) => policy.findings),
  ]);
  if (hasErrors(findings)) {
    for (const finding of findings) io.err(renderFinding(finding, colorsFor(io, "err")));
    return 1;
  }
  const answers: ReviewResponse[] = [];
  for (const { value, place } of await readReviews(io, file)) {
    try {
      answers.push(await decider.review(caller, requestOf(value)));
    } catch (error) {
      if (!(error instanceof RunlogError)) throw error;
      throw new RunlogError("RL_INVALID", `${place}: ${error.message}`, { path: error.path, cause: error });
    }
  }
  const [only] = answers;
  print(io, flags.output, answers.length === 1 ? only : { items: answers }, () =>
    answers.map((answer) => line(io, answer)).join(""),
  );
  return answers.every((answer) => answer.allowed) ? 0 : 1;
}

function requestOf(value: JsonValue): ReturnType<typeof parseReviewRequest> {
  const enveloped = typeof value === "object" && value !== null && Object.hasOwn(value, "request");
  return enveloped ? parseActionReview(value) : parseReviewRequest(value, "");
}

/** A file with one JSON document, or JSON Lines. `-` is standard input. */
async function readReviews(io: Io, file: string): Promise<readonly { value: JsonValue; place: string }[]> {
  const text = await readText(io, file);
  try {
    return [{ value: parseStrictJson(text), place: file }];
  } catch (error) {
    const lines = text.split("\n").map((line, i) => ({ line, place: `${file}:${i + 1}` }));
    const filled = lines.filter(({ line }) => line.trim() !== "");
    if (filled.length < 2) throw new RunlogError("RL_BAD_JSON", `${file}: ${messageOf(error)}`, { cause: error });
    return filled.map(({ line, place }) => ({ value: parseLine(line, place), place }));
  }
}

function parseLine(line: string, place: string): JsonValue {
  try {
    return parseStrictJson(line);
  } catch (error) {
    throw new RunlogError("RL_BAD_JSON", `${place}: ${messageOf(error)}`, { cause: error });
  }
}

async function readText(io: Io, file: string): Promise<string> {
  try {
    const bytes = file === "-" ? await readAll(io) : await readFile(file);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function line(io: Io, answer: ReviewResponse): string {
  const colors = colorsFor(io, "out");
  const paint = answer.allowed ? colors.green : answer.decision === "require_approval" ? colors.yellow : colors.red;
  const rule = answer.policy === null ? "" : `  ${answer.policy.name}/${answer.policy.rule}`;
  const changed = answer.args === null ? "" : `\n  args: ${printable(canonicalJson(answer.args))}`;
  const audit = answer.audit.map((one) => `\n  audit: would ${one.decision} by ${one.name}/${one.rule}`).join("");
  return `${paint(answer.decision)}${rule}  ${printable(answer.message || answer.reason)}  (${answer.policiesEvaluated} policies)${changed}${audit}\n`;
}
