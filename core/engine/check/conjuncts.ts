import type { CompiledFact, Condition, Test } from "../compile/compiled.ts";

/** The tests that must all hold, and the alternatives of which one must: what nests under `any`, `not` and CEL is not looked into. */
export function conjuncts(condition: Condition): readonly Test[] {
  if (condition.kind === "test") return [condition];
  return condition.kind === "all" ? condition.items.flatMap(conjuncts) : [];
}

/** Tests by the fact they look at; facts with `[*]` are left out, because each test may hold for another element. */
export function byFact(tests: readonly Test[]): ReadonlyMap<CompiledFact, readonly Test[]> {
  const groups = new Map<CompiledFact, Test[]>();
  for (const test of tests) {
    if (test.fact.kind === "args" && test.fact.wild) continue;
    groups.set(test.fact, [...(groups.get(test.fact) ?? []), test]);
  }
  return groups;
}

/** Whether something in it can be looked up, so that an index need not visit the rule at every review. */
export function canGuard(condition: Condition, guards: (test: Test) => boolean): boolean {
  switch (condition.kind) {
    case "test":
      return guards(condition);
    case "cel":
      return condition.program.guard !== undefined;
    case "not":
      return false;
    case "all":
      return condition.items.some((item) => canGuard(item, guards));
    case "any":
      return condition.items.every((item) => canGuard(item, guards));
  }
}
