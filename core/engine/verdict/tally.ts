import type { Decision } from "#api";
import { READS_RUN_TREE, type CompiledRule } from "../compile/compiled.ts";
import { FALSE, TRUE, type Match, type Truth, type Verdict } from "../model.ts";
import { empty, pushed } from "../rule-index/lists.ts";
import { compareRules, decisionOf, strengthOf } from "./precedence.ts";

/** How many matches and truths a verdict lists. */
export const LISTED = 64;

interface Found extends Match {
  readonly rule: CompiledRule;
}

/** The strongest matches in order, and how many there were. Beyond the limit a match costs one comparison. */
class Strongest {
  list: Found[] = empty;
  total = 0;

  add(rule: CompiledRule, decision: Decision, why: string): void {
    const { list } = this;
    let at = list.length;
    if (this.total++ === 0) {
      this.list = [foundOf(rule, decision, why)];
      return;
    }
    if (at === LISTED && !comesBefore(rule, decision, list[LISTED - 1] as Found)) return;
    while (at > 0 && comesBefore(rule, decision, list[at - 1] as Found)) at--;
    const found = foundOf(rule, decision, why);
    if (at === list.length) list.push(found);
    else list.splice(at, 0, found);
    if (list.length > LISTED) list.pop();
  }
}

/** `why` is empty unless the rule is unevaluable. */
function foundOf(rule: CompiledRule, decision: Decision, why: string): Found {
  const reason = why === "" ? "policy" : `runtime_error:${why}`;
  return { policy: rule.policy.identity, rule, decision, mode: rule.mode, reason };
}

function comesBefore(rule: CompiledRule, decision: Decision, other: Found): boolean {
  if (decision === other.decision) return compareRules(rule, other.rule) < 0;
  return strengthOf(decision) > strengthOf(other.decision);
}

type Truths = { rule: string; truth: Truth }[];

/** What the rules said, in whatever order they were evaluated: the verdict does not depend on it. */
export class Tally {
  readonly #matched = new Strongest();
  readonly #audit = new Strongest();
  #asking: Found[] = empty;
  #modifying: Found[] = empty;
  #held: Truths = empty;
  #failed: Truths = empty;
  #terminatesTree = false;

  /** `why` is that of an unevaluable rule; for others it does not matter. */
  add(rule: CompiledRule, truth: Truth, why: string): void {
    this.#note(rule, truth);
    if (truth === FALSE) return;
    const decision = decisionOf(rule.action, truth);
    const told = truth === TRUE ? "" : why;
    if (rule.mode === "Audit") {
      this.#audit.add(rule, decision, told);
      return;
    }
    this.#matched.add(rule, decision, told);
    if (decision !== "deny" && decision !== "allow") this.#keep(rule, decision, told);
  }

  /** What must not be cut: an approval names all who were asked, and every modification is applied. */
  #keep(rule: CompiledRule, decision: Decision, why: string): void {
    if (decision === "terminate") this.#terminatesTree ||= (rule.reads & READS_RUN_TREE) !== 0;
    else if (decision === "modify") this.#modifying = pushed(this.#modifying, foundOf(rule, decision, why));
    else this.#asking = pushed(this.#asking, foundOf(rule, decision, why));
  }

  #note(rule: CompiledRule, truth: Truth): void {
    const list = truth === FALSE ? this.#failed : this.#held;
    if (list.length === LISTED) return;
    const longer = pushed(list, { rule: `${rule.policy.key}/${rule.id}`, truth });
    if (truth === FALSE) this.#failed = longer;
    else this.#held = longer;
  }

  /** The strongest enforcing match that decides anything. */
  get winner(): Match | undefined {
    const [first] = this.#matched.list;
    return first === undefined || first.decision === "allow" ? undefined : first;
  }

  verdict(policiesEvaluated: number, revision: string): Verdict {
    const { winner } = this;
    return {
      decision: winner?.decision ?? "allow",
      winner,
      matched: this.#matched.list,
      matchedTotal: this.#matched.total,
      audit: this.#audit.list,
      auditTotal: this.#audit.total,
      modifications: this.#modifying.length === 0 ? empty : modificationsIn(inOrder(this.#modifying)),
      asking: inOrder(this.#asking),
      policiesEvaluated,
      revision,
      terminatesTree: this.#terminatesTree,
      truths: this.#failed.length === 0 ? this.#held : [...this.#held, ...this.#failed].slice(0, LISTED),
    };
  }
}

function inOrder(found: Found[]): Found[] {
  return found.length < 2 ? found : found.sort((a, b) => compareRules(a.rule, b.rule));
}

function modificationsIn(found: readonly Found[]): Verdict["modifications"] {
  return found.map((match) => ({ match, operations: match.rule.operations }));
}
