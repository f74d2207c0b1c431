import { interleavingsContract } from "./interleavings.contract.ts";
import { ledgerContract } from "./ledger.contract.ts";
import { createMemoryLedger } from "./memory.ts";

ledgerContract("memory ledger", (options) => createMemoryLedger(options));
interleavingsContract("memory ledger", (options) => createMemoryLedger(options));
interleavingsContract("memory ledger that holds four runs and six answers", (options) => createMemoryLedger(options), {
  maxRunsInMemory: 4,
  maxAnswers: 6,
  maxAnswerBytes: 40,
});
