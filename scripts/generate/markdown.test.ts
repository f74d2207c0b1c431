import { describe, expect, it } from "vitest";
import { fieldTables, table } from "./markdown.ts";

describe("table", () => {
  it("escapes what would end a cell", () => {
    expect(table(["a"], [["x|y\nz"]])).toBe("| a |\n| --- |\n| x\\|y z |\n");
  });
});

describe("fieldTables", () => {
  it("gives every object its table, outer ones first, with bounds, choices and demands", () => {
    const text = fieldTables("Top", {
      type: "object",
      required: ["list"],
      "x-kubernetes-validations": [{ rule: "true", message: "be good" }],
      properties: {
        list: {
          type: "array",
          maxItems: 2,
          description: "Things.",
          items: { type: "object", properties: { kind: { type: "string", enum: ["a", "b"], default: "a" } } },
        },
        ref: { $ref: "#/components/schemas/Other" },
        map: {
          type: "object",
          additionalProperties: { type: "object", properties: { n: { type: "integer", minimum: 1 } } },
        },
      },
    });
    expect(text).toContain("| `list` | list of object | yes | Things. At most 2 items. |");
    expect(text).toContain("| `ref` | [Other](#other) |");
    expect(text).toContain("- be good.");
    expect(text).toContain("| `kind` | string |  | One of `a`, `b`. Default `a`. |");
    expect(text).toContain("| `n` | integer |  | At least 1. |");
    expect(text.match(/^## .*$/gm)).toEqual(["## Top", "## list[]", "## map.*"]);
  });
});
