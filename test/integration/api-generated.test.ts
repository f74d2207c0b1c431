import { expect, it } from "vitest";
import { generatedFiles } from "../../scripts/generate.ts";
import { staleFiles } from "../../scripts/generate/files.ts";

it("finds every generated file as `npm run generate` writes it", async () => {
  const files = generatedFiles();
  expect(files.size).toBeGreaterThan(3);
  expect(await staleFiles(files)).toEqual([]);
});

it("notices a file that is missing or differs", async () => {
  const files = new Map([
    ["crds/nothing.yaml", "x"],
    ["openapi.json", "{}"],
    [".npmrc", ""],
  ]);
  expect(await staleFiles(files)).toEqual(expect.arrayContaining(["crds/nothing.yaml", "openapi.json"]));
});
