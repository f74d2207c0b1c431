import { listPolicyFiles, readPolicyFile, unknownKey, type Finding, type PolicyFile } from "#policies";
import { countFindings, renderFinding } from "../findings.ts";
import { colorsFor, type Io } from "../io.ts";
import { print, type OutputFormat } from "../output.ts";

export interface CheckFlags {
  readonly output: OutputFormat;
  readonly namespace: string;
  /** Warnings fail, too. */
  readonly strict?: boolean | undefined;
}

/**
 * `validate` prints errors, `lint` also doubts. Exit 0: fine; 1: a finding that counts; unreadable input throws (exit 2).
 */
export async function check(
  io: Io,
  paths: readonly string[],
  flags: CheckFlags & { readonly warnings: boolean },
): Promise<number> {
  const files: PolicyFile[] = [];
  for (const path of await listPolicyFiles(paths)) {
    files.push(await readPolicyFile(path, { defaultNamespace: flags.namespace, hash: unknownKey }));
  }
  const findings = files.flatMap(findingsOf).filter((finding) => flags.warnings || finding.severity === "error");
  const policies = files.flatMap((file) => file.policies);
  const summary = {
    files: files.length,
    policies: policies.length,
    rules: policies.reduce((sum, policy) => sum + (policy.compiled?.rules.length ?? 0), 0),
    findings,
  };
  print(io, flags.output, summary, () => {
    const colors = colorsFor(io, "out");
    const text = findings.map((finding) => renderFinding(finding, colors)).join("");
    const counted = `${summary.files} ${summary.files === 1 ? "file" : "files"}, ${summary.policies} policies, ${summary.rules} rules`;
    return `${text}${counted}: ${findings.length === 0 ? colors.green("no findings") : countFindings(findings)}\n`;
  });
  const failed = findings.some((finding) => finding.severity === "error" || flags.strict === true);
  return failed ? 1 : 0;
}

function findingsOf(file: PolicyFile): readonly Finding[] {
  return [...file.findings, ...file.policies.flatMap((policy) => policy.findings)];
}
