import fc from "fast-check";
import { expect, it } from "vitest";
import { PersistentMap, type Key } from "./persistent-map.ts";

const SEED = 20_260_105;
/** Few of them, so that keys are set, set again and deleted; many end alike, some share a hash. */
const key: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom<Key>("", "a", "5", 5, 5.5, true, false, null, 2 ** 32, 0),
  fc.nat(400).map((n) => `customer-${n}`),
  fc.nat(20).map((n) => `${"x".repeat(20)}${n}${"y".repeat(20)}`),
  fc.nat(40).map((n) => n * 2 ** 32),
);
const changes = fc.array(fc.tuple(key, fc.option(fc.nat())), { maxLength: 400 });

function filled(list: readonly (readonly [Key, number | null])[]): {
  map: PersistentMap<number>;
  model: Map<Key, number>;
} {
  let map = PersistentMap.empty<number>();
  const model = new Map<Key, number>();
  for (const [name, value] of list) {
    map = value === null ? map.delete(name) : map.set(name, value);
    if (value === null) model.delete(name);
    else model.set(name, value);
  }
  return { map, model };
}

function contentOf(map: PersistentMap<number>): Map<Key, number> {
  const content = new Map<Key, number>();
  map.forEach((value, name) => {
    expect(content.has(name)).toBe(false);
    content.set(name, value);
  });
  return content;
}

it("holds what a Map holds after the same changes", () => {
  fc.assert(
    fc.property(changes, key, (list, other) => {
      const { map, model } = filled(list);
      expect(map.size).toBe(model.size);
      expect(contentOf(map)).toEqual(model);
      for (const [name, value] of model) expect(map.get(name)).toBe(value);
      expect(map.get(other)).toBe(model.get(other));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

it("stays as it is while others are made from it", () => {
  fc.assert(
    fc.property(changes, changes, (first, second) => {
      const { map } = filled(first);
      const before = contentOf(map);
      let other = map;
      for (const [name, value] of second) other = value === null ? other.delete(name) : other.set(name, value);
      expect(contentOf(map)).toEqual(before);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

it("tells keys with the same hash apart", () => {
  const keys = Array.from({ length: 20 }, (_, n) => n * 2 ** 32);
  let map = PersistentMap.empty<number>();
  for (const name of keys) map = map.set(name, name + 1);
  for (const name of keys) expect(map.get(name)).toBe(name + 1);
  expect(map.get(20 * 2 ** 32)).toBeUndefined();
  for (const name of keys.slice(1)) map = map.delete(name);
  expect(map.size).toBe(1);
  expect(map.get(0)).toBe(1);
});

it("does not take the number 5 for the text 5", () => {
  let map = PersistentMap.empty<number>().set(5, 1);
  expect(map.get("5")).toBeUndefined();
  for (let n = 0; n < 100; n++) map = map.set(`k${n}`, n);
  expect(map.get("5")).toBeUndefined();
  expect(map.get(5)).toBe(1);
});
