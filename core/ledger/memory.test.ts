import { createMemoryLedger } from "./memory.ts";
import { ledgerContract } from "./ledger.contract.ts";

ledgerContract("memory ledger", (options) => createMemoryLedger(options));
