import type { PolicyRule, PolicySpec } from "#api";
import type { Path } from "../diagnostic.ts";

/** A rule and where it stands in the resource. */
export interface PlacedRule {
  readonly rule: PolicyRule;
  readonly path: Path;
  /** Where its `when` stands: a shorthand has none, so findings point at the shorthand. */
  readonly whenPath: Path;
}

/** The rules of a policy: one for each shorthand, then its own. */
export function rulesOf(spec: PolicySpec): readonly PlacedRule[] {
  const rules: PlacedRule[] = [];
  const add = (field: string, rule: PolicyRule): void => {
    const path = ["spec", field];
    rules.push({ rule, path, whenPath: path });
  };
  const { maxCostPerRun, requireApproval } = spec;
  if (maxCostPerRun !== undefined) {
    add("maxCostPerRun", {
      id: "max-cost-per-run",
      when: { cost_this_run: { gt: maxCostPerRun, per: "run" } },
      action: "deny",
      message: `The run would cost more than ${maxCostPerRun.replace("$", "")} USD`,
    });
  }
  if (spec.blockPII === true) {
    add("blockPII", {
      id: "block-pii",
      when: { args: { contains_pii: true } },
      action: "deny",
      message: "The arguments contain personal data",
    });
  }
  if (requireApproval !== undefined) {
    const { actions, approvers, approval } = requireApproval;
    add("requireApproval", {
      id: "require-approval",
      when: { tool: actions },
      action: "require_approval",
      message: "This action needs an approval",
      ...(approvers === undefined ? {} : { approvers }),
      ...(approval === undefined ? {} : { approval }),
    });
  }
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    const path = ["spec", "rules", index];
    rules.push({ rule, path, whenPath: [...path, "when"] });
  }
  return rules;
}
