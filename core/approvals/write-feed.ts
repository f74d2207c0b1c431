export type WriteListener = (namespace: string, name: string) => void;

/** Who wants to know of writes. */
export class WriteFeed {
  readonly #listeners = new Set<WriteListener>();

  watch(listener: WriteListener): () => void {
    const own: WriteListener = (namespace, name) => listener(namespace, name);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(namespace: string, name: string): void {
    for (const listener of this.#listeners) listener(namespace, name);
  }
}
