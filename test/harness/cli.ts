import { Readable } from "node:stream";
import { run as runCommand } from "../../cli/program.ts";

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line in this process, with everything it prints. */
export async function run(
  argv: readonly string[],
  options: {
    readonly stdin?: string;
    readonly env?: Record<string, string>;
    readonly terminal?: boolean;
    readonly signal?: AbortSignal;
    /** Told of each piece as it is printed. */
    readonly onOut?: (text: string) => void;
  } = {},
): Promise<CliResult> {
  let out = "";
  let err = "";
  const code = await runCommand(argv, {
    stdin: Readable.from([Buffer.from(options.stdin ?? "")]),
    out(text) {
      out += text;
      options.onOut?.(text);
    },
    err: (text) => (err += text),
    env: options.env ?? {},
    terminal: { out: options.terminal === true, err: options.terminal === true },
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}
