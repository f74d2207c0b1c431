/** RFC 6901: the place of a value in a document; the empty string is the whole of it. */
export function jsonPointer(path: readonly (string | number)[]): string {
  let pointer = "";
  for (const step of path) pointer += `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return pointer;
}
