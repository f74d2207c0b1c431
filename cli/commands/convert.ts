import { readFile, writeFile } from "node:fs/promises";
import { messageOf, RunlogError, type JsonObject } from "#api";
import {
  convertPlainFile,
  hasErrors,
  isPlainFile,
  policyNameOf,
  readPolicyFile,
  readYaml,
  unknownKey,
} from "#policies";
import { stringify } from "yaml";
import { renderFinding } from "../findings.ts";
import { colorsFor, type Io } from "../io.ts";

export interface ConvertFlags {
  readonly output: "yaml" | "json";
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly mode?: "Enforce" | "Audit" | undefined;
  readonly outFile?: string | undefined;
}

/** Turns a plain RunLog file into one AgentPolicy. Nothing is written when the file has an error. */
export async function convert(io: Io, file: string, flags: ConvertFlags): Promise<number> {
  const checked = await readPolicyFile(file, { defaultNamespace: flags.namespace ?? "default", hash: unknownKey });
  const findings = [...checked.findings, ...checked.policies.flatMap((policy) => policy.findings)];
  for (const finding of findings) io.err(renderFinding(finding, colorsFor(io, "err")));
  if (hasErrors(findings)) return 1;
  const value = await policyOf(file, flags);
  const text =
    flags.output === "json"
      ? `${JSON.stringify(value, null, 2)}\n`
      : stringify(value, { aliasDuplicateObjects: false });
  if (flags.outFile === undefined) io.out(text);
  else await write(flags.outFile, text);
  return 0;
}

/** The policy without a namespace unless one was asked for: `kubectl apply -n` then says which. */
async function policyOf(
  file: string,
  { name = policyNameOf(file), namespace, mode }: ConvertFlags,
): Promise<JsonObject> {
  const [document, ...others] = readYaml(await readFile(file, "utf8"), file).documents;
  if (others.length > 0)
    throw new RunlogError("RL_USAGE", `${file} holds ${others.length + 1} documents: convert takes a file with one`);
  if (document === undefined || !isPlainFile(document.value)) {
    throw new RunlogError("RL_USAGE", `${file} is no plain RunLog file: it is a Kubernetes resource already`);
  }
  const { resource } = convertPlainFile(document.value, name, namespace ?? "default");
  const spec = { ...(resource["spec"] as JsonObject), ...(mode === undefined ? {} : { mode }) };
  return { ...resource, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, spec };
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}
