import type { ActionType, CounterReading, CounterRef, Decision, JsonObject, Mode, PolicyKind, RuleAction } from "#api";
import type { ReviewMemory } from "./evaluate/review-memory.ts";

/** Kleene's three values. Unevaluable is never skipped: for an enforcing rule it counts as matched. */
export const FALSE = 0;
export const TRUE = 1;
export const UNEVALUABLE = 2;
export type Truth = typeof FALSE | typeof TRUE | typeof UNEVALUABLE;

/** A step into the arguments: a key, an index, or every element (`[*]`, `*`). */
export type Segment = string | number | typeof EVERY;
export const EVERY: unique symbol = Symbol("every element");

/** What a condition looks at. `key` is the fact's canonical spelling, equal for equal facts. */
export type Fact =
  | { readonly kind: "scalar"; readonly key: string; readonly name: ScalarFact }
  | { readonly kind: "label"; readonly key: string; readonly label: string; readonly of: "pod" | "namespace" }
  | { readonly kind: "args"; readonly key: string; readonly path: readonly Segment[] }
  | { readonly kind: "counter"; readonly key: string; readonly counter: CounterRef }
  | { readonly kind: "time"; readonly key: string; readonly name: "hour" | "weekday"; readonly zone: string };

export type ScalarFact =
  | "action"
  | "tool"
  | "agent"
  | "namespace"
  | "service_account"
  | "user"
  | "model"
  | "cost"
  | "tokens";

/** Who asks. Comes from the verified identity, never from the body; `agent`, `user` and `model` are claims of the caller. */
export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Labels of the pod at its first review. The same object for the same pod, so that work on it can be remembered. */
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
}
export type Labels = Readonly<Record<string, string>> | Unreadable;
export interface Unreadable {
  readonly unreadable: string;
}

/** Everything the engine may look at, besides counters. */
export interface ReviewInput {
  readonly subject: Subject;
  readonly action: ActionType;
  readonly tool?: string | undefined;
  readonly agent?: string | undefined;
  readonly user?: string | undefined;
  readonly model?: string | undefined;
  /** As parsed by parseStrictJson; `{}` where the action has none. */
  readonly args: JsonObject;
  /** Micro-dollars: this action's estimate, or why there is none. */
  readonly cost: CounterReading;
  readonly tokens: CounterReading;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Shared by every evaluation of one review, so that each value is scanned once; without it each evaluation remembers for itself. */
  readonly memory?: ReviewMemory | undefined;
}

/** Values of the counters a plan asked for, by CounterRef.key. A missing one is unreadable. */
export type CounterReadings = ReadonlyMap<string, CounterReading>;

export interface PolicyIdentity {
  readonly kind: PolicyKind;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

/** A rule that applied, with why: `policy`, or `runtime_error:<why>` if it could not be evaluated and therefore counts as matched. */
export interface Match {
  readonly policy: PolicyIdentity;
  readonly rule: RuleInfo;
  /** What this match asks for: an unevaluable modify asks deny, an unevaluable terminate denies. */
  readonly decision: Decision;
  readonly mode: Mode;
  readonly reason: string;
}

/** What the world outside needs to know of a compiled rule. */
export interface RuleInfo {
  readonly id: string;
  readonly action: RuleAction;
  readonly message: string;
  /** `sha256:` over the rule's meaning (its spec in RFC 8785 form with the policy's groups and zone resolved). */
  readonly hash: string;
  readonly approvers: readonly string[];
  readonly approval: {
    readonly quorum: number;
    readonly expiresAfterMs: number;
    readonly grantForMs: number;
    readonly uses: number;
    readonly showArgs: "masked" | "full" | "none";
    readonly allowScopedGrants: boolean;
    readonly allowApproversInNamespace: boolean;
  };
}

/** A counter whose limit the ledger must respect: at or below `limit` it adds the estimate, above it adds nothing. */
export interface CounterLimit {
  readonly counter: CounterRef;
  /** Highest permitted value with this action included, in the counter's unit; from the candidate enforcing rules. */
  readonly limit: number;
}

/**
 * The first half of a decision: everything that is known before the ledger is asked.
 * `counters` are those that rules in scope read; `limits` those that could refuse this action.
 */
export interface Plan {
  readonly counters: readonly CounterRef[];
  readonly limits: readonly CounterLimit[];
  /** Rules without counters refuse already (deny, terminate or require_approval): no money needs to be reserved. */
  readonly refusedAlready: boolean;
}

export interface Verdict {
  readonly decision: Decision;
  /** The match that decided; absent when nothing but `log` matched. */
  readonly winner: Match | undefined;
  /** Enforcing matches, strongest first, then in tie order; at most 64 are listed. */
  readonly matched: readonly Match[];
  readonly matchedTotal: number;
  readonly audit: readonly Match[];
  readonly auditTotal: number;
  /** Every enforcing modify rule that matched and was evaluable, in rule order, with its compiled operations for applyModify. Never cut. */
  readonly modifications: readonly { readonly match: Match; readonly operations: readonly unknown[] }[];
  /** Every enforcing require_approval match, in order. Never cut: an approval must name all who were asked. */
  readonly asking: readonly Match[];
  readonly policiesEvaluated: number;
  readonly revision: string;
  /** True when a matched `terminate` rule looked at a `per: run` fact, so that the whole tree ends. */
  readonly terminatesTree: boolean;
  /** Truth of every candidate rule that was evaluated, `policy/rule` -> truth; at most 64. Kept in the record. */
  readonly truths: readonly { readonly rule: string; readonly truth: Truth }[];
}

export interface ModifyResult {
  /** The arguments after every operation; the input is never changed. */
  readonly args: JsonObject;
  readonly changed: boolean;
}
