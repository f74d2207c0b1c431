import { isExactNumber, MAX_DEPTH, messageOf, type JsonObject, type JsonValue } from "#api";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type Pair,
} from "yaml";
import { fieldName, type Finding, type Path } from "./finding.ts";

/** A policy file may be this long, in UTF-16 units; a policy is limited to 256 rules anyway. */
export const MAX_FILE_LENGTH = 1_048_576;
/** Values one file may expand to, aliases included: a billion laughs stops here. */
const MAX_VALUES = 50_000;

/** One YAML document: its value, and where each of its fields stands. */
export interface SourceDocument {
  readonly value: JsonValue;
  /** Where a field stands; of a missing field, where its nearest ancestor does. `key` asks for the field's name instead of its value. */
  locate(path: Path, key: boolean): { line: number; column: number };
}

export interface SourceText {
  readonly documents: readonly SourceDocument[];
  readonly findings: readonly Finding[];
}

/**
 * Reads YAML (or JSON, which is YAML) strictly: no duplicate keys, no numbers that a double does not hold, no cyclic aliases, bounded size and depth.
 * Every problem is a finding with its place; nothing throws.
 */
export function readYaml(text: string, file: string): SourceText {
  if (text.length > MAX_FILE_LENGTH) {
    return { documents: [], findings: [problem(file, "file-too-large", `longer than ${MAX_FILE_LENGTH} characters`)] };
  }
  const lines = new LineCounter();
  const documents: SourceDocument[] = [];
  const findings: Finding[] = [];
  const source = { text, file, lines };
  for (const document of parseAll(text, source, findings)) {
    for (const error of document.errors)
      findings.push(at(source, error.pos[0], syntaxFinding(error.code, error.message)));
    if (document.errors.length > 0) continue;
    const reader = new Reader(document, source, findings);
    const value = reader.read();
    if (value !== null) documents.push({ value, locate: (path, key) => reader.locate(path, key) });
  }
  return { documents, findings };
}

/** The parser recurses, so a file of nothing but brackets exhausts its stack: that is a finding too. */
function parseAll(text: string, source: Source, findings: Finding[]): readonly Document[] {
  try {
    const options = { lineCounter: source.lines, uniqueKeys: true, strict: true, merge: false, prettyErrors: false };
    const parsed = parseAllDocuments(text, options);
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    findings.push(problem(source.file, "yaml-syntax", `cannot be parsed: ${messageOf(error)}`));
    return [];
  }
}

interface Source {
  readonly text: string;
  readonly file: string;
  readonly lines: LineCounter;
}

function syntaxFinding(code: string, message: string): { code: string; message: string; suggestion?: string } {
  if (code === "DUPLICATE_KEY") {
    return { code: "duplicate-key", message: "this key stands twice in one map", suggestion: "keep one of them" };
  }
  const advice = code === "TAB_AS_INDENT" ? { suggestion: "indent with spaces" } : {};
  return { code: "yaml-syntax", message: `not valid YAML: ${message.split("\n", 1)[0] ?? message}`, ...advice };
}

function problem(file: string, code: string, message: string): Finding {
  return { severity: "error", code, file, line: 1, column: 1, field: "", message };
}

function at(
  source: Source,
  offset: number,
  rest: { code: string; message: string; suggestion?: string; field?: string },
): Finding {
  const { line, col } = source.lines.linePos(offset);
  return {
    severity: "error",
    file: source.file,
    line,
    column: col,
    excerpt: excerptOf(source.text, source.lines, line),
    field: rest.field ?? "",
    code: rest.code,
    message: rest.message,
    suggestion: rest.suggestion,
  };
}

/** The text of one line, cut at 200 characters. */
export function excerptOf(text: string, lines: LineCounter, line: number): string {
  const start = lines.lineStarts[line - 1] ?? 0;
  const end = lines.lineStarts[line] ?? text.length + 1;
  return text
    .slice(start, end - 1)
    .replace(/\r$/, "")
    .slice(0, 200);
}

/** Turns nodes into plain JSON, counting what it makes and refusing what JSON cannot hold. */
class Reader {
  readonly #document: Document;
  readonly #source: Source;
  readonly #findings: Finding[];
  readonly #open = new Set<Node>();
  #values = 0;
  #stopped = false;

  constructor(document: Document, source: Source, findings: Finding[]) {
    this.#document = document;
    this.#source = source;
    this.#findings = findings;
  }

  /** null where there is nothing, or nothing that can be used. */
  read(): JsonValue {
    if (this.#document.contents === null) return null;
    const before = this.#findings.length;
    const value = this.#convert(this.#document.contents, [], 0);
    return this.#findings.length > before ? null : value;
  }

  locate(path: Path, key: boolean): { line: number; column: number } {
    let node = this.#resolve(this.#document.contents);
    let offset = startOf(node) ?? 0;
    for (const step of path) {
      const next = this.#child(node, step);
      if (next === undefined) break;
      node = next.value;
      offset = offsetOf(next, key) ?? offset;
    }
    const { line, col } = this.#source.lines.linePos(offset);
    return { line, column: col };
  }

  #child(node: Node | undefined, step: string | number): Child | undefined {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item) === String(step));
      if (pair === undefined) return undefined;
      return { value: this.#resolve(pair.value), keyOffset: startOf(pair.key) };
    }
    if (!isSeq(node) || typeof step !== "number") return undefined;
    const item = node.items[step];
    return item === undefined ? undefined : { value: this.#resolve(item), keyOffset: startOf(item) };
  }

  #resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#document) as Node | undefined;
    return (node as Node | null) ?? undefined;
  }

  #convert(node: unknown, path: Path, depth: number): JsonValue {
    if (this.#stopped) return null;
    if (++this.#values > MAX_VALUES)
      return this.#stop(node, path, "too-many-values", `expands to more than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) return this.#stop(node, path, "too-deep", `nested deeper than ${MAX_DEPTH} levels`);
    if (isAlias(node)) return this.#alias(node, path, depth);
    if (isScalar(node)) return this.#scalar(node, path);
    if (isMap(node)) return this.#map(node, path, depth);
    if (isSeq(node))
      return this.#guarded(node, () => node.items.map((item, i) => this.#convert(item, [...path, i], depth + 1)));
    return null;
  }

  #alias(node: Node & { source: string }, path: Path, depth: number): JsonValue {
    const target = this.#resolve(node);
    if (target === undefined) return this.#stop(node, path, "unknown-alias", `there is no anchor &${node.source}`);
    if (this.#open.has(target)) return this.#stop(node, path, "cyclic-alias", `*${node.source} contains itself`);
    return this.#convert(target, path, depth);
  }

  #map(node: Node & { items: unknown[] }, path: Path, depth: number): JsonValue {
    return this.#guarded(node, () => {
      const object: JsonObject = {};
      for (const pair of node.items as Pair[]) {
        const key = keyText(pair);
        if (key === undefined) {
          this.#report(pair.key ?? node, path, { code: "bad-key", message: "a key must be a text" });
          continue;
        }
        const value = this.#convert(pair.value, [...path, key], depth + 1);
        // An own property even for __proto__, which plain assignment would turn into the prototype.
        Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
      }
      return object;
    });
  }

  #guarded(node: Node, convert: () => JsonValue): JsonValue {
    this.#open.add(node);
    const value = convert();
    this.#open.delete(node);
    return value;
  }

  #scalar(node: Node & { value: unknown; source?: string }, path: Path): JsonValue {
    const { value } = node;
    if (typeof value === "number") return this.#number(node, value, path);
    if (typeof value === "string") {
      if (!value.isWellFormed())
        this.#report(node, path, { code: "lone-surrogate", message: "holds half a surrogate pair" });
      return value;
    }
    if (typeof value === "boolean" || value === null) return value;
    this.#report(node, path, { code: "bad-value", message: "is not a text, number, boolean, list or map" });
    return null;
  }

  #number(node: Node & { source?: string }, value: number, path: Path): JsonValue {
    const source = node.source ?? String(value);
    const radix = /^[-+]?0[xo]/i.test(source);
    const decimal = source
      .replace(/^\+/, "")
      .replace(/^(-?)\./, "$10.")
      .replace(/\.(?=$|e)/i, "");
    if (!(radix ? Number.isSafeInteger(value) : isExactNumber(decimal))) {
      const message = `${source.slice(0, 40)} cannot be held exactly`;
      this.#report(node, path, { code: "inexact-number", message, suggestion: "write it as a quoted string" });
    }
    return Number.isFinite(value) ? value : null;
  }

  #stop(node: unknown, path: Path, code: string, message: string): JsonValue {
    this.#stopped = true;
    this.#report(node, path, { code, message });
    return null;
  }

  #report(node: unknown, path: Path, fault: { code: string; message: string; suggestion?: string }): void {
    this.#findings.push(at(this.#source, startOf(node) ?? 0, { ...fault, field: fieldName(path) }));
  }
}

interface Child {
  readonly value: Node | undefined;
  readonly keyOffset: number | undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** A scalar stands where its value does, everything else where its name does. */
function offsetOf({ value, keyOffset }: Child, key: boolean): number | undefined {
  return key || !isScalar(value) ? (keyOffset ?? startOf(value)) : (startOf(value) ?? keyOffset);
}

/** The text of a key; numbers and booleans are taken as they are written. */
function keyText(pair: Pair): string | undefined {
  const { key } = pair;
  if (!isScalar(key)) return undefined;
  if (typeof key.value === "string") return key.value;
  return key.source ?? (key.value === null ? undefined : String(key.value as number | boolean));
}
