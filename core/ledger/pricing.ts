import { type CounterReading, parseUsd, type Tokens } from "#api";
import { z } from "zod";
import { toolMatcher } from "./glob.ts";

const usdPerMillion = z
  .union([z.string().max(40), z.number()])
  .superRefine((value, context) => {
    try {
      parseUsd(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    }
  })
  .describe("USD per million tokens.");

const priceSchema = z.strictObject({
  input: usdPerMillion,
  cachedInput: usdPerMillion.optional().describe("Input tokens read from a cache; as dear as input when left out."),
  output: usdPerMillion,
});

/** The `pricing` section of the configuration. */
export const pricingSchema = z.strictObject({
  models: z
    .record(z.string().min(1).max(256), priceSchema)
    .default({})
    .describe("Model name or glob to prices; the name itself wins, then the glob with the most letters."),
  default: priceSchema.optional().describe("For every other model. Without it such a model's cost is unreadable."),
});
export type PricingConfig = z.input<typeof pricingSchema>;

export interface Pricing {
  /**
   * Micro-dollars for these tokens, rounded up: a charge is never lost. `cachedInput` are those of `input` that were cached; `maxTokens` stands in for
   * `output` when that is not known. A model that no entry fits is unreadable, so rules about money fail closed.
   */
  price(model: string | undefined, tokens: Tokens, maxTokens?: number): CounterReading;
}

/** Micro-dollars per million tokens, so that every product is a whole number. */
interface Price {
  readonly input: bigint;
  readonly cachedInput: bigint;
  readonly output: bigint;
}

const PER_MILLION = 1_000_000n;
const MAX_MODELS = 1_024;

export function createPricing(config: PricingConfig = {}): Pricing {
  const { models, default: fallback } = pricingSchema.parse(config);
  const exact = new Map<string, Price>();
  const globs: { readonly fits: (model: string) => boolean; readonly letters: number; readonly price: Price }[] = [];
  for (const [name, given] of Object.entries(models)) {
    const letters = name.replace(/[*?]/g, "").length;
    if (letters === name.length) exact.set(name, parsed(given));
    else globs.push({ fits: toolMatcher(name), letters, price: parsed(given) });
  }
  globs.sort((a, b) => b.letters - a.letters);
  const other = fallback && parsed(fallback);
  const found = new Map<string, Price | undefined>();

  /** Model names are claims: remembered for speed, forgotten when there are too many. */
  function lookUp(model: string): Price | undefined {
    if (found.has(model)) return found.get(model);
    const price = exact.get(model) ?? globs.find(({ fits }) => fits(model))?.price ?? other;
    if (found.size >= MAX_MODELS) found.clear();
    found.set(model, price);
    return price;
  }

  return {
    price(model, tokens, maxTokens) {
      const price = model === undefined ? other : lookUp(model);
      if (price === undefined) return { unreadable: "unknown_model_price" };
      const output = tokens.output ?? maxTokens ?? 0;
      return total(price, { input: tokens.input ?? 0, cachedInput: tokens.cachedInput ?? 0, output });
    },
  };
}

function total(price: Price, tokens: { input: number; cachedInput: number; output: number }): CounterReading {
  for (const count of Object.values(tokens)) {
    if (!Number.isSafeInteger(count) || count < 0) return { unreadable: "bad_token_count" };
  }
  const fresh = Math.max(0, tokens.input - tokens.cachedInput);
  const sum =
    BigInt(fresh) * price.input + BigInt(tokens.cachedInput) * price.cachedInput + BigInt(tokens.output) * price.output;
  const micros = Number((sum + PER_MILLION - 1n) / PER_MILLION);
  return Number.isSafeInteger(micros) ? micros : { unreadable: "price_too_large" };
}

function parsed(given: z.infer<typeof priceSchema>): Price {
  const input = BigInt(parseUsd(given.input));
  return {
    input,
    cachedInput: given.cachedInput === undefined ? input : BigInt(parseUsd(given.cachedInput)),
    output: BigInt(parseUsd(given.output)),
  };
}
