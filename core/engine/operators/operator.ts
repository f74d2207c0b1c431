import type { JsonValue } from "#api";
import type { OperatorName } from "../catalog/operators.ts";
import type { Context } from "../evaluate/context.ts";
import type { Truth } from "../model.ts";

/**
 * One operator's work on a value that is present and readable; absence and unreadable facts are settled before it is asked
 * (evaluate/truth.ts). A value it cannot judge is unevaluable, never false.
 */
export type Evaluate<Operand> = (value: JsonValue, operand: Operand, context: Context) => Truth;

export interface Operator<Operand = never> {
  readonly name: OperatorName;
  readonly evaluate: Evaluate<Operand>;
}
