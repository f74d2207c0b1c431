import type { Selector } from "#api";
import type { Findings, Path } from "../diagnostic.ts";
import { ScalarSet } from "../operators/equality.ts";
import { combine, test } from "./condition.ts";
import type { Condition, Operand } from "./compiled.ts";
import { labelFact } from "./facts.ts";
import type { Interner } from "./interner.ts";

type Requirement = NonNullable<Selector["matchExpressions"]>[number];

/**
 * A label selector as a condition, with the meaning Kubernetes gives it: `NotIn` and `DoesNotExist` also hold where the label is absent.
 * Undefined when it selects everything.
 */
export function compileSelector(
  selector: Selector | undefined,
  of: "pod" | "namespace",
  { interner, findings, path }: { interner: Interner; findings: Findings; path: Path },
): Condition | undefined {
  const items: Condition[] = Object.entries(selector?.matchLabels ?? {}).map(([label, value]) =>
    test(labelFact(label, of, interner), "eq", value),
  );
  for (const [index, requirement] of (selector?.matchExpressions ?? []).entries()) {
    if (!isComplete(requirement, [...path, "matchExpressions", index], findings)) continue;
    const fact = labelFact(requirement.key, of, interner);
    const values = (): Operand => Object.freeze({ values: new ScalarSet(requirement.values ?? []), globs: [] });
    items.push(
      {
        In: () => test(fact, "in", values()),
        NotIn: () => Object.freeze({ kind: "not" as const, item: test(fact, "in", values()) }),
        Exists: () => test(fact, "exists", true),
        DoesNotExist: () => test(fact, "exists", false),
      }[requirement.operator](),
    );
  }
  return items.length === 0 ? undefined : combine("all", items);
}

function isComplete({ operator, values = [] }: Requirement, path: Path, findings: Findings): boolean {
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues === values.length > 0) return true;
  findings.error("bad-selector", path, `${operator} takes ${wantsValues ? "at least one value" : "no values"}`);
  return false;
}
