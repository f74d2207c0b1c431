import type { Mode, RedactAs } from "#api";
import type { Detection } from "../content/detection.ts";
import type { Context } from "../evaluate/context.ts";
import type { ZoneClock } from "../evaluate/zone-clock.ts";
import type { Fact, PolicyIdentity, RuleInfo } from "../model.ts";
import type { Scalar } from "../operators/equality.ts";
import type { Glob } from "../operators/glob.ts";
import type { Choice } from "../operators/membership.ts";
import type { Network } from "../operators/address.ts";
import type { HostSet } from "../operators/network.ts";
import type { Operator } from "../operators/operator.ts";
import type { Interval, Threshold } from "../operators/ordering.ts";
import type { Pattern } from "../operators/pattern.ts";

/** Arguments with what reading them needs to know. */
export type ArgsFact = Extract<Fact, { kind: "args" }> & { readonly wild: boolean };
/** A time fact with the clock of its zone. */
export type TimeFact = Extract<Fact, { kind: "time" }> & { readonly clock: ZoneClock };
export type CompiledFact = Exclude<Fact, { kind: "args" | "time" }> | ArgsFact | TimeFact;

/**
 * `tool` compared with one glob is compiled to `glob`, with several names or a group to `in` or `not_in`.
 * An operand in the fact's own unit (micro-dollars, milliseconds). Which type it is follows from the operator:
 * `eq ne contains not_contains` Scalar · `in not_in` Choice · `gt gte lt lte` Threshold · `between` Interval · `glob` Glob
 * · `matches not_matches` Pattern · `starts_with ends_with` string · `length_gt length_lt` number · `exists` boolean
 * · `contains_pii contains_secret` Detection · `host_in host_not_in` HostSet · `cidr` Network[].
 */
export type Operand =
  | Scalar
  | Choice
  | Threshold
  | Interval
  | Glob
  | Pattern
  | Detection
  | HostSet
  | readonly Network[];

export interface Test {
  readonly kind: "test";
  readonly fact: CompiledFact;
  readonly operator: Operator;
  readonly operand: Operand;
}

export interface CelProgram {
  readonly source: string;
  /** The facts it names, `args` paths as far as they are written out. */
  readonly facts: readonly CompiledFact[];
  /** Present when it names one fact and is certainly false where that fact is absent; only then may presence of the fact guard it. */
  readonly guard: CompiledFact | undefined;
  /** True or false; throws when the expression has no such value or would cost too much. */
  run(context: Context): boolean;
}

/** Frozen, and shared where equal. `all` without items is true. */
export type Condition =
  | { readonly kind: "all"; readonly items: readonly Condition[] }
  | { readonly kind: "any"; readonly items: readonly Condition[] }
  | { readonly kind: "not"; readonly item: Condition }
  | { readonly kind: "cel"; readonly program: CelProgram }
  | Test;

/** What a compiled rule looks at; a bit set, so that it costs one word. */
export const READS_COUNTER = 1;
export const READS_RUN_TREE = 2;
export const READS_DENIALS = 4;
/** It scans content: contains_pii, contains_secret or redact. */
export const READS_CONTENT = 8;

/** Everything of a rule that does not differ between the rules of a policy. */
export interface CompiledPolicy {
  readonly identity: PolicyIdentity;
  /** `AgentPolicy/namespace/name` or `ClusterAgentPolicy//name`; unique in a cluster. */
  readonly key: string;
  readonly mode: Mode;
  /** Selectors as a condition; absent when every agent in scope is meant. Every rule's condition includes it. */
  readonly scope: Condition | undefined;
  readonly rules: readonly CompiledRule[];
}

/** A rule in force: frozen data. It is its own RuleInfo, so a match allocates nothing for it. */
export interface CompiledRule extends RuleInfo {
  readonly policy: CompiledPolicy;
  /** Position within the policy; with the policy's key the tie order of api.md. */
  readonly order: number;
  /** Audit when the policy or the rule says so. */
  readonly mode: Mode;
  readonly condition: Condition;
  /** For `modify`, else empty. */
  readonly operations: readonly CompiledOperation[];
  /** What it looks at: READS_COUNTER, READS_RUN_TREE, READS_DENIALS, READS_CONTENT. */
  readonly reads: number;
}

/** One operation of a `modify` rule, checked and with its path parsed. See modify/. */
export interface CompiledOperation {
  readonly verb: "redact" | "set" | "add_default" | "remove" | "clamp" | "truncate";
  readonly path: ArgsFact;
  readonly redaction?: Redaction;
  readonly value?: unknown;
  readonly min?: number;
  readonly max?: number;
  readonly length?: number;
}

/** What a `redact` looks for, secrets first, and what it puts in its place. */
export interface Redaction {
  readonly detections: readonly Detection[];
  readonly as: RedactAs;
  readonly keepLast?: number;
  /** With `as: hash`: the keyed hash of the process. */
  readonly hash?: (value: string) => string;
}

export type { Choice, Detection, Glob, HostSet, Interval, Pattern, Scalar, Threshold };
