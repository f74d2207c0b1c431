import type { JsonObject } from "#api";
import { Findings, type Diagnostic } from "../diagnostic.ts";
import { createContext } from "../evaluate/context.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import { TRUE } from "../model.ts";
import { parseWhen } from "../parse/parse-when.ts";
import type { Condition } from "./compiled.ts";
import { compileCondition } from "./condition.ts";
import { createInterner } from "./interner.ts";
import { factsOf } from "./rule.ts";

export interface CompiledGrant {
  /** Absent when a diagnostic is an error. */
  readonly condition?: Condition;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the conditions of a scoped grant: the language of `when`, over arguments only. */
export function compileGrant(when: unknown): CompiledGrant {
  const findings = new Findings();
  const node = parseWhen(when, ["args"], findings);
  const scope = { interner: createInterner(), groups: new Map(), zone: "UTC", findings };
  const condition = node === undefined ? undefined : compileCondition(node, scope);
  const foreign = condition === undefined ? undefined : factsOf(condition).find(({ kind }) => kind !== "args");
  if (foreign !== undefined) {
    findings.error("bad-condition", ["args"], `a grant looks at arguments only, not at ${foreign.key}`);
  }
  return { ...(condition === undefined || findings.failed ? {} : { condition }), diagnostics: findings.list };
}

/** Whether the grant covers these arguments. What cannot be evaluated is not covered. */
export function matchesGrant(condition: Condition, args: JsonObject): boolean {
  const nobody = { namespace: "", serviceAccount: "", labels: {}, namespaceLabels: {} };
  const context = createContext({ subject: nobody, action: "tool_call", args, cost: 0, tokens: 0, now: 0 }, new Map());
  return evaluateCondition(condition, context) === TRUE;
}
