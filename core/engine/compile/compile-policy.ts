import type { PolicyResource, PolicySpec, Selector } from "#api";
import { builtInGroups } from "../catalog/action-groups.ts";
import { checkPolicy } from "../check/check-policy.ts";
import { Findings, type Diagnostic } from "../diagnostic.ts";
import type { PolicyIdentity } from "../model.ts";
import type { CompiledPolicy, CompiledRule, Condition } from "./compiled.ts";
import { combine, type ConditionScope } from "./condition.ts";
import { detectionSettings } from "../content/settings.ts";
import { zoneClock } from "./facts.ts";
import { createInterner, type Interner } from "./interner.ts";
import { draftRule, finishRule, type RuleScope } from "./rule.ts";
import { compileSelector } from "./selector.ts";
import { rulesOf } from "./shorthands.ts";

export interface CompileOptions {
  /** Shares equal parts between policies. Without one, only the rules of this policy share. */
  readonly interner?: Interner | undefined;
  /** The keyed hash of `redact … as: hash`, such as HMAC-SHA256. Without it a policy that hashes is an error. */
  readonly hash?: ((value: string) => string) | undefined;
}

export interface CompileResult {
  /** Absent when a diagnostic is an error. */
  readonly policy?: CompiledPolicy;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads, checks and compiles a policy whose shape was validated by its schema. The one function behind admission, lint and status. */
export function compilePolicy(resource: PolicyResource, options: CompileOptions = {}): CompileResult {
  const findings = new Findings();
  const interner = options.interner ?? createInterner();
  const { spec } = resource;
  const scope: RuleScope = {
    interner,
    findings,
    groups: groupsOf(spec),
    zone: zoneOf(spec, interner, findings),
    detection: detectionSettings(spec.detection, ["spec", "detection"], findings),
    hash: options.hash,
  };
  const drafts = rulesOf(spec).map((placed) => draftRule(placed, scope));
  const selected = scopeOf(resource, scope);
  checkPolicy({ resource, drafts, groups: scope.groups, findings });
  if (findings.failed) return { diagnostics: findings.list };
  const rules: CompiledRule[] = [];
  const identity = identityOf(resource);
  const policy: CompiledPolicy = Object.freeze({
    identity,
    key: `${identity.kind}/${identity.namespace ?? ""}/${identity.name}`,
    mode: spec.mode ?? "Enforce",
    scope: selected,
    rules,
  });
  for (const [order, draft] of drafts.entries()) rules.push(finishRule(policy, order, draft, scope));
  Object.freeze(rules);
  return { policy, diagnostics: findings.list };
}

function identityOf({ kind, metadata }: PolicyResource): PolicyIdentity {
  const namespace = kind === "AgentPolicy" ? (metadata.namespace ?? "default") : undefined;
  return Object.freeze({
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name: metadata.name,
    uid: metadata.uid ?? "",
    generation: metadata.generation ?? 0,
  });
}

function groupsOf(spec: PolicySpec): ReadonlyMap<string, readonly string[]> {
  return new Map([...Object.entries(builtInGroups), ...Object.entries(spec.actionGroups ?? {})]);
}

function zoneOf({ timezone = "UTC" }: PolicySpec, interner: Interner, findings: Findings): string {
  if (zoneClock(timezone, interner) !== undefined) return timezone;
  findings.error(
    "unknown-zone",
    ["spec", "timezone"],
    `there is no time zone "${timezone}"; expected for example Europe/Berlin`,
  );
  return "UTC";
}

function scopeOf(resource: PolicyResource, { interner, findings }: ConditionScope): Condition | undefined {
  const compile = (selector: Selector | undefined, of: "pod" | "namespace", field: string): readonly Condition[] => {
    const condition = compileSelector(selector, of, { interner, findings, path: ["spec", field] });
    return condition === undefined ? [] : [condition];
  };
  const namespaces = resource.kind === "ClusterAgentPolicy" ? resource.spec.namespaceSelector : undefined;
  const items = [
    ...compile(namespaces, "namespace", "namespaceSelector"),
    ...compile(resource.spec.selector, "pod", "selector"),
  ];
  return items.length === 0 ? undefined : combine("all", items);
}
