import { expect, it } from "vitest";
import { LineBuffer } from "./console.ts";

it("writes the lines of a moment at once, in order, and what is left at the end", async () => {
  const written: string[] = [];
  const lines = new LineBuffer((text) => written.push(text));
  lines.write("a\n");
  lines.write("b\n");
  expect(written).toEqual([]);
  await expect.poll(() => written).toEqual(["a\nb\n"]);
  lines.write("c\n");
  lines.flush();
  lines.flush();
  expect(written).toEqual(["a\nb\n", "c\n"]);
  lines.write("x".repeat(65_536));
  expect(written.length).toBe(3);
});
