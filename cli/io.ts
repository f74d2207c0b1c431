import picocolors from "picocolors";

/** Where a command reads and writes, so that two can run in one test. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Colours and progress are for terminals only. */
  readonly terminal: { readonly out: boolean; readonly err: boolean };
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours on a terminal unless NO_COLOR is set (no-color.org); FORCE_COLOR turns them on anywhere. */
export function colorsFor(io: Io, stream: "out" | "err"): Colors {
  const { NO_COLOR: none, FORCE_COLOR: force } = io.env;
  const wanted =
    force !== undefined && force !== "" && force !== "0" ? true : (none ?? "") === "" && io.terminal[stream];
  return picocolors.createColors(wanted);
}

/** The longest input a command reads from standard input, in bytes. */
const MAX_INPUT = 64 * 1024 * 1024;

export async function readAll(io: Io): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    size += chunk.length;
    if (size > MAX_INPUT) throw new Error(`more than ${MAX_INPUT} bytes on standard input`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
