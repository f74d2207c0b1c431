import { describe, expect, it } from "vitest";
import { z } from "zod";
import { atMost, demand, keyedList, VALIDATIONS } from "./demands.ts";

const even = { rule: "self.n % 2 == 0", message: "n must be even", holds: ({ n }: { n: number }) => n % 2 === 0 };

describe("demand", () => {
  const schema = demand(z.strictObject({ n: z.int() }), [even]);

  it("checks what it demands, and says it in its own words", () => {
    expect(schema.safeParse({ n: 2 }).success).toBe(true);
    expect(schema.safeParse({ n: 3 }).error?.issues).toMatchObject([{ code: "custom", message: "n must be even" }]);
  });

  it("keeps the fields, and stands in the JSON Schema also behind optional and describe", () => {
    expect(Object.keys(schema.shape)).toEqual(["n"]);
    const json = z.toJSONSchema(z.strictObject({ inner: schema.optional().describe("Inner.") }));
    expect(json.properties?.["inner"]).toMatchObject({
      description: "Inner.",
      [VALIDATIONS]: [{ rule: even.rule, message: even.message }],
    });
  });
});

describe("keyedList", () => {
  const schema = keyedList(z.array(z.strictObject({ id: z.string() })), "id");

  it("refuses the second item of the same name, at its place", () => {
    expect(schema.safeParse([{ id: "a" }, { id: "b" }]).success).toBe(true);
    const { error } = schema.safeParse([{ id: "a" }, { id: "b" }, { id: "a" }]);
    expect(error?.issues).toMatchObject([{ path: [2, "id"], message: "another item has the same id" }]);
  });

  it("is a list-type map for the API server", () => {
    expect(z.toJSONSchema(schema)).toMatchObject({
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
    });
  });
});

describe("atMost", () => {
  it("bounds a map here and in the JSON Schema", () => {
    const schema = atMost(z.record(z.string(), z.int()), 1);
    expect(schema.safeParse({ a: 1 }).success).toBe(true);
    expect(schema.safeParse({ a: 1, b: 2 }).success).toBe(false);
    expect(z.toJSONSchema(schema)).toMatchObject({ maxProperties: 1 });
  });
});
