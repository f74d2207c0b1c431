import { RunlogError, messageOf } from "#api";
import { z } from "zod";
import { ChainVerifier, type ChainEntry } from "./chain.ts";
import { parseRecord } from "./parse-record.ts";
import type { ChainHead } from "#storage";
import type { LogExport, StoredRecord, VerifyReport } from "./run-log.ts";

const headSchema = z.object({ seq: z.int().min(0), hash: z.string().regex(/^[0-9a-f]{64}$/) });
const headerSchema = z.object({
  format: z.literal("runlog/1"),
  anchor: headSchema.nullable(),
  head: headSchema.nullable(),
});
type Header = z.infer<typeof headerSchema>;

/**
 * The export as JSON lines: a header with the ends of the chain, then `{"seq":1,"hash":"…","record":{…}}`, where the text of `record` is exactly what
 * was hashed. Lines carry no line feed.
 */
export async function* exportLines(log: LogExport): AsyncGenerator<string> {
  const header: Header = { format: "runlog/1", anchor: log.anchor ?? null, head: log.head ?? null };
  yield JSON.stringify(header);
  for await (const { seq, hash, body } of log.records) yield `{"seq":${seq},"hash":"${hash}","record":${body}}`;
}

const LINE = /^\{"seq":(0|[1-9]\d{0,15}),"hash":"([0-9a-f]{64})","record":/;

/** One line of an export. Throws RL_INVALID or RL_BAD_JSON, naming the line. */
export function parseExportLine(line: string, number: number): StoredRecord {
  const entry = entryOf(line);
  if (entry === undefined) throw new RunlogError("RL_INVALID", `line ${number}: is not a line of an exported run log`);
  try {
    return { ...entry, record: parseRecord(entry.body) };
  } catch (error) {
    const code = error instanceof RunlogError ? error.code : "RL_INVALID";
    throw new RunlogError(code, `line ${number}: ${messageOf(error)}`, { cause: error });
  }
}

/** The records of an exported file, each checked. */
export async function* readExport(lines: AsyncIterable<string>): AsyncGenerator<StoredRecord> {
  let number = 0;
  for await (const line of lines) {
    number++;
    if (number === 1) parseHeader(line);
    else if (line !== "") yield parseExportLine(line, number);
  }
}

/** Verifies an exported file. Throws RL_INVALID for one that holds single runs only: their records are no chain. */
export async function verifyExport(lines: AsyncIterable<string>, expected?: ChainHead): Promise<VerifyReport> {
  let verifier: ChainVerifier | undefined;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (verifier === undefined) {
      verifier = verifierOf(parseHeader(line), expected);
    } else if (line !== "") {
      const entry = entryOf(line);
      if (entry === undefined) verifier.report(number, "altered", "(number of the line) is not a record");
      else verifier.add(entry);
    }
  }
  if (verifier === undefined) throw new RunlogError("RL_INVALID", "the file is empty");
  return verifier.finish();
}

function verifierOf({ anchor, head }: Header, expected: ChainHead | undefined): ChainVerifier {
  if (anchor === null || head === null) {
    throw new RunlogError(
      "RL_INVALID",
      "the file holds the records of one run only, which are no chain: export a span of time",
    );
  }
  return new ChainVerifier({ anchor, head, expected });
}

function parseHeader(line: string): Header {
  try {
    return headerSchema.parse(JSON.parse(line));
  } catch (error) {
    throw new RunlogError("RL_INVALID", 'line 1: expected the header of an exported run log, {"format":"runlog/1",…}', {
      cause: error,
    });
  }
}

function entryOf(line: string): ChainEntry | undefined {
  const match = LINE.exec(line);
  if (match === null || !line.endsWith("}")) return undefined;
  return { seq: Number(match[1]), hash: match[2] ?? "", body: line.slice(match[0].length, -1) };
}
