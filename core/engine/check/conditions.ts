import { printFactName } from "../parse/fact-name.ts";
import { factEntry } from "../catalog/facts.ts";
import { operatorEntry } from "../catalog/operators.ts";
import type { Test } from "../compile/compiled.ts";
import type { RuleDraft } from "../compile/rule.ts";
import type { Findings } from "../diagnostic.ts";
import type { TestNode, WhenNode } from "../parse/ast.ts";
import { canGuard, conjuncts } from "./conjuncts.ts";
import { findImpossible } from "./contradictions.ts";

/** What is wrong or doubtful about one rule's conditions. */
export function checkConditions({ placed, node, condition }: RuleDraft, enforcing: boolean, findings: Findings): void {
  if (node === undefined || condition === undefined) return;
  const impossible = findImpossible(condition);
  if (impossible !== undefined) {
    findings.error(impossible.code, placed.whenPath, `the rule can never match: ${impossible.why}`);
  }
  checkNegations(node, findings);
  if (enforcing && placed.rule.action !== "log") checkClaims(conjuncts(condition), placed, findings);
  const always = condition.kind === "all" && condition.items.length === 0;
  if (impossible === undefined && !always && !canGuard(condition, guards)) {
    findings.warning(
      "every-review",
      placed.whenPath,
      "the rule has negative conditions only, or CEL over several facts, so it is evaluated at every review; add a positive condition such as tool",
    );
  }
}

function guards({ operator, operand }: Test): boolean {
  return operatorEntry(operator.name).guard !== "none" && !(operator.name === "exists" && operand === false);
}

/** `not` over a fact that may be absent also holds where it is. */
function checkNegations(node: WhenNode, findings: Findings): void {
  if (node.kind === "not") {
    const tests = testsIn(node.item);
    const absent = tests.find(canBeAbsent);
    const asked = tests.some(({ operator }) => operator === "exists");
    if (absent !== undefined && !asked) {
      const name = printFactName(absent.fact);
      findings.warning(
        "negated-absent",
        node.path,
        `also holds where ${name} is absent; add ${name}: { exists: true } beside it if that is not meant`,
      );
    }
  } else if (node.kind === "all" || node.kind === "any") {
    for (const item of node.items) checkNegations(item, findings);
  }
}

function testsIn(node: WhenNode): readonly TestNode[] {
  if (node.kind === "test") return [node];
  if (node.kind === "not") return testsIn(node.item);
  return node.kind === "cel" ? [] : node.items.flatMap(testsIn);
}

function canBeAbsent({ fact }: TestNode): boolean {
  if (fact.kind === "args") return fact.path.length > 0;
  return fact.kind === "label" || ["tool", "agent", "user", "model"].includes(fact.name);
}

/** A claim can be changed by the one who makes it, so a rule that hangs on claims alone is easily avoided. */
function checkClaims(tests: readonly Test[], { whenPath }: RuleDraft["placed"], findings: Findings): void {
  const claims = tests.flatMap(({ fact }) =>
    fact.kind === "scalar" && factEntry(fact.name).claim === true ? [fact.name] : [],
  );
  const proven = tests.some(
    ({ fact }) =>
      fact.kind === "label" || (fact.kind === "scalar" && ["namespace", "service_account"].includes(fact.name)),
  );
  if (claims.length === 0 || proven) return;
  const [claim = ""] = claims;
  findings.warning(
    "claim-only",
    [...whenPath],
    `${claim} is what the caller says of itself; an agent that says otherwise is not matched. Narrow by service_account, namespace or labels as well`,
  );
}
