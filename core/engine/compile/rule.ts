import { digestOf, parseDuration, type ApprovalSettings, type Mode, type PolicyRule, type RuleAction } from "#api";
import { operatorEntry } from "../catalog/operators.ts";
import type { RuleInfo } from "../model.ts";
import { parseWhen } from "../parse/parse-when.ts";
import type { WhenNode } from "../parse/ast.ts";
import {
  READS_CONTENT,
  READS_COUNTER,
  READS_DENIALS,
  READS_RUN_TREE,
  type CompiledFact,
  type CompiledOperation,
  type CompiledPolicy,
  type CompiledRule,
  type Condition,
} from "./compiled.ts";
import { combine, compileCondition, type ConditionScope } from "./condition.ts";
import { meaningOf } from "./meaning.ts";
import { compileOperations, type OperationScope } from "./operations.ts";
import type { PlacedRule } from "./shorthands.ts";

const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;

/** A rule that was read and compiled; it becomes a CompiledRule once its policy is known to be good. */
export interface RuleDraft {
  readonly placed: PlacedRule;
  readonly node: WhenNode | undefined;
  readonly condition: Condition | undefined;
  readonly operations: readonly CompiledOperation[];
}

export type RuleScope = ConditionScope & OperationScope;

export function draftRule(placed: PlacedRule, scope: RuleScope): RuleDraft {
  const { rule, path, whenPath } = placed;
  const before = scope.findings.errors;
  const node = parseWhen(rule.when, whenPath, scope.findings);
  const compiled = node === undefined ? undefined : compileCondition(node, scope);
  // What could not be read is missing from the node, so nothing may be concluded from the rest.
  const condition = scope.findings.errors === before ? compiled : undefined;
  const operations = compileOperations(rule.modify ?? [], [...path, "modify"], scope) ?? [];
  return { placed, node, condition, operations };
}

class Rule implements CompiledRule {
  readonly policy: CompiledPolicy;
  readonly order: number;
  readonly id: string;
  readonly action: RuleAction;
  readonly mode: Mode;
  readonly condition: Condition;
  readonly operations: readonly CompiledOperation[];
  readonly approvers: readonly string[];
  readonly approval: RuleInfo["approval"];
  readonly reads: number;
  readonly #message: string | undefined;

  constructor(policy: CompiledPolicy, order: number, draft: RuleDraft, scope: ConditionScope) {
    const { rule } = draft.placed;
    this.policy = policy;
    this.order = order;
    this.id = rule.id;
    this.action = rule.action;
    this.mode = policy.mode === "Audit" || rule.mode === "Audit" ? "Audit" : "Enforce";
    const own = draft.condition ?? combine("all", []);
    this.condition = policy.scope === undefined ? own : combine("all", [policy.scope, own]);
    this.operations = draft.operations.length === 0 ? none : draft.operations;
    this.approvers = rule.approvers === undefined ? none : Object.freeze([...rule.approvers]);
    this.approval = approvalOf(rule, scope);
    this.reads = readsOf(this.condition) | contentOf(this.condition, this.operations);
    this.#message = rule.message ?? rule.name;
    Object.freeze(this);
  }

  get message(): string {
    return this.#message ?? `Rule ${this.id} of policy ${this.policy.identity.name}`;
  }

  /** Computed when asked for, which is seldom: ten thousand kept hashes are a megabyte. */
  get hash(): string {
    return digestOf(meaningOf(this));
  }
}

const none: readonly never[] = Object.freeze([]);

export function finishRule(
  policy: CompiledPolicy,
  order: number,
  draft: RuleDraft,
  scope: ConditionScope,
): CompiledRule {
  return new Rule(policy, order, draft, scope);
}

function approvalOf({ approval = {} }: PolicyRule, { interner }: ConditionScope): RuleInfo["approval"] {
  const settings = withDefaults(approval);
  return interner.share("approval", JSON.stringify(settings), () => Object.freeze(settings));
}

function withDefaults(approval: ApprovalSettings): RuleInfo["approval"] {
  const ms = (text: string | undefined, otherwise: number): number =>
    (text === undefined ? undefined : parseDuration(text)) ?? otherwise;
  return {
    quorum: approval.quorum ?? 1,
    expiresAfterMs: ms(approval.expiresAfter, HOUR_MS),
    grantForMs: ms(approval.grantFor, TEN_MINUTES_MS),
    uses: approval.uses ?? 1,
    showArgs: approval.showArgs ?? "masked",
    allowScopedGrants: approval.allowScopedGrants ?? false,
    allowApproversInNamespace: approval.allowApproversInNamespace ?? false,
  };
}

function readsOf(condition: Condition): number {
  let reads = 0;
  for (const fact of factsOf(condition)) {
    if (fact.kind !== "counter") continue;
    reads |= READS_COUNTER;
    if (fact.counter.per === "run") reads |= READS_RUN_TREE;
    if (fact.counter.metric === "denials") reads |= READS_DENIALS;
  }
  return reads;
}

function contentOf(condition: Condition, operations: readonly CompiledOperation[]): number {
  return scans(condition) || operations.some(({ verb }) => verb === "redact") ? READS_CONTENT : 0;
}

function scans(condition: Condition): boolean {
  switch (condition.kind) {
    case "test":
      return operatorEntry(condition.operator.name).operand === "detection";
    case "not":
      return scans(condition.item);
    case "all":
    case "any":
      return condition.items.some(scans);
    case "cel":
      return false;
  }
}

/** Every fact a condition may look at, repeated where it is named twice. */
export function factsOf(condition: Condition): readonly CompiledFact[] {
  switch (condition.kind) {
    case "test":
      return [condition.fact];
    case "cel":
      return condition.program.facts;
    case "not":
      return factsOf(condition.item);
    case "all":
    case "any":
      return condition.items.flatMap(factsOf);
  }
}
