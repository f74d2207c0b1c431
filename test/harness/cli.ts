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
  options: { readonly stdin?: string; readonly env?: Record<string, string> } = {},
): Promise<CliResult> {
  let out = "";
  let err = "";
  const code = await runCommand(argv, {
    stdin: Readable.from([Buffer.from(options.stdin ?? "")]),
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: options.env ?? {},
    terminal: { out: false, err: false },
    signal: new AbortController().signal,
  });
  return { code, out, err };
}
