import fc from "fast-check";
import { expect, it } from "vitest";
import { TextTrie } from "./text-trie.ts";

const SEED = 20_260_105;
const needle = fc.string({ unit: fc.constantFrom("a", "b", "é", "中", "ǡ"), minLength: 1, maxLength: 6 });
const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "中", "ǡ", "x"), maxLength: 40 });
const changes = fc.array(fc.tuple(needle, fc.boolean()), { maxLength: 60 });

function filled(list: readonly (readonly [string, boolean])[]): { trie: TextTrie<string>; model: Set<string> } {
  let trie = TextTrie.empty<string>();
  const model = new Set<string>();
  for (const [name, isIn] of list) {
    trie = trie.set(name, isIn ? name : undefined);
    if (isIn) model.add(name);
    else model.delete(name);
  }
  return { trie, model };
}

function all(trie: TextTrie<string>): string[] {
  const found: string[] = [];
  trie.forEach((name) => found.push(name));
  return found.sort();
}

it("finds the texts that occur in a text, and those it begins with", () => {
  fc.assert(
    fc.property(changes, text, (list, where) => {
      const { trie, model } = filled(list);
      const occurring = new Set<string>();
      trie.scan(where, (name) => occurring.add(name));
      expect([...occurring].sort()).toEqual([...model].filter((name) => where.includes(name)).sort());
      const beginning: string[] = [];
      trie.walk(where, 0, (name) => beginning.push(name));
      expect(beginning.sort()).toEqual([...model].filter((name) => where.startsWith(name)).sort());
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

it("holds what was put in and not taken out", () => {
  fc.assert(
    fc.property(changes, needle, (list, other) => {
      const { trie, model } = filled(list);
      expect(all(trie)).toEqual([...model].sort());
      expect(trie.isEmpty).toBe(model.size === 0);
      expect(trie.get(other)).toBe(model.has(other) ? other : undefined);
      for (const name of model) expect(trie.get(name)).toBe(name);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

it("stays as it is while others are made from it", () => {
  fc.assert(
    fc.property(changes, changes, (first, second) => {
      const { trie } = filled(first);
      const before = all(trie);
      let other = trie;
      for (const [name, isIn] of second) other = other.set(name, isIn ? name : undefined);
      expect(all(trie)).toEqual(before);
    }),
    { seed: SEED, numRuns: 200 },
  );
});
