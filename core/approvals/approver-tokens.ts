import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { RunlogError, messageOf, type ApproverIdentity } from "#api";
import { parseDocument } from "yaml";
import { z } from "zod";
import type { Electorate } from "./electorate.ts";

/** Who may approve in `serve`, where no API server vouches for people. */
export interface Approvers {
  /** The person behind a bearer token. Takes the same time whatever the token is. Anyone it knows holds the right to approve (`mayApprove`). */
  identify(token: string): ApproverIdentity | undefined;
  /** How their votes are counted. */
  readonly electorate: Electorate;
  /** What the operator should know, such as a token file that others can read. */
  readonly warnings: readonly string[];
}

export const LOCAL_APPROVER = "local-approver";
export const TOKEN_FILE = "approver-token";
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_APPROVERS = 1000;
const MIN_TOKEN = 16;
const MAX_TOKEN = 512;

/**
 * Writes a new random token to `<stateFolder>/approver-token`, readable by this OS user only (0600), in place of the one of an earlier start.
 * Who holds it counts as every user and group, with quorum 1. Throws RL_FILE_UNREADABLE.
 */
export async function createLocalApprovers(stateFolder: string): Promise<Approvers & { readonly file: string }> {
  const token = randomBytes(32).toString("base64url");
  const file = join(stateFolder, TOKEN_FILE);
  await writePrivately(file, `${token}\n`);
  const approvers = known([{ token, identity: { username: LOCAL_APPROVER, groups: [] } }]);
  return { ...approvers, electorate: { localApprover: LOCAL_APPROVER }, warnings: [], file };
}

/** A new file that nobody else could open at any moment, moved over the old one: neither a looser mode nor a link planted there survives. */
async function writePrivately(file: string, text: string): Promise<void> {
  const next = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(next, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** The local approver's name must not be claimed: were the file left away later, its votes would count for everyone. */
function mayBeApprover(user: string): boolean {
  if (user === LOCAL_APPROVER) return false;
  return !user.startsWith("system:") || user.startsWith("system:serviceaccount:");
}

const name = z.string().min(1).max(317);
const approversFile = z.record(
  z.string().min(MIN_TOKEN).max(MAX_TOKEN),
  z.strictObject({
    user: name.refine(mayBeApprover, { error: "this user name is reserved" }),
    groups: z
      .array(name.refine((group) => !group.startsWith("system:"), { error: "system groups do not approve" }))
      .max(256)
      .default([]),
  }),
);

/**
 * Reads `--approvers FILE`: YAML or JSON, token → `{ user, groups }`. Throws RL_FILE_UNREADABLE, RL_YAML (with line and column) or RL_CONFIG.
 * Messages never show a token.
 */
export async function loadApprovers(file: string): Promise<Approvers> {
  const { text, mode } = await readBounded(file);
  const parsed = approversFile.safeParse(parseFile(file, text));
  if (!parsed.success) throw notApprovers(file, parsed.error.issues);
  const entries = Object.entries(parsed.data);
  if (entries.length === 0) throw new RunlogError("RL_CONFIG", `${file}: names no approver`);
  if (entries.length > MAX_APPROVERS) {
    throw new RunlogError("RL_CONFIG", `${file}: more than ${MAX_APPROVERS} approvers`);
  }
  const approvers = known(
    entries.map(([token, { user, groups }]) => ({ token, identity: { username: user, groups } })),
  );
  const warnings = (mode & 0o077) === 0 ? [] : [`${file} can be read by other users of this machine: chmod 600 it`];
  return { ...approvers, electorate: {}, warnings };
}

async function readBounded(file: string): Promise<{ text: string; mode: number }> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new RunlogError("RL_FILE_UNREADABLE", `${file}: not a regular file`);
    if (found.size > MAX_FILE_BYTES) throw new RunlogError("RL_CONFIG", `${file}: larger than 1 MiB`);
    return { text: await readFile(file, "utf8"), mode: found.mode };
  } catch (error) {
    if (error instanceof RunlogError) throw error;
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Every scalar stays text, so that a token of digits is not taken for a number. */
function parseFile(file: string, text: string): unknown {
  const document = parseDocument(text, { schema: "failsafe", prettyErrors: false });
  const fault = document.errors[0];
  if (fault === undefined) return plain(file, document);
  const before = text.slice(0, fault.pos[0]).split("\n");
  const where = `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  throw new RunlogError("RL_YAML", `${where}: not valid YAML (${fault.code})`);
}

function plain(file: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new RunlogError("RL_YAML", `${file}: aliases are not accepted here`, { cause: error });
  }
}

function notApprovers(file: string, issues: readonly z.core.$ZodIssue[]): RunlogError {
  const issue = issues[0];
  const field = issue?.path.slice(1).join(".") ?? "";
  const what =
    issue?.code === "invalid_key" ? `a token must have ${MIN_TOKEN} to ${MAX_TOKEN} characters` : issue?.message;
  return new RunlogError(
    "RL_CONFIG",
    `${file}: ${field === "" ? "" : `${field}: `}${what ?? "not a list of approvers"}`,
  );
}

interface Known {
  readonly digest: Buffer;
  readonly identity: ApproverIdentity;
}

function known(people: readonly { readonly token: string; readonly identity: ApproverIdentity }[]): Approvers {
  const all = people.map(({ token, identity }): Known => ({ digest: digestOfToken(token), identity }));
  return {
    electorate: {},
    warnings: [],
    identify(token) {
      const digest = digestOfToken(token);
      let found: ApproverIdentity | undefined;
      for (const one of all) if (timingSafeEqual(one.digest, digest)) found = one.identity;
      return found;
    },
  };
}

/** Digests are of equal length, which timingSafeEqual wants, and tell nothing of a token's length. */
function digestOfToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
