import { memoryApprovalStore } from "./memory-store.ts";
import { approvalStoreContract } from "./store.contract.ts";

approvalStoreContract("memory", () =>
  Promise.resolve({ store: memoryApprovalStore(), close: () => Promise.resolve() }),
);
