import { expect } from "vitest";
import { RunlogError } from "./errors.ts";

/** The coded error a call throws; anything else fails the test. */
export function refusal(call: () => unknown): RunlogError {
  try {
    call();
  } catch (error) {
    if (error instanceof RunlogError) return error;
    throw error;
  }
  expect.fail("nothing was refused");
}
