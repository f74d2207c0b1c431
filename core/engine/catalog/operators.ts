import type { FactType } from "./facts.ts";

/** What an operator is given in a policy. */
export type OperandKind =
  | "scalar" // text, number, true, false or null
  | "scalars" // a list of them
  | "flag" // true or false
  | "order" // a number, a duration or a timestamp, as the fact asks
  | "interval" // two of them
  | "needle" // text, or a scalar to find in a list
  | "text"
  | "pattern" // RE2
  | "glob"
  | "count"
  | "detection" // true, entities, or { entities, min_score }
  | "hosts"
  | "networks";

/** How an index may use a test as a rule's guard (docs: the index). `none` never guards. */
export type GuardKind = "equality" | "threshold" | "substring" | "presence" | "none";

export interface OperatorEntry {
  readonly operand: OperandKind;
  readonly on: readonly FactType[];
  readonly guard: GuardKind;
  /** Order within `all` and `any`: cheap tests first, scans last. It never shows in a verdict. */
  readonly cost: number;
  readonly summary: string;
}

const anything: readonly FactType[] = ["text", "number", "money", "count", "duration", "json"];
const ordered: readonly FactType[] = ["number", "money", "count", "duration", "json"];
const textual: readonly FactType[] = ["text", "json"];
const json: readonly FactType[] = ["json"];

/** Every operator; the parser, the checks, the compiler and the reference pages read this table. */
export const operatorCatalog = {
  eq: { operand: "scalar", on: anything, guard: "equality", cost: 1, summary: 'Is this value; `5` equals `"5.0"`.' },
  ne: { operand: "scalar", on: anything, guard: "none", cost: 1, summary: "Is there and is not this value." },
  in: { operand: "scalars", on: anything, guard: "equality", cost: 1, summary: "Is one of these values." },
  not_in: {
    operand: "scalars",
    on: anything,
    guard: "none",
    cost: 1,
    summary: "Is there and is none of these values.",
  },
  exists: {
    operand: "flag",
    on: anything,
    guard: "presence",
    cost: 0,
    summary: "Is there; with `false`, is not there.",
  },
  gt: { operand: "order", on: ordered, guard: "threshold", cost: 1, summary: "Is greater." },
  gte: { operand: "order", on: ordered, guard: "threshold", cost: 1, summary: "Is greater or equal." },
  lt: { operand: "order", on: ordered, guard: "threshold", cost: 1, summary: "Is less." },
  lte: { operand: "order", on: ordered, guard: "threshold", cost: 1, summary: "Is less or equal." },
  between: {
    operand: "interval",
    on: ordered,
    guard: "threshold",
    cost: 1,
    summary: "Lies between two values, or is one of them.",
  },
  contains: {
    operand: "needle",
    on: textual,
    guard: "substring",
    cost: 3,
    summary: "The text holds this text, or the list this element.",
  },
  not_contains: { operand: "needle", on: textual, guard: "none", cost: 3, summary: "Is there and does not hold it." },
  starts_with: { operand: "text", on: textual, guard: "presence", cost: 2, summary: "The text begins with this." },
  ends_with: { operand: "text", on: textual, guard: "presence", cost: 2, summary: "The text ends with this." },
  matches: {
    operand: "pattern",
    on: textual,
    guard: "presence",
    cost: 7,
    summary: "An RE2 expression is found in the text; `^` and `$` anchor it.",
  },
  not_matches: {
    operand: "pattern",
    on: textual,
    guard: "none",
    cost: 7,
    summary: "Is there and the expression is not found.",
  },
  glob: {
    operand: "glob",
    on: textual,
    guard: "presence",
    cost: 4,
    summary: "The whole text matches; `*` is any run of characters, `?` one.",
  },
  length_gt: { operand: "count", on: textual, guard: "presence", cost: 2, summary: "The text has more characters." },
  length_lt: { operand: "count", on: textual, guard: "presence", cost: 2, summary: "The text has fewer characters." },
  contains_pii: {
    operand: "detection",
    on: textual,
    guard: "presence",
    cost: 9,
    summary: "Holds personal data, at any depth.",
  },
  contains_secret: {
    operand: "detection",
    on: textual,
    guard: "presence",
    cost: 9,
    summary: "Holds keys or tokens, at any depth.",
  },
  host_in: {
    operand: "hosts",
    on: json,
    guard: "presence",
    cost: 5,
    summary: "The host of the URL or address is one of these; `*.example.com` is every name below.",
  },
  host_not_in: {
    operand: "hosts",
    on: json,
    guard: "none",
    cost: 5,
    summary: "Is there and its host is none of these.",
  },
  cidr: {
    operand: "networks",
    on: json,
    guard: "presence",
    cost: 5,
    summary: "The host is an IP address in one of these networks. Names are not resolved.",
  },
} as const satisfies Record<string, OperatorEntry>;

export type OperatorName = keyof typeof operatorCatalog;
export const operatorNames = Object.keys(operatorCatalog) as readonly OperatorName[];

export function isOperatorName(name: string): name is OperatorName {
  return Object.hasOwn(operatorCatalog, name);
}

export function operatorEntry(name: OperatorName): OperatorEntry {
  return operatorCatalog[name];
}
