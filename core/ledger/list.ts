/** A place in a List. */
export interface Node<T> {
  readonly item: T;
  before: Node<T> | undefined;
  after: Node<T> | undefined;
  list: List<T> | undefined;
}

const MAX_PASSED = 1_000;

/** A doubly linked list: appending, removing and moving to the end are O(1), whatever its length. Oldest first. */
export class List<T> {
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Node<T> | undefined {
    return this.#first;
  }

  append(item: T): Node<T> {
    const node: Node<T> = { item, before: undefined, after: undefined, list: undefined };
    this.#link(node, this.#last);
    return node;
  }

  remove(node: Node<T>): void {
    if (node.list !== this) return;
    if (node.before === undefined) this.#first = node.after;
    else node.before.after = node.after;
    if (node.after === undefined) this.#last = node.before;
    else node.after.before = node.before;
    node.before = node.after = node.list = undefined;
    this.#size--;
  }

  moveToEnd(node: Node<T>): void {
    if (node.list !== this || node === this.#last) return;
    this.remove(node);
    this.#link(node, this.#last);
  }

  /** Keeps an almost sorted list sorted: passes over what is to come after the item, at most 1 000 from the end. */
  insert(item: T, comesAfter: (other: T) => boolean): Node<T> {
    let behind = this.#last;
    for (let i = 0; i < MAX_PASSED && behind !== undefined && comesAfter(behind.item); i++) behind = behind.before;
    const node: Node<T> = { item, before: undefined, after: undefined, list: undefined };
    this.#link(node, behind);
    return node;
  }

  #link(node: Node<T>, behind: Node<T> | undefined): void {
    const ahead = behind === undefined ? this.#first : behind.after;
    node.before = behind;
    node.after = ahead;
    node.list = this;
    if (behind === undefined) this.#first = node;
    else behind.after = node;
    if (ahead === undefined) this.#last = node;
    else ahead.before = node;
    this.#size++;
  }
}
