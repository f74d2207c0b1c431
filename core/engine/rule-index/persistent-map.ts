export type Key = string | number | boolean | null;

const BITS = 5;
const MASK = 31;
/** Below this level all 32 bits of the hash are used up: what still collides stands in a plain list. */
const DEEPEST = 30;
/** Longer texts are hashed by both ends and their length. */
const HASHED = 32;

/**
 * A hash map that never changes: `set` and `delete` return a new map that shares all but a few small nodes with the old one, so one of ten
 * thousand keys is changed in about a microsecond while readers keep the old map. Compressed as in Steindorfer and Vinju, "Optimizing
 * Hash-Array Mapped Tries for Fast and Lean Immutable JVM Collections" (2015).
 */
export class PersistentMap<V> {
  readonly size: number;
  /** Up to FEW keys with their values, one after the other: to compare them all takes less time than to hash one, and no node. */
  readonly #few: Slots;
  readonly #root: Node<V> | undefined;

  private constructor(size: number, few: Slots, root: Node<V> | undefined) {
    this.size = size;
    this.#few = few;
    this.#root = root;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(0, none, undefined);
  }

  get(key: Key): V | undefined {
    if (this.#root !== undefined) return this.#lookUp(this.#root, key);
    const at = placeIn(this.#few, key);
    return at === -1 ? undefined : (this.#few[at + 1] as V);
  }

  #lookUp(root: Node<V>, key: Key): V | undefined {
    const hash = hashOf(key);
    let node = root;
    for (let shift = 0; shift <= DEEPEST; shift += BITS) {
      const bit = 1 << ((hash >>> shift) & MASK);
      if ((node.data & bit) !== 0) {
        const at = 2 * count(node.data & (bit - 1));
        return node.slots[at] === key ? (node.slots[at + 1] as V) : undefined;
      }
      if ((node.nodes & bit) === 0) return undefined;
      node = node.child(bit);
    }
    const at = placeIn(node.slots, key);
    return at === -1 ? undefined : (node.slots[at + 1] as V);
  }

  set(key: Key, value: V): PersistentMap<V> {
    const few = this.#few;
    if (this.#root === undefined) {
      const at = placeIn(few, key);
      if (at !== -1) return new PersistentMap<V>(this.size, few.with(at + 1, value), undefined);
      if (this.size < FEW)
        return new PersistentMap<V>(this.size + 1, few.toSpliced(few.length, 0, key, value), undefined);
    }
    const root = this.#root ?? rootOf<V>(few);
    const size = this.size + (this.#lookUp(root, key) === undefined ? 1 : 0);
    return new PersistentMap<V>(size, none, root.set(key, value, hashOf(key), 0));
  }

  delete(key: Key): PersistentMap<V> {
    if (this.get(key) === undefined) return this;
    const size = this.size - 1;
    if (this.#root === undefined) {
      return new PersistentMap<V>(size, this.#few.toSpliced(placeIn(this.#few, key), 2), undefined);
    }
    return size === 0
      ? PersistentMap.empty<V>()
      : new PersistentMap<V>(size, none, this.#root.delete(key, hashOf(key), 0));
  }

  /** In no particular order. */
  forEach(visit: (value: V, key: Key) => void): void {
    this.#root?.forEach(visit);
    for (let at = 0; at < this.#few.length; at += 2) visit(this.#few[at + 1] as V, this.#few[at] as Key);
  }
}

type Slots = readonly unknown[];
const none: Slots = Object.freeze([]);
const FEW = 6;

/** Where the key stands in a list of keys with their values. */
function placeIn(slots: Slots, key: Key): number {
  if (typeof key === "string") return placeOfText(slots, key);
  for (let at = 0; at < slots.length; at += 2) if (slots[at] === key) return at;
  return -1;
}

/** Texts of one list are mostly as long as each other and begin alike; a look at the last character saves most comparisons. */
function placeOfText(slots: Slots, text: string): number {
  const { length } = text;
  const last = text.charCodeAt(length - 1);
  for (let at = 0; at < slots.length; at += 2) {
    const other = slots[at];
    if (typeof other !== "string" || other.length !== length) continue;
    if ((length === 0 || other.charCodeAt(length - 1) === last) && other === text) return at;
  }
  return -1;
}

function rootOf<V>(few: Slots): Node<V> {
  let root = new Node<V>(0, 0, none);
  for (let at = 0; at < few.length; at += 2) {
    const key = few[at] as Key;
    root = root.set(key, few[at + 1] as V, hashOf(key), 0);
  }
  return root;
}

/** `data` and `nodes` say which of 32 places hold a key and which a child. `slots` has keys with their values first, children after them. */
class Node<V> {
  readonly data: number;
  readonly nodes: number;
  readonly slots: readonly unknown[];

  constructor(data: number, nodes: number, slots: readonly unknown[]) {
    this.data = data;
    this.nodes = nodes;
    this.slots = slots;
  }

  child(bit: number): Node<V> {
    return this.slots[this.#childAt(bit)] as Node<V>;
  }

  #childAt(bit: number): number {
    return 2 * count(this.data) + count(this.nodes & (bit - 1));
  }

  set(key: Key, value: V, hash: number, shift: number): Node<V> {
    if (shift > DEEPEST) {
      const at = placeIn(this.slots, key);
      const place = at === -1 ? this.slots.length : at;
      return new Node(0, 0, this.slots.toSpliced(place, at === -1 ? 0 : 2, key, value));
    }
    const bit = 1 << ((hash >>> shift) & MASK);
    if ((this.nodes & bit) !== 0) {
      const child = this.child(bit).set(key, value, hash, shift + BITS);
      return new Node(this.data, this.nodes, this.slots.with(this.#childAt(bit), child));
    }
    const at = 2 * count(this.data & (bit - 1));
    if ((this.data & bit) === 0) {
      return new Node(this.data | bit, this.nodes, this.slots.toSpliced(at, 0, key, value));
    }
    if (this.slots[at] === key) return new Node(this.data, this.nodes, this.slots.with(at + 1, value));
    return this.#pushDown(bit, at, pair(this, at, shift + BITS).set(key, value, hash, shift + BITS));
  }

  /** The key at `at` moves into a child, because another one wants the same place. */
  #pushDown(bit: number, at: number, child: Node<V>): Node<V> {
    const rest = this.slots.toSpliced(at, 2);
    const data = this.data & ~bit;
    const place = 2 * count(data) + count(this.nodes & (bit - 1));
    return new Node(data, this.nodes | bit, rest.toSpliced(place, 0, child));
  }

  /** The key is known to be here. */
  delete(key: Key, hash: number, shift: number): Node<V> {
    if (shift > DEEPEST) return new Node(0, 0, this.slots.toSpliced(placeIn(this.slots, key), 2));
    const bit = 1 << ((hash >>> shift) & MASK);
    if ((this.data & bit) !== 0) {
      return new Node(this.data & ~bit, this.nodes, this.slots.toSpliced(2 * count(this.data & (bit - 1)), 2));
    }
    const at = this.#childAt(bit);
    const child = this.child(bit).delete(key, hash, shift + BITS);
    if (child.nodes !== 0 || child.slots.length > 2) return new Node(this.data, this.nodes, this.slots.with(at, child));
    // A child with one key is not worth a node: the key comes back up.
    const rest = this.slots.toSpliced(at, 1);
    const place = 2 * count(this.data & (bit - 1));
    return new Node(this.data | bit, this.nodes & ~bit, rest.toSpliced(place, 0, ...child.slots));
  }

  forEach(visit: (value: V, key: Key) => void): void {
    const keys = this.data === 0 && this.nodes === 0 ? this.slots.length : 2 * count(this.data);
    for (let at = 0; at < keys; at += 2) visit(this.slots[at + 1] as V, this.slots[at] as Key);
    for (let at = keys; at < this.slots.length; at++) (this.slots[at] as Node<V>).forEach(visit);
  }
}

/** A node with nothing but the key and value that stand at `at`. */
function pair<V>(node: Node<V>, at: number, shift: number): Node<V> {
  const slots = [node.slots[at], node.slots[at + 1]];
  if (shift > DEEPEST) return new Node(0, 0, slots);
  return new Node(1 << ((hashOf(slots[0] as Key) >>> shift) & MASK), 0, slots);
}

/** How many bits are set. */
function count(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function hashOf(key: Key): number {
  if (typeof key === "string") return mixed(hashOfText(key));
  // What is beyond 32 bits overlaps; keys that collide are told apart by comparing them.
  if (typeof key === "number") return mixed(Number.isInteger(key) ? key | 0 : (key * 2_654_435_769) | 0);
  return key === null ? 1 : key ? 2 : 3;
}

function hashOfText(text: string): number {
  const { length } = text;
  const short = length <= HASHED;
  // Two characters a step: a multiplication has to wait for the one before.
  let hash = length;
  for (let i = short ? 1 : length - HASHED / 2 + 1; i < length; i += 2) {
    hash = (Math.imul(hash, 961) + text.charCodeAt(i - 1) * 31 + text.charCodeAt(i)) | 0;
  }
  if (short) return (length & 1) === 0 ? hash : (Math.imul(hash, 31) + text.charCodeAt(length - 1)) | 0;
  for (let i = 1; i < HASHED / 2; i += 2) {
    hash = (Math.imul(hash, 961) + text.charCodeAt(i - 1) * 31 + text.charCodeAt(i)) | 0;
  }
  return hash;
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the result. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
