/**
 * Shares equal facts, operands and operand tables between rules, so that ten thousand rules about the same few facts stay small and a costly
 * scan is remembered per review for all of them. One per set of policies; it only grows, so a long-lived owner starts a new one now and then.
 */
export interface Interner {
  /** The object kept under this kind and key, made if there is none. */
  share<T extends object>(kind: string, key: string, make: () => T): T;
}

export function createInterner(): Interner {
  const kinds = new Map<string, Map<string, WeakRef<object>>>();
  return {
    share<T extends object>(kind: string, key: string, make: () => T): T {
      let kept = kinds.get(kind);
      if (kept === undefined) kinds.set(kind, (kept = new Map()));
      const found = kept.get(key)?.deref();
      // The kind names the type: each is made in one place of the compiler.
      if (found !== undefined) return found as T;
      const made = make();
      kept.set(key, new WeakRef(made));
      return made;
    },
  };
}
