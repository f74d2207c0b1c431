/**
 * Whether a tool name fits a glob: `*` is any run of characters (also none, also `.`), `?` one character, everything else itself.
 * The same language as the `tool` fact of a rule. Each part is sought once, from where the last one ended: what is found leftmost
 * never loses a match, so nothing is tried twice.
 */
export function toolMatcher(glob: string): (tool: string) => boolean {
  const parts = glob.split(/\*+/);
  const first = parts[0] ?? "";
  if (parts.length === 1) return (tool) => tool.length === first.length && matchesAt(tool, first, 0);
  const last = parts.at(-1) ?? "";
  const inner = parts.slice(1, -1);
  return (tool) => {
    const end = tool.length - last.length;
    if (first.length > end || !matchesAt(tool, first, 0) || !matchesAt(tool, last, end)) return false;
    let at = first.length;
    for (const part of inner) {
      while (at + part.length <= end && !matchesAt(tool, part, at)) at++;
      if (at + part.length > end) return false;
      at += part.length;
    }
    return true;
  };
}

function matchesAt(text: string, part: string, at: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== "?" && part[i] !== text[at + i]) return false;
  }
  return true;
}
