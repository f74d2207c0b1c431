import { readFile } from "node:fs/promises";
import { labelsSchema, messageOf, RunlogError } from "#api";
import type { Caller } from "#decision";
import { parse } from "yaml";
import { z } from "zod";

const tokenFileSchema = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        token: z.string().min(16, "a token has at least 16 characters").max(512),
        namespace: z.string().min(1).max(63).default("default"),
        serviceAccount: z.string().min(1).max(253),
        pod: z.string().min(1).max(253).optional(),
        labels: labelsSchema.default({}),
        namespaceLabels: labelsSchema.default({}),
      }),
    )
    .min(1)
    .max(10_000),
});

/** Agents of a decision point without a cluster, each by its bearer token. Throws RL_FILE_UNREADABLE or RL_CONFIG. */
export async function readAgentTokens(file: string): Promise<ReadonlyMap<string, Caller>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
  return agentTokensOf(text, file);
}

export function agentTokensOf(text: string, file: string): ReadonlyMap<string, Caller> {
  let raw: unknown;
  try {
    raw = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    // The parser's message quotes the text, which holds secrets.
    throw new RunlogError("RL_CONFIG", `${file}: not valid YAML`, { cause: error });
  }
  const parsed = tokenFileSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RunlogError("RL_CONFIG", `${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`);
  }
  const callers = new Map<string, Caller>();
  for (const { token, ...caller } of parsed.data.tokens) {
    if (callers.has(token)) throw new RunlogError("RL_CONFIG", `${file}: two agents have the same token`);
    callers.set(token, Object.freeze(caller));
  }
  return callers;
}
