import { factEntry, type FactEntry } from "../catalog/facts.ts";
import { operatorEntry, type OperandKind } from "../catalog/operators.ts";
import { detectionOf, keyOf, type DetectionScope } from "../content/compile-detection.ts";
import { parseHost, parseNetwork, type Network } from "../operators/address.ts";
import { ScalarSet } from "../operators/equality.ts";
import { compileGlob, hasWildcard, type Glob } from "../operators/glob.ts";
import type { Choice } from "../operators/membership.ts";
import type { HostSet } from "../operators/network.ts";
import { compilePattern, MAX_PATTERN } from "../operators/pattern.ts";
import type { TestNode } from "../parse/ast.ts";
import { catalogName } from "../parse/fact-name.ts";
import type { Operand } from "./compiled.ts";
import { OperandError } from "./operand-error.ts";
import { boundedText, intervalOf, scalarOf, shown, thresholdOf } from "./scalars.ts";

const MAX_LIST = 1024;

export interface OperandScope extends DetectionScope {
  /** Names of tool lists, which `tool` conditions may use like globs. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** The operand in the form its operator evaluates. Throws OperandError. */
export function compileOperand(node: TestNode, scope: OperandScope): Operand {
  const name = catalogName(node.fact);
  const entry: FactEntry = factEntry(name);
  const { operand: kind, on } = operatorEntry(node.operator);
  if (!on.includes(entry.type)) {
    throw new OperandError(
      "impossible-type",
      `${node.operator} cannot be applied to ${name}, which is ${article(entry)}`,
    );
  }
  if (name === "tool" && (kind === "scalar" || kind === "scalars")) return toolChoice(node, scope);
  return readers[kind](node, entry, scope);
}

function article(entry: FactEntry): string {
  return entry.type === "text" ? "text" : entry.type === "json" ? "an argument" : `a ${entry.type}`;
}

type Reader = (node: TestNode, entry: FactEntry, scope: OperandScope) => Operand;

const readers: Readonly<Record<OperandKind, Reader>> = {
  scalar: ({ operand }, entry) => scalarOf(operand, entry),
  scalars: ({ operand }, entry) => ({
    values: new ScalarSet(listOf(operand).map((item) => scalarOf(item, entry))),
    globs: none,
  }),
  flag: ({ operand }) => {
    if (typeof operand === "boolean") return operand;
    throw new OperandError("bad-operand", `exists takes true or false, found ${shown(operand)}`);
  },
  order: ({ operand }, entry) => thresholdOf(operand, entry.type),
  interval: ({ operand }, entry) => intervalOf(operand, entry.type),
  needle: ({ operand }, entry) => {
    if (operand === "") throw new OperandError("bad-operand", "every text contains the empty text");
    return scalarOf(operand, entry);
  },
  text: ({ operand }) => boundedText(operand),
  pattern: ({ operand }, _entry, scope) => patternOf(operand, scope),
  glob: ({ operand }, _entry, scope) => globOf(boundedText(operand), scope),
  count: ({ operand }) => {
    if (typeof operand === "number" && Number.isSafeInteger(operand) && operand >= 0) return operand;
    throw new OperandError("bad-operand", `expected a whole number of characters, found ${shown(operand)}`);
  },
  detection: ({ operand, operator, fact }, _entry, scope) => {
    const key = fact.kind === "args" ? keyOf(fact.path) : undefined;
    return detectionOf(operand, { family: operator === "contains_pii" ? "pii" : "secret", key }, scope);
  },
  hosts: ({ operand }, _entry, scope) => hostsOf(operand, scope),
  networks: ({ operand }) => networksOf(operand),
};

const none: readonly Glob[] = Object.freeze([]);

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new OperandError("bad-operand", `expected a list, found ${shown(value)}`);
  if (value.length === 0) throw new OperandError("bad-operand", "the list is empty");
  if (value.length > MAX_LIST) throw new OperandError("bad-operand", `a list has at most ${MAX_LIST} values`);
  return value;
}

function globOf(source: string, { interner }: OperandScope): Glob {
  return interner.share("glob", source, () => Object.freeze(compileGlob(source)));
}

/** `tool` takes names, globs and names of action groups; one plain name stays a plain text, one glob a glob. */
function toolChoice(node: TestNode, scope: OperandScope): Operand {
  const single = node.operator === "eq" || node.operator === "ne";
  const names = (single ? [node.operand] : listOf(node.operand)).map((name) => toolName(name));
  const wanted = names.flatMap((name) => [name, ...(scope.groups.get(name) ?? [])]);
  const plain = wanted.filter((name) => !hasWildcard(name));
  const [only] = plain;
  if (single && wanted.length === 1 && only !== undefined) return only;
  const globs = wanted.filter(hasWildcard).map((source) => globOf(source, scope));
  const [glob] = globs;
  if (node.operator === "eq" && wanted.length === 1 && glob !== undefined) return glob;
  const choice: Choice = { values: new ScalarSet(plain), globs: globs.length === 0 ? none : Object.freeze(globs) };
  return Object.freeze(choice);
}

function toolName(value: unknown): string {
  if (typeof value === "string" && value !== "") return boundedText(value);
  throw new OperandError(
    "impossible-type",
    `expected the name of a tool, a glob or an action group, found ${shown(value)}`,
  );
}

function patternOf(operand: unknown, { interner }: OperandScope): Operand {
  const source = boundedText(operand);
  if (source.length > MAX_PATTERN) {
    throw new OperandError("bad-pattern", `a pattern has at most ${MAX_PATTERN} characters, this one ${source.length}`);
  }
  try {
    return interner.share("pattern", source, () => Object.freeze(compilePattern(source)));
  } catch (error) {
    throw new OperandError("bad-pattern", error instanceof Error ? error.message : "not a valid RE2 expression");
  }
}

function hostsOf(operand: unknown, { interner }: OperandScope): HostSet {
  const source = typeof operand === "string" ? [operand] : listOf(operand).map(boundedText);
  return interner.share("hosts", JSON.stringify(source), () => {
    const exact = new Set<string>();
    const suffixes: string[] = [];
    for (const item of source) {
      const wild = item.startsWith("*.");
      const host = parseHost((wild ? item.slice(2) : item).toLowerCase()) ?? addressOf(item);
      if (host === undefined || (wild && host.address !== undefined)) {
        throw new OperandError(
          "bad-operand",
          `${shown(item)} is no host; expected example.com, *.example.com or an IP address`,
        );
      }
      if (wild) suffixes.push(`.${host.name}`);
      else exact.add(host.name);
    }
    return Object.freeze({ source: Object.freeze(source), exact, suffixes: Object.freeze(suffixes) });
  });
}

function addressOf(text: string): ReturnType<typeof parseHost> {
  const network = parseNetwork(text);
  return network !== undefined && network.prefix === network.bits
    ? { name: `${network.bits}/${network.value}`, address: { bits: network.bits, value: network.value } }
    : undefined;
}

function networksOf(operand: unknown): readonly Network[] {
  const source = typeof operand === "string" ? [operand] : listOf(operand).map(boundedText);
  return Object.freeze(
    source.map((item) => {
      const network = parseNetwork(item);
      if (network === undefined)
        throw new OperandError("bad-operand", `${shown(item)} is no network; expected 10.0.0.0/8 or 2001:db8::/32`);
      return Object.freeze(network);
    }),
  );
}
