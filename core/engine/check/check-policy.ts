import type { PolicyResource } from "#api";
import type { RuleDraft } from "../compile/rule.ts";
import type { Findings } from "../diagnostic.ts";

export interface CheckScope {
  readonly resource: PolicyResource;
  readonly drafts: readonly RuleDraft[];
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly findings: Findings;
}

/** What compiles and is still wrong or doubtful. */
export function checkPolicy(scope: CheckScope): void {
  if (scope.drafts.length === 0) scope.findings.warning("empty-policy", ["spec"], "the policy has no rules");
}
