import type { PolicyResource, PolicyRule } from "#api";
import type { Findings, Path } from "../diagnostic.ts";

const SERVICE_ACCOUNT = /^serviceaccount:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Who approves, how many of them, and whether the rule asks at all. */
export function checkApprovals(rule: PolicyRule, path: Path, kind: PolicyResource["kind"], findings: Findings): void {
  if (rule.action !== "require_approval") {
    for (const field of ["approvers", "approval"] as const) {
      if (rule[field] === undefined) continue;
      findings.error(
        "not-asking",
        [...path, field],
        `a rule with action ${rule.action} asks nobody`,
        "require_approval",
      );
    }
    return;
  }
  const { approvers = [], approval = {} } = rule;
  for (const [index, approver] of approvers.entries()) checkApprover(approver, [...path, "approvers", index], findings);
  if (approval.allowApproversInNamespace === true && kind === "AgentPolicy") {
    findings.error(
      "bad-approvers",
      [...path, "approval", "allowApproversInNamespace"],
      "only a ClusterAgentPolicy may let ServiceAccounts of the agent's own namespace vote",
    );
  }
  checkQuorum(approvers, approval.quorum ?? 1, path, findings);
}

function checkApprover(approver: string, path: Path, findings: Findings): void {
  const bare = approver.replace(/^group:/, "");
  if (bare !== approver) findings.error("bad-approvers", path, "a bare name is a group already", bare);
  else if (approver.startsWith("system:")) {
    findings.error("bad-approvers", path, `${approver} is a group of the system: everybody or no person is in it`);
  } else if (approver.startsWith("user:system:serviceaccount:")) {
    const [namespace = "", name = ""] = approver.slice("user:system:serviceaccount:".length).split(":");
    findings.error("bad-approvers", path, "a ServiceAccount is named as one", `serviceaccount:${namespace}/${name}`);
  } else if (approver.startsWith("serviceaccount:") ? !SERVICE_ACCOUNT.test(approver) : /^[a-z]*:$/.test(approver)) {
    findings.error("bad-approvers", path, "expected a group, user:NAME or serviceaccount:NAMESPACE/NAME");
  }
}

/** A group may have any number of members; named people are as many as there are names. */
function checkQuorum(approvers: readonly string[], quorum: number, path: Path, findings: Findings): void {
  const named = new Set(approvers);
  const groups = approvers.some((approver) => !/^(?:user|serviceaccount):/.test(approver));
  if (approvers.length === 0 || groups || quorum <= named.size) return;
  findings.error(
    "bad-quorum",
    [...path, "approval", "quorum"],
    `${quorum} must agree, but only ${named.size} are named`,
  );
}
