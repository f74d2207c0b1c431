import type { CounterOption } from "../catalog/facts.ts";
import type { OperatorName } from "../catalog/operators.ts";
import type { Path } from "../diagnostic.ts";
import type { NamedFact } from "./fact-name.ts";

/** `per`, `window` and `tool` beside the operators of a counter, as they stand in the policy. */
export type CounterOptions = Readonly<Partial<Record<CounterOption, unknown>>>;

export interface TestNode {
  readonly kind: "test";
  readonly path: Path;
  readonly fact: NamedFact;
  readonly operator: OperatorName;
  /** As it stands in the policy; the compiler reads it. */
  readonly operand: unknown;
  readonly options: CounterOptions;
}

/** A `when` that was read: every fact and operator is known, operands are not looked at yet. */
export type WhenNode =
  | { readonly kind: "all"; readonly path: Path; readonly items: readonly WhenNode[] }
  | { readonly kind: "any"; readonly path: Path; readonly items: readonly WhenNode[] }
  | { readonly kind: "not"; readonly path: Path; readonly item: WhenNode }
  | { readonly kind: "cel"; readonly path: Path; readonly source: string }
  | TestNode;
