import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./serve.ts";

/** Recorded runs and labelled texts are not part of this repository; tests that need them are skipped by name where they are absent. */
export function dataFile(path: string): string | undefined {
  const folder = process.env["RUNLOG_TEST_DATA"] ?? join(root, "..", "shared", "data");
  const file = join(folder, path);
  return existsSync(file) ? file : undefined;
}
