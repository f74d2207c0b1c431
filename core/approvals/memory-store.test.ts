import { MemoryApprovalStore } from "./memory-store.ts";
import { approvalStoreContract } from "./store.contract.ts";

approvalStoreContract("memory", () =>
  Promise.resolve({ store: new MemoryApprovalStore(), close: () => Promise.resolve() }),
);
