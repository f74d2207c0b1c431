import { readFile, writeFile } from "node:fs/promises";
import { messageOf, RunlogError } from "#api";
import { convertPlainFile, hasErrors, isPlainFile, policyNameOf, readPolicyFile, readYaml } from "#policies";
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
  const checked = await readPolicyFile(file, { defaultNamespace: flags.namespace ?? "default" });
  const findings = [...checked.findings, ...checked.policies.flatMap((policy) => policy.findings)];
  for (const finding of findings) io.err(renderFinding(finding, colorsFor(io, "err")));
  if (hasErrors(findings)) return 1;
  const text = await readFile(file, "utf8");
  const [document] = readYaml(text, file).documents;
  if (document === undefined || !isPlainFile(document.value)) {
    throw new RunlogError("RL_USAGE", `${file} is no plain RunLog file: it is a Kubernetes resource already`);
  }
  const { resource } = convertPlainFile(document.value, flags.name ?? policyNameOf(file), flags.namespace ?? "default");
  const metadata = resource["metadata"] as Record<string, unknown>;
  if (flags.namespace === undefined) delete metadata["namespace"];
  const spec = { ...(flags.mode === undefined ? {} : { mode: flags.mode }), ...(resource["spec"] as object) };
  const value = { ...resource, spec };
  const converted =
    flags.output === "json"
      ? `${JSON.stringify(value, null, 2)}\n`
      : stringify(value, { aliasDuplicateObjects: false });
  if (flags.outFile === undefined) io.out(converted);
  else await write(flags.outFile, converted);
  return 0;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    throw new RunlogError("RL_FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}
