/** First in, first out, never longer than its capacity: who offers more is told no, and decides what that means. */
export interface BoundedQueue<T> {
  readonly size: number;
  readonly capacity: number;
  /** False when the queue is full or closed; the item is not kept. */
  offer(item: T): boolean;
  /** Up to `max` items, oldest first; none when empty. */
  take(max: number): T[];
  /** Resolves when there is something to take, or the queue is closed. One waiter at a time is meant; all are woken. */
  ready(): Promise<void>;
  /** Takes no more; what is in it can still be taken. */
  close(): void;
  readonly closed: boolean;
}

export function boundedQueue<T>(capacity: number): BoundedQueue<T> {
  return new Ring<T>(capacity);
}

class Ring<T> implements BoundedQueue<T> {
  readonly capacity: number;
  readonly #slots: (T | undefined)[] = [];
  #head = 0;
  #size = 0;
  #closed = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError("capacity: a whole number from 1");
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  offer(item: T): boolean {
    if (this.#closed || this.#size === this.capacity) return false;
    this.#slots[(this.#head + this.#size) % this.capacity] = item;
    this.#size++;
    this.#wake();
    return true;
  }

  take(max: number): T[] {
    const items: T[] = [];
    while (this.#size > 0 && items.length < max) {
      items.push(this.#slots[this.#head] as T);
      // The slot must not keep what was taken alive.
      this.#slots[this.#head] = undefined;
      this.#head = (this.#head + 1) % this.capacity;
      this.#size--;
    }
    return items;
  }

  ready(): Promise<void> {
    if (this.#size > 0 || this.#closed) return Promise.resolve();
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
