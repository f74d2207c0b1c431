/** A pattern of literal text, `*` (any run of characters, also none, also `.` and `/`) and `?` (one character). */
export interface Glob {
  readonly source: string;
  /** The text between stars; never empty. `?` is kept inside. */
  readonly parts: readonly string[];
}

export function hasWildcard(text: string): boolean {
  return text.includes("*") || text.includes("?");
}

export function compileGlob(source: string): Glob {
  return { source, parts: Object.freeze(source.split(/\*+/)) };
}

/** The literal text every match begins with. */
export function globPrefix(glob: Glob): string {
  const end = glob.source.search(/[*?]/);
  return end === -1 ? glob.source : glob.source.slice(0, end);
}

/** The longest literal text every match contains; empty when there is none. */
export function globLiteral(glob: Glob): string {
  return glob.source.split(/[*?]+/).reduce((longest, part) => (part.length > longest.length ? part : longest), "");
}

/**
 * Whether the whole text matches. Each part is sought once from where the last one ended: taking the leftmost place for a part
 * between two stars never loses a match, so nothing is tried twice. With `?` a step costs the part's length.
 */
export function globMatches({ parts }: Glob, text: string): boolean {
  const first = parts[0] ?? "";
  if (parts.length === 1) return text.length === first.length && matchesAt(text, first, 0);
  const last = parts.at(-1) ?? "";
  const end = text.length - last.length;
  if (first.length > end || !matchesAt(text, first, 0) || !matchesAt(text, last, end)) return false;
  return parts.length === 2 || holdsInOrder(text.slice(first.length, end), parts);
}

/** Whether the parts between the first and the last follow one another in the text. */
function holdsInOrder(text: string, parts: readonly string[]): boolean {
  let at = 0;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] ?? "";
    const found = find(text, part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return true;
}

function matchesAt(text: string, part: string, at: number): boolean {
  if (part === "" || !part.includes("?")) return text.startsWith(part, at);
  for (let i = 0; i < part.length; i++) {
    if (part[i] !== "?" && part[i] !== text[at + i]) return false;
  }
  return true;
}

function find(text: string, part: string, from: number): number {
  if (!part.includes("?")) return text.indexOf(part, from);
  for (let at = from; at + part.length <= text.length; at++) if (matchesAt(text, part, at)) return at;
  return -1;
}
