import { closest, type PolicyResource, ruleActions } from "#api";
import { describe } from "../compile/meaning.ts";
import type { RuleDraft } from "../compile/rule.ts";
import type { Findings, Path } from "../diagnostic.ts";
import type { WhenNode } from "../parse/ast.ts";
import { checkApprovals } from "./approvals.ts";
import { checkConditions } from "./conditions.ts";

export interface CheckScope {
  readonly resource: PolicyResource;
  readonly drafts: readonly RuleDraft[];
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly findings: Findings;
}

/** What compiles and is still wrong or doubtful. */
export function checkPolicy(scope: CheckScope): void {
  const { resource, drafts, findings } = scope;
  if (drafts.length === 0) findings.warning("empty-policy", ["spec"], "the policy has no rules, so it decides nothing");
  const audited = resource.spec.mode === "Audit";
  for (const draft of drafts) {
    const { rule, path } = draft.placed;
    if (audited && rule.mode === "Enforce") {
      findings.error("stricter-than-policy", [...path, "mode"], "the policy only audits, so its rules cannot enforce");
    }
    checkModify(draft, findings);
    checkApprovals(rule, path, resource.kind, findings);
    checkConditions(draft, !audited && rule.mode !== "Audit", findings);
  }
  checkIds(drafts, findings);
  checkShadows(drafts, findings);
  checkGroups(scope);
}

function checkModify({ placed: { rule, path } }: RuleDraft, findings: Findings): void {
  const operations = rule.modify?.length ?? 0;
  if (rule.action === "modify" && operations === 0) {
    findings.error("bad-modify", path, "a rule with action modify needs operations under modify");
  } else if (rule.action !== "modify" && operations > 0) {
    findings.error("bad-modify", [...path, "modify"], `a rule with action ${rule.action} changes nothing`, "modify");
  }
}

function checkIds(drafts: readonly RuleDraft[], findings: Findings): void {
  const seen = new Set<string>();
  for (const { placed } of drafts) {
    if (seen.has(placed.rule.id)) {
      findings.error(
        "duplicate-rule",
        [...placed.path, "id"],
        `there is another rule ${placed.rule.id}, perhaps that of a shorthand`,
      );
    }
    seen.add(placed.rule.id);
  }
}

/** Two rules with the same conditions: the stronger action wins whenever either matches. */
function checkShadows(drafts: readonly RuleDraft[], findings: Findings): void {
  const strongest = new Map<string, RuleDraft>();
  const keyed = drafts.flatMap((draft) =>
    draft.condition === undefined ? [] : [{ draft, key: JSON.stringify(describe(draft.condition)) }],
  );
  for (const { draft, key } of keyed) {
    const other = strongest.get(key);
    if (draft.placed.rule.mode !== "Audit" && (other === undefined || strength(draft) > strength(other)))
      strongest.set(key, draft);
  }
  for (const { draft, key } of keyed) {
    const winner = strongest.get(key);
    // A log rule records beside the others, and an Audit rule never decides anyway.
    const decides = draft.placed.rule.action !== "log" && draft.placed.rule.mode !== "Audit";
    if (winner === undefined || !decides || strength(winner) <= strength(draft)) continue;
    findings.warning(
      "shadowed",
      draft.placed.path,
      `rule ${winner.placed.rule.id} has the same conditions and the stronger action ${winner.placed.rule.action}, so this one never decides`,
    );
  }
}

function strength({ placed }: RuleDraft): number {
  return ruleActions.indexOf(placed.rule.action);
}

/** A name that is nearly a group's is taken for a tool, which is hardly meant. */
function checkGroups({ resource, drafts, groups, findings }: CheckScope): void {
  const names = [...groups.keys()];
  const shorthand = (resource.spec.requireApproval?.actions ?? []).map((name, index) => ({
    name,
    path: ["spec", "requireApproval", "actions", index],
  }));
  const own = drafts.filter(({ placed }) => placed.whenPath !== placed.path);
  for (const { name, path } of [
    ...shorthand,
    ...own.flatMap(({ node }) => (node === undefined ? [] : toolNames(node))),
  ]) {
    if (groups.has(name) || /[.*?]/.test(name)) continue;
    const meant = closest(name, names);
    if (meant === undefined) continue;
    findings.warning(
      "unknown-group",
      path,
      `there is no action group "${name}", so it is taken for the name of a tool; did you mean ${meant}?`,
      meant,
    );
  }
}

/** The names a condition compares `tool` with. */
function toolNames(node: WhenNode): readonly { readonly name: string; readonly path: Path }[] {
  switch (node.kind) {
    case "all":
    case "any":
      return node.items.flatMap(toolNames);
    case "not":
      return toolNames(node.item);
    case "cel":
      return [];
    case "test": {
      if (node.fact.kind !== "plain" || node.fact.name !== "tool") return [];
      const given: readonly unknown[] = Array.isArray(node.operand) ? node.operand : [node.operand];
      return given.flatMap((name) => (typeof name === "string" ? [{ name, path: node.path }] : []));
    }
  }
}
