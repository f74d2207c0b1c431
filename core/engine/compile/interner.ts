/**
 * Shares equal facts, operands and operand tables between rules, so that ten thousand rules about the same few facts stay small and a costly
 * scan is remembered per review for all of them. One per set of policies. What no rule holds any more is forgotten.
 */
export interface Interner {
  /** The object kept under this kind and key, made if there is none. */
  share<T extends object>(kind: string, key: string, make: () => T): T;
}

export function createInterner(): Interner {
  // By kind and then by key: the key is often a text that is kept anyway.
  const kinds = new Map<string, Map<string, WeakRef<object>>>();
  let size = 0;
  let sweepAt = 1024;
  const sweep = (): void => {
    size = 0;
    for (const kept of kinds.values()) {
      for (const [key, reference] of kept) if (reference.deref() === undefined) kept.delete(key);
      size += kept.size;
    }
    sweepAt = Math.max(1024, size * 2);
  };
  const keptOf = (kind: string): Map<string, WeakRef<object>> => {
    let kept = kinds.get(kind);
    if (kept === undefined) kinds.set(kind, (kept = new Map()));
    return kept;
  };
  return {
    share<T extends object>(kind: string, key: string, make: () => T): T {
      const kept = keptOf(kind);
      // The kind names the type: each is made in one place of the compiler.
      const found = kept.get(key)?.deref() as T | undefined;
      if (found !== undefined) return found;
      if (size >= sweepAt) sweep();
      const made = make();
      size++;
      kept.set(key, new WeakRef(made));
      return made;
    },
  };
}
