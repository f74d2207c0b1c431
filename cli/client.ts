import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, parseJson, RunlogError, type ErrorCode, errorTable, type Problem } from "#api";
import type { Io } from "./io.ts";

export interface ServerFlags {
  readonly server: string;
  readonly state: string;
  readonly tokenFile?: string | undefined;
}

/** Talks to a running decision point as a person: with the token of `--token-file`, RUNLOG_TOKEN, or the approver token in the state folder. */
export interface Client {
  get<T>(path: string, query?: Readonly<Record<string, string | undefined>>, timeoutMs?: number): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

const TIMEOUT_MS = 10_000;

export async function createClient(io: Io, flags: ServerFlags): Promise<Client> {
  const token = await findToken(io, flags);
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = async <T>(path: string, init: RequestInit, timeoutMs: number): Promise<T> => {
    const url = new URL(path, flags.server);
    const signal = AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMs)]);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, signal });
      text = await response.text();
    } catch (error) {
      const why = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
      throw new RunlogError("RL_UNREACHABLE", `${flags.server}: ${why}. Is \`runlog serve\` running there?`, {
        cause: error,
      });
    }
    if (!response.ok) throw problemOf(response.status, text);
    return parseJson(text) as T;
  };
  return {
    get: (path, query = {}, timeoutMs = TIMEOUT_MS) => call(withQuery(path, query), { headers }, timeoutMs),
    post: (path, body) =>
      call(
        path,
        { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) },
        TIMEOUT_MS,
      ),
  };
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, value);
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

async function findToken(io: Io, flags: ServerFlags): Promise<string | undefined> {
  if (flags.tokenFile !== undefined) return (await readToken(flags.tokenFile)).trim();
  const given = io.env["RUNLOG_TOKEN"];
  if (given !== undefined && given !== "") return given;
  try {
    return (await readFile(join(flags.state, "approver-token"), "utf8")).trim();
  } catch {
    // No embedded server has run here: the server may not ask for a token at all.
    return undefined;
  }
}

async function readToken(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function problemOf(status: number, text: string): RunlogError {
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(text) as Partial<Problem>;
  } catch {
    // Something else answered there, a proxy for example.
  }
  const code =
    problem.code !== undefined && problem.code in errorTable ? (problem.code as ErrorCode) : "RL_UNREACHABLE";
  return new RunlogError(code, problem.detail ?? `the server answered ${status}: ${text.slice(0, 200)}`, {
    path: problem.path,
  });
}
