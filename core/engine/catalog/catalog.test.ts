import { expect, it } from "vitest";
import { parseFactName } from "../parse/fact-name.ts";
import { factNames } from "./facts.ts";

it("knows every fact by the name it has in the catalog", () => {
  for (const name of factNames) {
    expect(parseFactName(name === "labels" ? "labels.x" : name)).toBeDefined();
  }
});
