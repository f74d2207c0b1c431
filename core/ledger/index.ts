/**
 * The ledger: counters, budgets, run states and answers by uid. `Ledger` is the contract, `createMemoryLedger` the one of a single
 * process, `createPricing` what an llm_call costs. A ledger of several replicas has its own side door.
 */
export { delegationNames } from "./delegation.ts";
export * from "./ledger.ts";
export { defaultLedgerLimits, type LedgerLimits } from "./limits.ts";
export { createMemoryLedger, type MemoryLedgerOptions } from "./memory.ts";
export { createPricing, type Pricing, type PricingConfig, pricingSchema } from "./pricing.ts";
