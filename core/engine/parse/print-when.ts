import type { TestNode, WhenNode } from "./ast.ts";
import { printFactName } from "./fact-name.ts";

type Entry = readonly [key: string, value: unknown];

/** The `when` in JSON: reading it again gives the same node. */
export function printWhen(node: WhenNode): Record<string, unknown> {
  if (node.kind === "all") return printAll(node.items);
  return object([entryOf(node)]);
}

/** One map where its keys do not collide, else a list under `all`. */
function printAll(items: readonly WhenNode[]): Record<string, unknown> {
  if (items.length === 1) return { all: items.map(printWhen) };
  const entries = mergeTests(items);
  const keys = new Set(entries.map(([key]) => key));
  // A single merged entry still reads as `all` of its operators, because those are several tests.
  return keys.size === entries.length ? object(entries) : { all: items.map(printWhen) };
}

/** Own properties only, whatever the keys are. */
function object(entries: readonly Entry[]): Record<string, unknown> {
  return Object.fromEntries(entries);
}

function entryOf(node: WhenNode): Entry {
  switch (node.kind) {
    case "all":
      return ["all", node.items.map(printWhen)];
    case "any":
      return ["any", node.items.map(printWhen)];
    case "not":
      return ["not", printWhen(node.item)];
    case "cel":
      return ["cel", node.source];
    case "test":
      return testEntry([node]);
  }
}

/** Neighbours about the same fact become one entry with several operators. */
function mergeTests(items: readonly WhenNode[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < items.length; i++) {
    const node = items[i] as WhenNode;
    // `all: []` would be refused, so the empty `all` cannot stand as an entry.
    if (node.kind === "all" && node.items.length === 0)
      return [
        ["all", []],
        ["all", []],
      ];
    if (node.kind !== "test") {
      entries.push(entryOf(node));
      continue;
    }
    const group = [node];
    for (let next = items[i + 1]; next?.kind === "test" && joins(group, next); next = items[i + 1]) {
      group.push(next);
      i++;
    }
    entries.push(testEntry(group));
  }
  return entries;
}

function joins(group: readonly TestNode[], next: TestNode): boolean {
  const [first] = group;
  return (
    first !== undefined &&
    printFactName(first.fact) === printFactName(next.fact) &&
    JSON.stringify(first.options) === JSON.stringify(next.options) &&
    group.every(({ operator }) => operator !== next.operator)
  );
}

function testEntry(group: readonly TestNode[]): Entry {
  const [first] = group as [TestNode];
  const key = printFactName(first.fact);
  const plain = group.length === 1 && Object.keys(first.options).length === 0;
  if (plain && first.operator === "eq" && (typeof first.operand !== "object" || first.operand === null)) {
    return [key, first.operand];
  }
  if (plain && first.operator === "in" && Array.isArray(first.operand)) return [key, first.operand];
  return [key, { ...first.options, ...object(group.map(({ operator, operand }) => [operator, operand])) }];
}
