import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Folder with the labelled sets, which are not part of the repository: RUNLOG_TEST_DATA, or ../shared/data beside it. */
export function dataFolder(): string | undefined {
  const folder = process.env["RUNLOG_TEST_DATA"] ?? join(root, "../shared/data");
  return existsSync(join(folder, "detection")) ? folder : undefined;
}

export function readJsonLines<T>(folder: string, file: string): T[] {
  return readFileSync(join(folder, file), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
