/**
 * One at a time per key: who comes second waits for the first and then finds its result where the first left it.
 * Bounded by the number of requests in flight, which the door bounds; a key is forgotten with its last turn.
 */
export class KeyedTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  get size(): number {
    return this.#last.size;
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
