import { approvalStoreContract } from "../store.contract.ts";
import { newState } from "./sqlite.fixture.ts";

approvalStoreContract("SQLite", async () => {
  const state = newState();
  const { store, close } = await state.open();
  return {
    store,
    close: async () => {
      await close();
      state.remove();
    },
  };
});
