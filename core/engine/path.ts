import type { JsonValue } from "#api";
import { EVERY, type Segment } from "./model.ts";

/** Steps a path may have; documents are no deeper (api.md "Input limits"). */
export const MAX_SEGMENTS = 64;

const NAME = /^[A-Za-z_$-][\w$-]*$/;

/**
 * Parses what follows `args`: `.a.b[0]`, `.items[*].price`, `.*`, `["a.b"]`. Undefined when the text is no path.
 * A bare key ends at `.` or `[`; any key may be written quoted as a JSON string in brackets.
 */
export function parsePath(text: string): readonly Segment[] | undefined {
  const segments: Segment[] = [];
  let at = 0;
  while (at < text.length) {
    const step = text[at] === "." ? bareStep(text, at + 1) : text[at] === "[" ? bracketStep(text, at + 1) : undefined;
    if (step === undefined || segments.length === MAX_SEGMENTS) return undefined;
    segments.push(step.segment);
    at = step.end;
  }
  return segments;
}

interface Step {
  readonly segment: Segment;
  readonly end: number;
}

function bareStep(text: string, start: number): Step | undefined {
  let end = start;
  while (end < text.length && text[end] !== "." && text[end] !== "[") end++;
  const key = text.slice(start, end);
  if (key === "" || /[\s\]"]/.test(key)) return undefined;
  return { segment: key === "*" ? EVERY : key, end };
}

function bracketStep(text: string, start: number): Step | undefined {
  if (text[start] === '"') return quotedStep(text, start);
  const end = text.indexOf("]", start);
  if (end === -1) return undefined;
  const inside = text.slice(start, end);
  if (inside === "*") return { segment: EVERY, end: end + 1 };
  return /^\d{1,7}$/.test(inside) ? { segment: Number(inside), end: end + 1 } : undefined;
}

function quotedStep(text: string, start: number): Step | undefined {
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  if (text[end] !== '"' || text[end + 1] !== "]") return undefined;
  try {
    return { segment: JSON.parse(text.slice(start, end + 1)) as string, end: end + 2 };
  } catch {
    return undefined; // a bad escape: no path, which the caller reports
  }
}

/** The canonical spelling: equal for equal paths, and read back as the same path. */
export function printPath(path: readonly Segment[]): string {
  return path
    .map((segment) => {
      if (segment === EVERY) return "[*]";
      if (typeof segment === "number") return `[${segment}]`;
      return NAME.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
    })
    .join("");
}

export function isWild(path: readonly Segment[]): boolean {
  return path.includes(EVERY);
}

function child(value: JsonValue, segment: string | number): JsonValue | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (Array.isArray(value)) return typeof segment === "number" ? value[segment] : undefined;
  return typeof segment === "string" && Object.hasOwn(value, segment) ? value[segment] : undefined;
}

/** What is at a path without `[*]`; own properties only, so that nothing is found on a prototype. Undefined is absent. */
export function readPath(root: JsonValue, path: readonly Segment[]): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (let i = 0; i < path.length && value !== undefined; i++) value = child(value, path[i] as string | number);
  return value;
}

/** Elements one path with `[*]` looks at: lists come from outside, and every rule pays for each of them. */
export const MAX_ELEMENTS = 10_000;

/**
 * Calls `visit` with what each element of a path with `[*]` holds (undefined where an element lacks the rest of the path)
 * until it answers true. An element is an item of a list or a value of an object. Returns how many were visited,
 * Infinity when there were more than MAX_ELEMENTS and the rest was not looked at.
 */
export function visitPath(
  root: JsonValue,
  path: readonly Segment[],
  visit: (value: JsonValue | undefined) => boolean,
): number {
  let visited = 0;
  let elements = 0;
  const walk = (value: JsonValue, at: number): boolean => {
    let here: JsonValue | undefined = value;
    for (let i = at; i < path.length && here !== undefined; i++) {
      const segment = path[i] as Segment;
      if (segment === EVERY) {
        return elementsOf(here).some((element) => ++elements > MAX_ELEMENTS || walk(element, i + 1));
      }
      here = child(here, segment);
    }
    visited++;
    return visit(here);
  };
  walk(root, 0);
  return elements > MAX_ELEMENTS ? Infinity : visited;
}

/** Calls `visit` with everything that is at a path, and with the keys and indices that lead there. Absent places are not visited. */
export function visitPlaces(
  root: JsonValue,
  path: readonly Segment[],
  visit: (value: JsonValue, place: readonly (string | number)[]) => void,
): void {
  const place: (string | number)[] = [];
  const walk = (value: JsonValue | undefined, at: number): void => {
    if (value === undefined) return;
    const segment = path[at];
    if (segment === undefined) {
      visit(value, [...place]);
      return;
    }
    for (const key of segment === EVERY ? keysOf(value) : [segment]) {
      place.push(key);
      walk(child(value, key), at + 1);
      place.pop();
    }
  };
  walk(root, 0);
}

function keysOf(value: JsonValue): readonly (string | number)[] {
  if (Array.isArray(value)) return value.map((_, index) => index);
  return value !== null && typeof value === "object" ? Object.keys(value) : [];
}

function elementsOf(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  return value !== null && typeof value === "object" ? Object.values(value) : [];
}
