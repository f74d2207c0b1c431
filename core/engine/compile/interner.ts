/**
 * Shares equal facts, operands and operand tables between rules, so that ten thousand rules about the same few facts stay small and a costly
 * scan is remembered per review for all of them. One per set of policies. What no rule holds any more is forgotten.
 */
export interface Interner {
  /** The object kept under this kind and key, made if there is none. */
  share<T extends object>(kind: string, key: string, make: () => T): T;
}

export function createInterner(): Interner {
  const kept = new Map<string, WeakRef<object>>();
  let sweepAt = 1024;
  const sweep = (): void => {
    for (const [key, reference] of kept) if (reference.deref() === undefined) kept.delete(key);
    sweepAt = Math.max(1024, kept.size * 2);
  };
  return {
    share<T extends object>(kind: string, key: string, make: () => T): T {
      const full = `${kind}\n${key}`;
      // The kind names the type: each is made in one place of the compiler.
      const found = kept.get(full)?.deref() as T | undefined;
      if (found !== undefined) return found;
      if (kept.size >= sweepAt) sweep();
      const made = make();
      kept.set(full, new WeakRef(made));
      return made;
    },
  };
}
