/** One thing that is wrong or doubtful about a policy file, where it stands, and what would be right. */
export interface Finding {
  readonly severity: "error" | "warning";
  /** Kebab-case; docs/policy-reference.md lists them. */
  readonly code: string;
  readonly file: string;
  /** 1-based; absent when the place is unknown (a resource that came without text). */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Dotted path of the field in the file. */
  readonly field: string;
  readonly message: string;
  readonly suggestion?: string | undefined;
  /** The source line. */
  readonly excerpt?: string | undefined;
  /** `Kind/namespace/name` of the policy it belongs to, once that is known. */
  readonly policy?: string | undefined;
}

export type Path = readonly (string | number)[];

/** `spec.rules[0].when["a.b"]` */
export function fieldName(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}
