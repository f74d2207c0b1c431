import { expect, it } from "vitest";
import { createInterner } from "./interner.ts";

it("keeps one object for each kind and key while somebody holds it", () => {
  const interner = createInterner();
  let made = 0;
  const make = (): object => ({ number: ++made });
  const first = interner.share("a", "x", make);
  expect(interner.share("a", "x", make)).toBe(first);
  expect(interner.share("b", "x", make)).not.toBe(first);
  expect(interner.share("a", "y", make)).not.toBe(first);
  expect(made).toBe(3);
  for (let i = 0; i < 5_000; i++) interner.share("c", String(i), make);
  expect(interner.share("a", "x", make)).toBe(first);
});

it("keeps nothing that could not be made", () => {
  const interner = createInterner();
  const fail = (): object => {
    throw new Error("no");
  };
  expect(() => interner.share("a", "x", fail)).toThrow("no");
  expect(interner.share("a", "x", () => ({ made: true }))).toEqual({ made: true });
});
