import type { ASTNode } from "@marcbachmann/cel-js";

/** Macros that loop over a list or a map: `xs.exists(x, …)`. */
const loops = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** A call of a looping macro: what is looped over, the variable, the body. */
export interface Loop {
  readonly over: ASTNode;
  readonly variable: string;
  readonly body: readonly ASTNode[];
}

export function loopOf(node: ASTNode): Loop | undefined {
  if (node.op !== "rcall") return undefined;
  const [name, over, [variable, ...body]] = node.args;
  return loops.has(name) && variable?.op === "id" ? { over, variable: variable.args, body } : undefined;
}

/** `cel.bind(x, value, body)`. */
export interface Binding {
  readonly variable: string;
  readonly value: ASTNode;
  readonly body: ASTNode;
}

export function bindingOf(node: ASTNode): Binding | undefined {
  if (node.op !== "rcall" || node.args[0] !== "bind") return undefined;
  const [, receiver, [variable, value, body]] = node.args;
  if (receiver.op !== "id" || receiver.args !== "cel" || variable?.op !== "id" || !value || !body) return undefined;
  return { variable: variable.args, value, body };
}

type NodeOf<Op extends ASTNode["op"]> = Extract<ASTNode, { op: Op }>;
const childrenByKind: { readonly [Op in ASTNode["op"]]?: (node: NodeOf<Op>) => readonly ASTNode[] } = {
  value: () => [],
  id: () => [],
  ".": ({ args }) => [args[0]],
  ".?": ({ args }) => [args[0]],
  call: ({ args }) => args[1],
  rcall: ({ args }) => [args[1], ...args[2]],
  map: ({ args }) => args.flat(),
  "!_": ({ args }) => [args],
  "-_": ({ args }) => [args],
};

/** The operands of a node; of every kind not listed above they are its arguments. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  const children = childrenByKind[node.op] as ((node: ASTNode) => readonly ASTNode[]) | undefined;
  return children === undefined ? (node.args as readonly ASTNode[]) : children(node);
}

/** A name and the constant steps after it: `args.a["b"]`. */
export interface Chain {
  readonly root: string;
  readonly steps: readonly (string | number)[];
}

export function chainOf(node: ASTNode): Chain | undefined {
  if (node.op === "id") return { root: node.args, steps: [] };
  if (node.op !== "." && node.op !== "[]") return undefined;
  const inner = chainOf(node.args[0]);
  const step = node.op === "." ? node.args[1] : constantStep(node.args[1]);
  return inner === undefined || step === undefined ? undefined : { root: inner.root, steps: [...inner.steps, step] };
}

function constantStep(node: ASTNode): string | number | undefined {
  if (node.op !== "value") return undefined;
  if (typeof node.args === "string") return node.args;
  return typeof node.args === "bigint" && node.args >= 0n && node.args < 10_000_000n ? Number(node.args) : undefined;
}

/** Whether two expressions are the same, wherever they stand in the text. */
export function sameTree(a: ASTNode, b: ASTNode): boolean {
  return shape(a) === shape(b);
}

function shape(node: ASTNode): string {
  const own = node.op === "value" ? literal(node.args) : node.op === "id" ? node.args : nameOf(node);
  return `(${node.op} ${JSON.stringify(own)} ${childrenOf(node).map(shape).join(" ")})`;
}

function literal(value: unknown): string {
  return value instanceof Uint8Array ? `bytes ${value.join(",")}` : `${typeof value} ${String(value)}`;
}

function nameOf(node: ASTNode): string {
  if (node.op === "call" || node.op === "rcall") return node.args[0];
  return node.op === "." || node.op === ".?" ? node.args[1] : "";
}
