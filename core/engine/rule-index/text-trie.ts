/** Texts are kept by at most this many characters, so that looking for all of them costs a text's length times this at the very most. */
export const MAX_DEPTH = 32;

/**
 * A radix trie that never changes: values under texts, found wherever one of the texts begins at a place of another text.
 * Copying the nodes on one path makes a new trie; the old one stays as it is.
 */
export class TextTrie<V> {
  readonly #root: Node<V>;
  /** Which low bytes the first characters have: most places of a text need no more than this look. */
  readonly #first: Uint8Array;

  private constructor(root: Node<V>) {
    this.#root = root;
    this.#first = new Uint8Array(root.codes.length === 0 ? 0 : 256);
    for (const code of root.codes) this.#first[code & 255] = 1;
  }

  static empty<V>(): TextTrie<V> {
    return new TextTrie<V>(leaf<V>("", undefined));
  }

  get isEmpty(): boolean {
    return this.#root.children.length === 0;
  }

  get(text: string): V | undefined {
    let node: Node<V> | undefined = this.#root;
    let at = 0;
    while (node !== undefined && at < text.length) {
      node = childOf(node, text.charCodeAt(at));
      if (node === undefined || !text.startsWith(node.label, at)) return undefined;
      at += node.label.length;
    }
    return node?.value;
  }

  /** The text is not empty and has at most MAX_DEPTH characters. Undefined takes it out. */
  set(text: string, value: V | undefined): TextTrie<V> {
    return new TextTrie<V>(replace(this.#root, text, value) ?? leaf<V>("", undefined));
  }

  /** The values of all texts with which `text` begins at `from`. */
  walk(text: string, from: number, visit: (value: V) => void): void {
    let node = this.#root;
    let at = from;
    while (at < text.length) {
      const child = childOf(node, text.charCodeAt(at));
      if (child === undefined || !hasAt(text, child.label, at)) return;
      at += child.label.length;
      if (child.value !== undefined) visit(child.value);
      node = child;
    }
  }

  /** The values of all texts that occur anywhere in `text`; one that occurs twice is visited twice. */
  scan(text: string, visit: (value: V) => void): void {
    const first = this.#first;
    for (let at = 0; at < text.length; at++) {
      if (first[text.charCodeAt(at) & 255] === 1) this.walk(text, at, visit);
    }
  }

  forEach(visit: (value: V) => void): void {
    forEachBelow(this.#root, visit);
  }
}

/** `codes` are the first characters of the children's labels, ascending. */
interface Node<V> {
  readonly label: string;
  readonly value: V | undefined;
  readonly codes: readonly number[];
  readonly children: readonly Node<V>[];
}

const none: readonly never[] = Object.freeze([]);

function leaf<V>(label: string, value: V | undefined): Node<V> {
  return { label, value, codes: none, children: none };
}

/** Where the code stands, or would stand. */
function placeOf(codes: readonly number[], code: number): number {
  let low = 0;
  let high = codes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((codes[middle] as number) < code) low = middle + 1;
    else high = middle;
  }
  return low;
}

function childOf<V>(node: Node<V>, code: number): Node<V> | undefined {
  if (node.codes.length === 1) return node.codes[0] === code ? node.children[0] : undefined;
  const at = placeOf(node.codes, code);
  return node.codes[at] === code ? node.children[at] : undefined;
}

/** As `startsWith`, whose call costs more than the few characters of a label; the first one is known to be equal. */
function hasAt(text: string, label: string, at: number): boolean {
  if (at + label.length > text.length) return false;
  for (let i = 1; i < label.length; i++) if (text.charCodeAt(at + i) !== label.charCodeAt(i)) return false;
  return true;
}

/** The node with `value` under `rest`; undefined when nothing is left in it. */
function replace<V>(node: Node<V>, rest: string, value: V | undefined): Node<V> | undefined {
  if (rest === "") return tidy({ ...node, value });
  const at = placeOf(node.codes, rest.charCodeAt(0));
  const child = node.codes[at] === rest.charCodeAt(0) ? node.children[at] : undefined;
  if (child === undefined) return value === undefined ? node : withChild(node, at, 0, leaf(rest, value));
  const shared = sharedLength(child.label, rest);
  if (shared === child.label.length) {
    return tidy(withChild(node, at, 1, replace(child, rest.slice(shared), value)));
  }
  if (value === undefined) return node;
  // The label is split where the texts part.
  const lower: Node<V> = { ...child, label: child.label.slice(shared) };
  const upper = withChild(leaf<V>(rest.slice(0, shared), undefined), 0, 0, lower);
  return withChild(node, at, 1, replace(upper, rest.slice(shared), value));
}

function withChild<V>(node: Node<V>, at: number, removed: 0 | 1, child: Node<V> | undefined): Node<V> {
  const codes = node.codes.toSpliced(at, removed, ...(child === undefined ? [] : [child.label.charCodeAt(0)]));
  const children = node.children.toSpliced(at, removed, ...(child === undefined ? [] : [child]));
  return { label: node.label, value: node.value, codes, children };
}

/** A node without value and children is nothing; one that only leads to another becomes one with it. The root stays. */
function tidy<V>(node: Node<V>): Node<V> | undefined {
  if (node.value !== undefined || node.label === "") return node;
  const [only] = node.children;
  if (only === undefined) return undefined;
  return node.children.length === 1 ? { ...only, label: node.label + only.label } : node;
}

function sharedLength(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

function forEachBelow<V>(node: Node<V>, visit: (value: V) => void): void {
  if (node.value !== undefined) visit(node.value);
  for (const child of node.children) forEachBelow(child, visit);
}
