/** Whether two JSON values are equal: objects by their own keys in any order, lists in order. What is shared is not walked. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isComposite(a) || !isComposite(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const entries = Object.entries(a);
  const other = new Map(Object.entries(b));
  return (
    entries.length === other.size && entries.every(([key, value]) => other.has(key) && sameJson(value, other.get(key)))
  );
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
