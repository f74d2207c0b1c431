import { digestOfText, type PolicyKind, type Requirement } from "#api";

/** What an asking rule says of its approval, with defaults filled in. */
export interface AskSettings {
  readonly quorum: number;
  readonly expiresAfterMs: number;
  readonly grantForMs: number;
  readonly uses: number;
  readonly showArgs: "masked" | "full" | "none";
  readonly allowScopedGrants: boolean;
  readonly allowApproversInNamespace: boolean;
}

/** A matched rule that asks; the engine's `Match` is one. */
export interface AskingRule {
  readonly policy: {
    readonly kind: PolicyKind;
    readonly namespace?: string | undefined;
    readonly name: string;
    readonly uid: string;
  };
  readonly rule: {
    readonly id: string;
    readonly hash: string;
    readonly message: string;
    readonly approvers: readonly string[];
    readonly approval: AskSettings;
  };
}

export interface CombinedSettings {
  readonly uses: number;
  readonly grantForMs: number;
  readonly expiresAfterMs: number;
  readonly showArgs: "masked" | "full" | "none";
}

const strictness = ["none", "masked", "full"] as const;

/** Several rules ask in one request: each number is the smallest, arguments are shown as the strictest wants. At least one rule. */
export function combineSettings(all: readonly CombinedSettings[]): CombinedSettings {
  if (all.length === 0) throw new TypeError("no rule asks");
  return {
    uses: Math.min(...all.map(({ uses }) => uses)),
    grantForMs: Math.min(...all.map(({ grantForMs }) => grantForMs)),
    expiresAfterMs: Math.min(...all.map(({ expiresAfterMs }) => expiresAfterMs)),
    showArgs: strictness.find((level) => all.some(({ showArgs }) => showArgs === level)) ?? "none",
  };
}

/** A policy from a file has no uid: its name stands for it, or rules of the same id in two files would be taken for one. */
function nameAsUid({ kind, namespace = "", name }: AskingRule["policy"]): string {
  const text = `${kind}/${namespace}/${name}`;
  return text.length <= 128 ? text : digestOfText(text);
}

export function requirementOf({ policy, rule }: AskingRule): Requirement {
  return {
    policy: {
      kind: policy.kind,
      ...(policy.namespace === undefined ? {} : { namespace: policy.namespace }),
      name: policy.name,
      uid: policy.uid === "" ? nameAsUid(policy) : policy.uid,
    },
    rule: rule.id,
    ruleHash: rule.hash,
    approvers: [...rule.approvers],
    quorum: rule.approval.quorum,
    message: rule.message,
    ...(rule.approval.allowScopedGrants ? { allowScopedGrants: true } : {}),
    ...(rule.approval.allowApproversInNamespace ? { allowApproversInNamespace: true } : {}),
  };
}
