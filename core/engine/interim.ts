// Interim: visits every rule. The guarded index (rule-index/) replaces this file and its line in index.ts.
import { digestOf, decisions, type CounterRef, type Decision } from "#api";
import {
  READS_COUNTER,
  READS_DENIALS,
  READS_RUN_TREE,
  type CompiledPolicy,
  type CompiledRule,
} from "./compile/compiled.ts";
import { factsOf } from "./compile/rule.ts";
import { createContext, type Context } from "./evaluate/context.ts";
import { evaluateCondition } from "./evaluate/truth.ts";
import {
  FALSE,
  TRUE,
  UNEVALUABLE,
  type CounterReadings,
  type Match,
  type Plan,
  type ReviewInput,
  type Truth,
  type Verdict,
} from "./model.ts";

export interface RuleIndex {
  readonly revision: string;
  readonly policies: number;
  readonly rules: number;
  readonly unguardedRules: number;
  readonly all: readonly CompiledPolicy[];
  with(change: { readonly set: readonly CompiledPolicy[]; readonly remove: readonly string[] }): RuleIndex;
}

function make(all: readonly CompiledPolicy[]): RuleIndex {
  const sorted = [...all].sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1));
  return {
    revision: digestOf(sorted.map((one) => [one.key, one.identity.generation, one.identity.uid])).slice(7, 19),
    policies: sorted.length,
    rules: sorted.reduce((sum, one) => sum + one.rules.length, 0),
    unguardedRules: 0,
    all: sorted,
    with({ set, remove }) {
      const gone = new Set([...remove, ...set.map((one) => one.key)]);
      return make([...sorted.filter((one) => !gone.has(one.key)), ...set]);
    },
  };
}
const rank = (policy: CompiledPolicy): number => (policy.identity.kind === "ClusterAgentPolicy" ? 0 : 1);
export const emptyIndex = (): RuleIndex => make([]);

export interface InterimPlan extends Plan {
  readonly index: RuleIndex;
  readonly input: ReviewInput;
}

function inScope(index: RuleIndex, input: ReviewInput): readonly CompiledPolicy[] {
  return index.all.filter(
    (one) => one.identity.kind === "ClusterAgentPolicy" || one.identity.namespace === input.subject.namespace,
  );
}

export function plan(index: RuleIndex, input: ReviewInput): InterimPlan {
  const counters = new Map<string, CounterRef>();
  const rules = inScope(index, input).flatMap((one) => one.rules);
  for (const rule of rules)
    for (const fact of factsOf(rule.condition))
      if (fact.kind === "counter") counters.set(fact.counter.key, fact.counter);
  const context = createContext(input, new Map());
  const refusedAlready = rules.some(
    (rule) =>
      (rule.reads & READS_COUNTER) === 0 &&
      rule.mode === "Enforce" &&
      ["deny", "terminate", "require_approval"].includes(rule.action) &&
      evaluateCondition(rule.condition, context) !== FALSE,
  );
  return { index, input, counters: [...counters.values()], limits: [], refusedAlready };
}

export function decide(planned: InterimPlan, readings: CounterReadings): Verdict {
  const { index, input } = planned;
  const policies = inScope(index, input);
  const rules = policies.flatMap((one) => one.rules);
  const context = createContext(input, readings);
  const found: { rule: CompiledRule; match: Match; truth: Truth }[] = [];
  const truths: { rule: string; truth: Truth }[] = [];
  const visit = (rule: CompiledRule): void => {
    const truth = evaluateCondition(rule.condition, context);
    if (truths.length < 64) truths.push({ rule: `${rule.policy.identity.name}/${rule.id}`, truth });
    if (truth !== FALSE) found.push({ rule, truth, match: matchOf(rule, truth, context) });
  };
  for (const rule of rules) if ((rule.reads & READS_DENIALS) === 0) visit(rule);
  const before = strongest(found.filter(({ rule }) => rule.mode === "Enforce").map(({ match }) => match));
  context.extraDenials = before?.decision === "deny" && before.reason === "policy" ? 1 : 0;
  for (const rule of rules) if ((rule.reads & READS_DENIALS) !== 0) visit(rule);
  found.sort(
    (a, b) =>
      decisions.indexOf(b.match.decision) - decisions.indexOf(a.match.decision) ||
      rules.indexOf(a.rule) - rules.indexOf(b.rule),
  );
  const enforcing = found.filter(({ rule }) => rule.mode === "Enforce");
  const audit = found.filter(({ rule }) => rule.mode === "Audit").map(({ match }) => match);
  const winner = enforcing[0]?.match;
  return {
    decision: winner?.decision ?? "allow",
    winner: winner?.decision === "allow" ? undefined : winner,
    matched: enforcing.slice(0, 64).map(({ match }) => match),
    matchedTotal: enforcing.length,
    audit: audit.slice(0, 64),
    auditTotal: audit.length,
    modifications: enforcing
      .filter(({ rule, truth }) => rule.action === "modify" && truth === TRUE)
      .map(({ rule, match }) => ({ match, operations: rule.operations })),
    asking: enforcing.filter(({ match }) => match.decision === "require_approval").map(({ match }) => match),
    policiesEvaluated: policies.length,
    revision: index.revision,
    terminatesTree: enforcing.some(
      ({ rule, match }) => match.decision === "terminate" && (rule.reads & READS_RUN_TREE) !== 0,
    ),
    truths,
  };
}

function strongest(matches: readonly Match[]): Match | undefined {
  return [...matches].sort((a, b) => decisions.indexOf(b.decision) - decisions.indexOf(a.decision))[0];
}

function matchOf(rule: CompiledRule, truth: Truth, context: Context): Match {
  const unsure = truth === UNEVALUABLE;
  return {
    policy: rule.policy.identity,
    rule,
    decision: unsure ? unsureDecision(rule.action) : rule.action === "log" ? "allow" : rule.action,
    mode: rule.mode,
    reason: unsure ? `runtime_error:${context.why}` : "policy",
  };
}

function unsureDecision(action: CompiledRule["action"]): Decision {
  if (action === "log") return "allow";
  return action === "require_approval" ? "require_approval" : "deny";
}
