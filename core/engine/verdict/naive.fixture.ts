import { decisions, type Decision, type Mode } from "#api";
import { READS_DENIALS, READS_RUN_TREE, type CompiledPolicy, type CompiledRule } from "../compile/compiled.ts";
import { createContext } from "../evaluate/context.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import { FALSE, TRUE, type CounterReadings, type ReviewInput, type Truth } from "../model.ts";

export interface NaiveMatch {
  readonly rule: string;
  readonly decision: Decision;
  readonly reason: string;
}

export interface NaiveVerdict {
  readonly decision: Decision;
  readonly winner: NaiveMatch | undefined;
  readonly matched: readonly NaiveMatch[];
  readonly audit: readonly NaiveMatch[];
  readonly asking: readonly string[];
  readonly modifying: readonly string[];
  readonly policiesEvaluated: number;
  readonly terminatesTree: boolean;
  readonly truths: ReadonlyMap<string, Truth>;
}

export function nameOf(rule: CompiledRule): string {
  return `${rule.policy.key}/${rule.id}`;
}

interface Evaluated {
  readonly compiled: CompiledRule;
  readonly truth: Truth;
  readonly why: string;
}
type Ranked = NaiveMatch & { readonly compiled: CompiledRule };

/** api.md once more, as plainly as possible: every rule of every policy in scope is evaluated, then all matches are sorted. */
export function decideNaively(
  policies: readonly CompiledPolicy[],
  input: ReviewInput,
  readings: CounterReadings,
): NaiveVerdict {
  const inScope = policies.filter(
    ({ identity }) => identity.kind === "ClusterAgentPolicy" || identity.namespace === input.subject.namespace,
  );
  const context = createContext(input, readings);
  const evaluate = (compiled: CompiledRule): Evaluated => ({
    compiled,
    truth: evaluateCondition(compiled.condition, context),
    why: context.why,
  });
  const all = inScope.flatMap(({ rules }) => rules);
  const early = all.filter(({ reads }) => (reads & READS_DENIALS) === 0).map(evaluate);
  const [before] = sorted(early, "Enforce");
  context.extraDenials = before?.decision === "deny" && before.reason === "policy" ? 1 : 0;
  const late = all.filter(({ reads }) => (reads & READS_DENIALS) !== 0).map(evaluate);
  const isMeant = ({ scope }: CompiledPolicy): boolean =>
    scope === undefined || evaluateCondition(scope, context) !== FALSE;
  return { ...summary([...early, ...late]), policiesEvaluated: inScope.filter(isMeant).length };
}

function summary(evaluated: readonly Evaluated[]): Omit<NaiveVerdict, "policiesEvaluated"> {
  const matched = sorted(evaluated, "Enforce");
  const [first] = matched;
  const rulesThat = (wantedDecision: Decision): readonly string[] =>
    matched.filter(({ decision }) => decision === wantedDecision).map(({ rule }) => rule);
  return {
    decision: first?.decision ?? "allow",
    winner: first === undefined || first.decision === "allow" ? undefined : plain(first),
    matched: matched.map(plain),
    audit: sorted(evaluated, "Audit").map(plain),
    asking: rulesThat("require_approval"),
    modifying: rulesThat("modify"),
    terminatesTree: matched.some(
      ({ compiled, decision }) => decision === "terminate" && (compiled.reads & READS_RUN_TREE) !== 0,
    ),
    truths: new Map(evaluated.map(({ compiled, truth }) => [nameOf(compiled), truth])),
  };
}

function sorted(evaluated: readonly Evaluated[], mode: Mode): readonly Ranked[] {
  return evaluated
    .filter(({ compiled, truth }) => compiled.mode === mode && truth !== FALSE)
    .map(({ compiled, truth, why }) => ({
      compiled,
      rule: nameOf(compiled),
      decision: wanted(compiled, truth),
      reason: truth === TRUE ? "policy" : `runtime_error:${why}`,
    }))
    .sort((a, b) => decisions.indexOf(b.decision) - decisions.indexOf(a.decision) || order(a.compiled, b.compiled));
}

function plain({ rule, decision, reason }: NaiveMatch): NaiveMatch {
  return { rule, decision, reason };
}

function wanted({ action }: CompiledRule, truth: Truth): Decision {
  if (action === "log") return "allow";
  if (truth === TRUE || action === "require_approval") return action;
  return "deny";
}

function order(a: CompiledRule, b: CompiledRule): number {
  const keys = (rule: CompiledRule): readonly string[] => [
    rule.policy.identity.kind === "ClusterAgentPolicy" ? "0" : "1",
    rule.policy.identity.namespace ?? "",
    rule.policy.identity.name,
    String(rule.order).padStart(6, "0"),
  ];
  const right = keys(b);
  for (const [at, left] of keys(a).entries()) {
    const other = right[at] as string;
    if (left !== other) return left < other ? -1 : 1;
  }
  return 0;
}
