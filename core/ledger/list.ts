/** A place in a List. */
export interface Node<T> {
  readonly item: T;
  before: Node<T> | undefined;
  after: Node<T> | undefined;
  list: List<T> | undefined;
}

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
    this.#link(node);
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
    this.#link(node);
  }

  #link(node: Node<T>): void {
    node.before = this.#last;
    node.list = this;
    if (this.#last === undefined) this.#first = node;
    else this.#last.after = node;
    this.#last = node;
    this.#size++;
  }
}
