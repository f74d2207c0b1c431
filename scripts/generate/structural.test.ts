import { describe, expect, it } from "vitest";
import { z } from "zod";
import { structuralSchema, type SchemaNode } from "./structural.ts";

const structural = (schema: z.ZodType): SchemaNode =>
  structuralSchema(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as SchemaNode);

describe("structuralSchema", () => {
  it("marks open objects and typeless values, and leaves closed objects to the API server", () => {
    const schema = z.strictObject({
      open: z.record(z.string(), z.unknown()),
      any: z.unknown(),
      loose: z.looseObject({}),
    });
    expect(structural(schema)).toEqual({
      type: "object",
      properties: {
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        any: { "x-kubernetes-preserve-unknown-fields": true },
        loose: { type: "object", properties: {}, "x-kubernetes-preserve-unknown-fields": true },
      },
      required: ["open", "any", "loose"],
    });
  });

  it("keeps the values of a map, and drops what the API server does not know", () => {
    const schema = z.record(z.string().max(3), z.string()).meta({ title: "t", examples: [{}], maxProperties: 2 });
    expect(structural(schema)).toEqual({ type: "object", additionalProperties: { type: "string" }, maxProperties: 2 });
  });

  it("says an integer's size by its format, and keeps its own bounds", () => {
    expect(structural(z.int())).toEqual({ type: "integer", format: "int64" });
    expect(structural(z.int().min(1).max(9))).toEqual({ type: "integer", format: "int64", minimum: 1, maximum: 9 });
  });

  it("drops the pattern beside a format", () => {
    expect(structural(z.string().regex(/^a$/).meta({ format: "date-time" }))).toEqual({
      type: "string",
      format: "date-time",
    });
  });

  it("does not take fields for keywords", () => {
    const schema = z.strictObject({ title: z.string(), id: z.string(), examples: z.boolean() });
    expect(Object.keys(structural(schema).properties ?? {})).toEqual(["title", "id", "examples"]);
  });

  it.each([
    ["a union", z.union([z.string(), z.number()])],
    ["a nullable union inside a list", z.array(z.strictObject({ a: z.union([z.string(), z.boolean()]) }))],
    [
      "a choice by a field",
      z.discriminatedUnion("k", [z.object({ k: z.literal("a") }), z.object({ k: z.literal("b") })]),
    ],
  ])("refuses %s, which has no structural form", (_, schema) => {
    expect(() => structural(schema)).toThrow("has no structural form");
  });
});
