import { operatorNames, type OperatorName } from "../catalog/operators.ts";
import { TRUE } from "../model.ts";
import { detected } from "./content.ts";
import { eq, ne } from "./equality.ts";
import { notOneOf, oneOf } from "./membership.ts";
import { cidr, hostIn, hostNotIn } from "./network.ts";
import type { Evaluate, Operator } from "./operator.ts";
import { between, gt, gte, lt, lte } from "./ordering.ts";
import { matches, notMatches } from "./pattern.ts";
import { contains, endsWith, glob, lengthGt, lengthLt, notContains, startsWith } from "./text.ts";

/** Whether the value is there was settled before; `exists: false` is settled there too. */
const present: Evaluate<boolean> = () => TRUE;

const evaluators = {
  eq,
  ne,
  in: oneOf,
  not_in: notOneOf,
  exists: present,
  gt,
  gte,
  lt,
  lte,
  between,
  contains,
  not_contains: notContains,
  starts_with: startsWith,
  ends_with: endsWith,
  matches,
  not_matches: notMatches,
  glob,
  length_gt: lengthGt,
  length_lt: lengthLt,
  contains_pii: detected,
  contains_secret: detected,
  host_in: hostIn,
  host_not_in: hostNotIn,
  cidr,
} as const satisfies Record<OperatorName, Evaluate<never>>;

/** One frozen object an operator. The compiler gives each the operand its evaluator expects, which is why `never` is safe here. */
export const operators: Readonly<Record<OperatorName, Operator>> = Object.freeze(
  Object.fromEntries(
    operatorNames.map((name) => [name, Object.freeze({ name, evaluate: evaluators[name] as Evaluate<never> })]),
  ) as Record<OperatorName, Operator>,
);
