import type { ASTNode } from "@marcbachmann/cel-js";
import type { JsonValue } from "#api";
import { bindingOf, chainOf, childrenOf, loopOf } from "./ast.ts";

/** Loops within loops an expression may have. A search (`in`, `==`) of something that is not the loop's own element counts as one. */
export const MAX_LOOPS = 2;
/** Steps one evaluation may take by estimate; about 20 ms. */
const MAX_WORK = 250_000;
/** Characters searched in the time of one step. */
const TEXT_PER_STEP = 64;
/** Steps of a call that asks for a time in a named zone. */
const ZONE_STEPS = 500;

export interface Shape {
  readonly nodes: number;
  readonly loops: number;
}

/** How many nodes an expression has and how deeply it loops. */
export function shapeOf(node: ASTNode, inner: ReadonlySet<string> = new Set()): Shape {
  const loop = loopOf(node);
  if (loop !== undefined) {
    const within = new Set([...inner, loop.variable]);
    const body = sum(loop.body.map((part) => shapeOf(part, within)));
    const over = shapeOf(loop.over, inner);
    return { nodes: 1 + over.nodes + body.nodes, loops: Math.max(over.loops, body.loops + 1) };
  }
  const binding = bindingOf(node);
  const parts = binding === undefined ? childrenOf(node) : [binding.value, binding.body];
  const shape = sum(parts.map((part) => shapeOf(part, inner)));
  const hidden = inner.size > 0 && searches(node, inner) ? 1 : 0;
  return { nodes: shape.nodes + 1 + zoneSteps(node), loops: shape.loops + hidden };
}

function sum(shapes: readonly Shape[]): Shape {
  return shapes.reduce((a, b) => ({ nodes: a.nodes + b.nodes, loops: Math.max(a.loops, b.loops) }), {
    nodes: 0,
    loops: 0,
  });
}

function zoneSteps(node: ASTNode): number {
  return node.op === "rcall" && node.args[0].startsWith("get") && node.args[2].length > 0 ? ZONE_STEPS : 0;
}

/** Comparing with an element of the loop costs its size, which sums up to the list's; comparing two other things costs that each time. */
function searches(node: ASTNode, inner: ReadonlySet<string>): boolean {
  if (node.op === "in") return node.args[1].op !== "list";
  if (node.op !== "==" && node.op !== "!=") return false;
  return !node.args.some((side) => side.op === "value" || isElement(side, inner));
}

function isElement(node: ASTNode, inner: ReadonlySet<string>): boolean {
  const chain = chainOf(node);
  return chain !== undefined && inner.has(chain.root);
}

/** The largest list, object and text within a value. */
export interface Extent {
  readonly elements: number;
  readonly text: number;
}

export function extentOf(value: JsonValue): Extent {
  let elements = 0;
  let text = 0;
  const walk = (item: JsonValue): void => {
    if (typeof item === "string") text = Math.max(text, item.length);
    if (typeof item !== "object" || item === null) return;
    const items = Array.isArray(item) ? item : Object.values(item);
    elements = Math.max(elements, items.length);
    items.forEach(walk);
  };
  walk(value);
  return { elements, text };
}

/** Whether evaluating would take more steps than a review may cost. Texts may be split into lists, so they count as such when they are. */
export function isTooCostly(shape: Shape, extent: Extent, splits: boolean): boolean {
  if (shape.loops === 0) return false;
  const rounds = Math.max(extent.elements, splits ? extent.text : 0, 1) ** shape.loops;
  return rounds * (shape.nodes + extent.text / TEXT_PER_STEP) > MAX_WORK;
}
