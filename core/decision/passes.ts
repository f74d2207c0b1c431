import { decisions, type Decision, type JsonObject } from "#api";
import {
  applyModify,
  type ContentFinding,
  decide,
  findingsOf,
  joinFindings,
  plan,
  type CounterReadings,
  type Match,
  type Plan,
  type RuleIndex,
  type Verdict,
} from "#engine";
import { inputOf, withArgs, type FactsOptions, type Question } from "./facts.ts";

/** A verdict with the question it is about, and what had to change on the way. */
export interface Judgement {
  readonly question: Question;
  readonly verdict: Verdict;
  /** Why the action is refused beyond what the rules say, e.g. `modify_unstable`. */
  readonly refusal: Refusal | undefined;
  readonly modified: boolean;
  /** What matched rules found in what was sent; then what they found in what a modification or an edit brought in. */
  readonly findings: readonly ContentFinding[];
}

export interface Refusal {
  readonly decision: "deny" | "require_approval";
  readonly reason: string;
  readonly message: string;
  readonly match: Match | undefined;
}

/** Reads counters for arguments that changed: the ledger's `amend`. */
export type Recount = (question: Question, plan: Plan) => Promise<CounterReadings>;

export interface PassContext {
  readonly index: RuleIndex;
  readonly facts: FactsOptions;
  readonly recount: Recount;
}

export function strongest(a: Decision, b: Decision): Decision {
  return decisions.indexOf(a) >= decisions.indexOf(b) ? a : b;
}

export function isRefusal(decision: Decision): boolean {
  return decision === "deny" || decision === "terminate";
}

/**
 * Modify in two passes (api.md §2): pass 1 applies every matched modify rule in order, pass 2 evaluates the result.
 * If pass 2 would still change it the action is denied; the verdict is the strongest of both passes.
 */
export async function judge(question: Question, first: Verdict, context: PassContext): Promise<Judgement> {
  const findings = foundBy(first, question);
  const unchanged = { question, verdict: first, refusal: undefined, modified: false, findings };
  if (isRefusal(first.decision) || first.modifications.length === 0) return unchanged;
  const applied = applyAll(first, question);
  if ("refusal" in applied) return { ...unchanged, refusal: applied.refusal };
  if (!applied.changed) return unchanged;
  const changed = withArgs(question, applied.args, context.facts);
  const second = await evaluateAgain(changed, context);
  return {
    question: changed,
    verdict: combine(first, second),
    refusal: stillChanges(second, changed),
    modified: true,
    findings: joinFindings(findings, foundBy(second, changed)),
  };
}

/** Arguments as an approver edited them, evaluated once more: nothing an edit brings in escapes the rules. */
export async function judgeEdited(judgement: Judgement, args: JsonObject, context: PassContext): Promise<Judgement> {
  const changed = withArgs(judgement.question, args, context.facts);
  const verdict = await evaluateAgain(changed, context);
  return {
    question: changed,
    verdict: combine(judgement.verdict, verdict),
    refusal: stillChanges(verdict, changed),
    modified: true,
    findings: joinFindings(judgement.findings, foundBy(verdict, changed)),
  };
}

async function evaluateAgain(question: Question, context: PassContext): Promise<Verdict> {
  const again = plan(context.index, inputOf(question));
  return decide(again, await context.recount(question, again));
}

const nothing: readonly never[] = Object.freeze([]);

function foundBy(verdict: Verdict, question: Question): readonly ContentFinding[] {
  const matches = verdict.matched.length + verdict.audit.length;
  return matches === 0 ? nothing : findingsOf(verdict, inputOf(question));
}

function stillChanges(verdict: Verdict, question: Question): Refusal | undefined {
  if (isRefusal(verdict.decision) || verdict.modifications.length === 0) return undefined;
  const applied = applyAll(verdict, question);
  if ("refusal" in applied) return applied.refusal;
  if (!applied.changed) return undefined;
  const match = verdict.modifications[0]?.match;
  return {
    decision: "deny",
    reason: "modify_unstable",
    message: "modifying the action does not come to an end: two rules undo each other",
    match,
  };
}

function applyAll(verdict: Verdict, question: Question): { args: JsonObject; changed: boolean } | { refusal: Refusal } {
  let { args } = question;
  let changed = false;
  for (const { match, operations } of verdict.modifications) {
    const result = applyModify(operations, args, question.memory);
    if ("error" in result) {
      const message = `rule ${match.rule.id} of ${match.policy.name} could not be applied: ${result.error}`;
      return { refusal: { decision: "deny", reason: "runtime_error:modify_failed", message, match } };
    }
    args = result.args;
    changed ||= result.changed;
  }
  return { args, changed };
}

/** Both passes as one verdict; a rule that matched in both is listed once. */
function combine(first: Verdict, second: Verdict): Verdict {
  const decision = strongest(second.decision, first.decision);
  const lead = second.decision === decision ? second : first;
  return {
    ...second,
    decision,
    winner: lead.winner,
    matched: union(lead.matched, lead === first ? second.matched : first.matched),
    matchedTotal: Math.max(first.matchedTotal, second.matchedTotal),
    audit: union(first.audit, second.audit),
    auditTotal: Math.max(first.auditTotal, second.auditTotal),
    asking: union(first.asking, second.asking),
    terminatesTree: first.terminatesTree || second.terminatesTree,
    truths: [...first.truths, ...second.truths].slice(0, 64),
  };
}

function union(a: readonly Match[], b: readonly Match[]): readonly Match[] {
  const known = new Set(a.map(matchKey));
  return [...a, ...b.filter((match) => !known.has(matchKey(match)))];
}

export function matchKey(match: Match): string {
  const { kind, namespace = "", name } = match.policy;
  return `${kind}/${namespace}/${name}/${match.rule.id}`;
}
