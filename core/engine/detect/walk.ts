/** Called until one of them returns true. `keys` is changed as the walk goes on. */
export interface Visitor {
  /** One string or number somewhere in a value. */
  leaf(leaf: string | number, keys: (string | number)[], sibling: string): boolean;
  /** A key of an object that stands under `keys`. */
  name(name: string, keys: (string | number)[]): boolean;
}

/** Deeper than any review may be (64); a cycle ends here too. */
const MAX_DEPTH = 128;
const MAX_NODES = 200_000;

const labelKeys = ["name", "type", "label", "field", "key", "kind", "column"];
const valueKeys: ReadonlySet<string> = new Set(["value", "val", "content", "text", "data", "number"]);

interface Walk {
  readonly visitor: Visitor;
  readonly keys: (string | number)[];
  nodes: number;
  /** Set when depth or size is exceeded. */
  cut: boolean;
}

/** `{ name: "ssn", value: "…" }`: what stands under `name` is the value's key. */
function siblingOf(object: Readonly<Record<string, unknown>>): string {
  for (const key of labelKeys) {
    const label = Object.hasOwn(object, key) ? object[key] : undefined;
    if (typeof label === "string" && label.length <= 64) return label;
  }
  return "";
}

function each(walk: Walk, value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (child(walk, value[i], { key: i, depth, sibling: "" })) return true;
    return false;
  }
  const object = value as Readonly<Record<string, unknown>>;
  let sibling: string | undefined;
  for (const key of Object.keys(object)) {
    if (walk.visitor.name(key, walk.keys)) return true;
    const label = valueKeys.has(key) ? (sibling ??= siblingOf(object)) : "";
    if (child(walk, object[key], { key, depth, sibling: label })) return true;
  }
  return false;
}

function child(walk: Walk, value: unknown, at: { key: string | number; depth: number; sibling: string }): boolean {
  walk.keys.push(at.key);
  const stop = node(walk, value, at);
  walk.keys.pop();
  return stop;
}

function node(walk: Walk, value: unknown, at: { depth: number; sibling: string }): boolean {
  if (typeof value === "string" || typeof value === "number") return walk.visitor.leaf(value, walk.keys, at.sibling);
  if (typeof value === "bigint") return walk.visitor.leaf(String(value), walk.keys, at.sibling);
  if (typeof value !== "object" || value === null) return false;
  if (at.depth >= MAX_DEPTH || ++walk.nodes > MAX_NODES) {
    walk.cut = true;
    return true;
  }
  return each(walk, value, at.depth + 1);
}

/** Visits every key, string and number in document order until the visitor returns true. True: the value was too deep or too large. */
export function walkLeaves(value: unknown, key: string | undefined, visitor: Visitor): boolean {
  const walk: Walk = { visitor, keys: key === undefined ? [] : [key], nodes: 0, cut: false };
  node(walk, value, { depth: 0, sibling: "" });
  return walk.cut;
}
