import { isJsonObject, type JsonObject, type JsonValue } from "#api";
import { EVERY, type Segment } from "../model.ts";

/** What becomes of one place: a new value, nothing (removed), or the same object as before (unchanged). */
export type Change = JsonValue | undefined;
/** Given what is there (undefined: nothing), answers what shall be there. Throws CannotApply. */
export type Edit = (value: JsonValue | undefined) => Change;

/** An operation that cannot be applied to what it finds; the rule then denies. */
export class CannotApply extends Error {}

export interface EditOptions {
  /** Make missing parents, as objects; otherwise nothing happens where a parent is missing. */
  readonly create: boolean;
}

/** A copy of `root` with the places of the path edited; what is not touched is shared with it, and `root` itself comes back when nothing changed. */
export function editAt(root: JsonObject, path: readonly Segment[], edit: Edit, options: EditOptions): JsonObject {
  const changed = walk(root, path, edit, options);
  if (changed === null || typeof changed !== "object" || Array.isArray(changed)) {
    throw new CannotApply("the arguments must stay an object");
  }
  return changed;
}

function walk(value: JsonValue | undefined, path: readonly Segment[], edit: Edit, options: EditOptions): Change {
  const [segment, ...rest] = path;
  if (segment === undefined) return edit(value);
  const next = (item: JsonValue | undefined): Change => walk(item, rest, edit, options);
  if (segment === EVERY) return everyElement(value, next, options);
  if (typeof segment === "number") return element(value, segment, next, options);
  return member(value, segment, next, options);
}

function member(value: JsonValue | undefined, key: string, next: Edit, { create }: EditOptions): Change {
  if (value === undefined && create) {
    const made = next(undefined);
    return made === undefined ? undefined : { [key]: made };
  }
  if (!isJsonObject(value)) return blocked(value, create, "an object");
  const before = Object.hasOwn(value, key) ? value[key] : undefined;
  if (before === undefined && !create) return value;
  return withMember(value, key, before, next(before));
}

function withMember(value: JsonObject, key: string, before: JsonValue | undefined, after: Change): JsonObject {
  if (after === before) return value;
  // A computed key of an object literal is always an own property, also `__proto__`.
  if (after !== undefined) return { ...value, [key]: after };
  const { [key]: _removed, ...others } = value;
  return others;
}

function element(value: JsonValue | undefined, index: number, next: Edit, { create }: EditOptions): Change {
  if (!Array.isArray(value)) return blocked(value, create, "a list");
  const before = value[index];
  if (before === undefined) {
    if (create) throw new CannotApply(`the list has no element ${index}`);
    return value;
  }
  const after = next(before);
  if (after === before) return value;
  return after === undefined ? value.toSpliced(index, 1) : value.with(index, after);
}

function everyElement(value: JsonValue | undefined, next: Edit, { create }: EditOptions): Change {
  if (Array.isArray(value)) {
    const after = value.map(next);
    return after.every((item, index) => item === value[index]) ? value : after.filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return blocked(value, create, "a list or an object");
  const entries = Object.entries(value).map(([key, item]) => [key, next(item)] as const);
  if (entries.every(([key, item]) => item === value[key])) return value;
  // fromEntries defines own properties, also `__proto__`.
  return Object.fromEntries(entries.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}

/** Where a parent is missing or of another kind: nothing to do, unless something was to be put there. */
function blocked(value: JsonValue | undefined, create: boolean, expected: string): Change {
  if (create)
    throw new CannotApply(
      value === undefined
        ? `there is nothing at the path, expected ${expected}`
        : `the path leads through something that is not ${expected}`,
    );
  return value;
}
