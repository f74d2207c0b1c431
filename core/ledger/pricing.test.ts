import { describe, expect, it } from "vitest";
import { createPricing, pricingSchema } from "./pricing.ts";

const pricing = createPricing({
  models: {
    "gpt-4o": { input: "2.50", cachedInput: "1.25", output: "10" },
    "gpt-4o*": { input: 3, output: 12 },
    "gpt-*": { input: "0.075", output: "0.3" },
  },
});

describe("pricing", () => {
  it("prices input, cached input and output in micro-dollars", () => {
    expect(pricing.price("gpt-4o", { input: 1_000, cachedInput: 400, output: 100 })).toBe(1_500 + 500 + 1_000);
  });

  it("takes the name itself, then the longest glob", () => {
    expect(pricing.price("gpt-4o-mini", { input: 1 })).toBe(3);
    expect(pricing.price("gpt-5", { input: 1_000_000 })).toBe(75_000);
  });

  it("rounds up: no charge is lost", () => {
    expect(pricing.price("gpt-5", { input: 1 })).toBe(1);
    expect(pricing.price("gpt-5", { input: 40 })).toBe(3);
    expect(pricing.price("gpt-5", {})).toBe(0);
  });

  it("charges cached input like input when it has no price", () => {
    expect(pricing.price("gpt-4o-mini", { cachedInput: 10 })).toBe(30);
  });

  it("uses the largest answer when the answer's length is not known yet", () => {
    expect(pricing.price("gpt-4o", { input: 0 }, 1_000)).toBe(10_000);
    expect(pricing.price("gpt-4o", { input: 0, output: 10 }, 1_000)).toBe(100);
  });

  it("cannot read the price of a model nobody priced, unless there is a default", () => {
    expect(pricing.price("claude", { input: 1 })).toEqual({ unreadable: "unknown_model_price" });
    expect(pricing.price(undefined, {})).toEqual({ unreadable: "unknown_model_price" });
    const generous = createPricing({ default: { input: 1, output: 2 } });
    expect(generous.price("claude", { input: 5, output: 5 })).toBe(15);
    expect(generous.price(undefined, { input: 5 })).toBe(5);
    expect(createPricing().price("claude", {})).toEqual({ unreadable: "unknown_model_price" });
  });

  it("does not take an inherited name for a model", () => {
    expect(pricing.price("constructor", { input: 1 })).toEqual({ unreadable: "unknown_model_price" });
    expect(pricing.price("__proto__", { input: 1 })).toEqual({ unreadable: "unknown_model_price" });
  });

  it("stays right with many model names and absurd numbers", () => {
    for (let i = 0; i < 3_000; i++) expect(pricing.price(`gpt-4o-${i}`, { input: 1 })).toBe(3);
    expect(pricing.price("gpt-4o", { input: -1 })).toEqual({ unreadable: "bad_token_count" });
    expect(pricing.price("gpt-4o", { input: 0.5 })).toEqual({ unreadable: "bad_token_count" });
    const dear = createPricing({ default: { input: 999_999_999, output: 0 } });
    expect(dear.price("x", { input: 1_000_000_000 })).toEqual({ unreadable: "price_too_large" });
    expect(dear.price("x", { input: 1_000_000 })).toBe(999_999_999_000_000);
  });

  it("checks its configuration", () => {
    for (const bad of [{ default: { input: "-1", output: 1 } }, { models: { a: { input: 1 } } }, { modles: {} }]) {
      expect(pricingSchema.safeParse(bad).success).toBe(false);
    }
  });
});
