/** A finding about a policy. An error keeps it from being accepted; a warning does not. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Kebab case, from a fixed set; docs/reference lists them. */
  readonly code: DiagnosticCode;
  /** Keys and indices from the resource's root to the field. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** What to write instead, when one thing suggests itself. */
  readonly suggestion?: string;
}

/** Every finding there is, with what it means. The reference page is generated from this table. */
export const diagnosticCatalog = {
  "bad-condition": "A condition has the wrong form.",
  "unknown-fact": "No fact has this name.",
  "unknown-operator": "No operator has this name.",
  "impossible-type": "The operator cannot be applied to this fact, or not with this operand.",
  "bad-operand": "The operand is not what the operator takes.",
  "bad-pattern": "The regular expression is not valid RE2, or too large.",
  "bad-cel": "The CEL expression does not compile, or is too large.",
  "bad-window": "The window is no duration of at most 31 days.",
  "bad-per": "The counter cannot be kept per this.",
  "too-large": "The condition has too many parts or is nested too deeply.",
  "unknown-zone": "No time zone has this name.",
  "unknown-entity": "No entity type has this name.",
  "bad-entity": "The policy's own entity cannot be looked for.",
  "no-hash-key": "`as: hash` needs a key, and none is configured.",
  "unknown-value": "The fact never has this value.",
  contradiction: "The conditions exclude each other: the rule can never match.",
  unreachable: "The rule can never match.",
  shadowed: "A rule with the same conditions and a stronger action always wins.",
  "negated-absent": "`not` holds wherever the fact is absent.",
  "claim-only": "The rule is narrowed by what the caller claims, which the caller can change.",
  "every-review": "Nothing in the rule can be looked up, so it is evaluated at every review.",
  "stricter-than-policy": "A rule may be laxer than its policy, never stricter.",
  "duplicate-rule": "Two rules have the same id.",
  "bad-approvers": "The approvers cannot be used.",
  "bad-quorum": "The quorum can never be reached.",
  "not-asking": "Only rules that ask for approval have approvers and approval settings.",
  "bad-modify": "A modify operation is incomplete or cannot be applied.",
  "bad-selector": "A selector's requirement is incomplete.",
  "unknown-group": "The name may be meant as an action group.",
  "empty-policy": "The policy has no rules.",
} as const satisfies Record<string, string>;
export type DiagnosticCode = keyof typeof diagnosticCatalog;

export type Path = readonly (string | number)[];

/** Collects findings while a policy is read. */
export class Findings {
  readonly #list: Diagnostic[] = [];

  error(code: DiagnosticCode, path: Path, message: string, suggestion?: string): void {
    this.#add("error", code, { path, message, suggestion });
  }

  warning(code: DiagnosticCode, path: Path, message: string, suggestion?: string): void {
    this.#add("warning", code, { path, message, suggestion });
  }

  #add(
    severity: Diagnostic["severity"],
    code: DiagnosticCode,
    found: { path: Path; message: string; suggestion: string | undefined },
  ): void {
    const { suggestion, ...rest } = found;
    this.#list.push({ severity, code, ...rest, ...(suggestion === undefined ? {} : { suggestion }) });
  }

  get list(): readonly Diagnostic[] {
    return this.#list;
  }

  /** How many of them are errors. */
  get errors(): number {
    return this.#list.filter(({ severity }) => severity === "error").length;
  }

  get failed(): boolean {
    return this.errors > 0;
  }
}
