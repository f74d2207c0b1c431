import { isJsonObject, type JsonObject, type JsonValue } from "#api";
import { sameJson } from "./same-json.ts";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JsonValue }
  | { readonly op: "remove"; readonly path: string };

/**
 * The change as RFC 6902 JSON Patch, linear in the size of the arguments. Lists are compared place by place: a shortest script between lists
 * (as rfc6902's createPatch looks for) is quadratic, and arguments come from outside.
 */
export function diffArgs(before: JsonObject, after: JsonObject): readonly PatchOperation[] {
  const patch: PatchOperation[] = [];
  diff(before, after, { pointer: "", patch });
  return patch;
}

/** RFC 6901, section 3. */
function escapeToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

interface Place {
  readonly pointer: string;
  readonly patch: PatchOperation[];
}

function diff(before: JsonValue, after: JsonValue, place: Place): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) diffLists(before, after, place);
  else if (isJsonObject(before) && isJsonObject(after)) diffObjects(before, after, place);
  else place.patch.push({ op: "replace", path: place.pointer, value: after });
}

function diffObjects(before: JsonObject, after: JsonObject, { pointer, patch }: Place): void {
  for (const [key, value] of Object.entries(before)) {
    const path = `${pointer}/${escapeToken(key)}`;
    if (!Object.hasOwn(after, key)) patch.push({ op: "remove", path });
    else diff(value, after[key] as JsonValue, { pointer: path, patch });
  }
  for (const [key, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, key)) patch.push({ op: "add", path: `${pointer}/${escapeToken(key)}`, value });
  }
}

/** Elements removed from within shift the rest; then the list is replaced, unless it was only cut at its end. */
function diffLists(before: readonly JsonValue[], after: readonly JsonValue[], { pointer, patch }: Place): void {
  const shared = Math.min(before.length, after.length);
  const shifted =
    before.length !== after.length && !after.slice(0, shared).every((item, i) => sameJson(item, before[i]));
  if (shifted) {
    patch.push({ op: "replace", path: pointer, value: [...after] });
    return;
  }
  for (let i = 0; i < shared; i++)
    diff(before[i] as JsonValue, after[i] as JsonValue, { pointer: `${pointer}/${i}`, patch });
  for (let i = before.length - 1; i >= shared; i--) patch.push({ op: "remove", path: `${pointer}/${i}` });
  for (const item of after.slice(shared)) patch.push({ op: "add", path: `${pointer}/-`, value: item });
}
