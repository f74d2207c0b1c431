import { expect, it } from "vitest";
import { LineBuffer } from "./console.ts";

it("writes the lines of a turn at once, in order, and what is left at the end", async () => {
  const written: string[] = [];
  const lines = new LineBuffer((text) => written.push(text));
  lines.write("a\n");
  lines.write("b\n");
  expect(written).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual(["a\nb\n"]);
  lines.write("c\n");
  lines.flush();
  lines.flush();
  expect(written).toEqual(["a\nb\n", "c\n"]);
});
