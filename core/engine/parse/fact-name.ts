import { isFactName, type FactName } from "../catalog/facts.ts";
import { parsePath, printPath } from "../path.ts";
import type { Segment } from "../model.ts";

export type PlainFactName = Exclude<FactName, "args" | "labels">;

/** A fact as a policy names it. */
export type NamedFact =
  | { readonly kind: "args"; readonly path: readonly Segment[] }
  | { readonly kind: "label"; readonly label: string }
  | { readonly kind: "plain"; readonly name: PlainFactName };

/** `tool`, `args.a[*].b`, `labels.team`, `labels["a/b"]`; undefined when the text names no fact. */
export function parseFactName(text: string): NamedFact | undefined {
  if (/^args(?:$|[.[])/.test(text)) {
    const path = parsePath(text.slice("args".length));
    return path === undefined ? undefined : { kind: "args", path };
  }
  if (/^labels[.[]/.test(text)) {
    const label = labelName(text.slice("labels".length));
    return label === undefined ? undefined : { kind: "label", label };
  }
  if (text === "labels" || !isFactName(text)) return undefined;
  return { kind: "plain", name: text as PlainFactName };
}

/** A label's key may have dots and slashes itself: everything after `labels.` is the key. */
function labelName(text: string): string | undefined {
  if (text.startsWith(".")) return text.length > 1 && text.length <= 318 ? text.slice(1) : undefined;
  const path = parsePath(text);
  return path?.length === 1 && typeof path[0] === "string" && path[0] !== "" ? path[0] : undefined;
}

/** The canonical spelling, read back as the same fact. */
export function printFactName(fact: NamedFact): string {
  if (fact.kind === "plain") return fact.name;
  return fact.kind === "label" ? `labels.${fact.label}` : `args${printPath(fact.path)}`;
}

export function catalogName(fact: NamedFact): FactName {
  if (fact.kind === "plain") return fact.name;
  return fact.kind === "label" ? "labels" : "args";
}
