/** Runs every test project once and ends with one line that says how it went: `N passed, N failed`, and `, N skipped` if any. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), "runlog-report-"));
const file = join(folder, "report.json");
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const arguments_ = [
  vitest,
  "run",
  "--reporter=dot",
  "--reporter=json",
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
];
const { status } = spawnSync(process.execPath, arguments_, { stdio: "inherit" });

let line = "0 passed, 1 failed";
try {
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  const skipped = report.numPendingTests + report.numTodoTests;
  // A file that fails before its first test has no failed test to count.
  const failed = Math.max(report.numFailedTests, status === 0 ? 0 : 1);
  for (const { assertionResults } of report.testResults) {
    for (const one of assertionResults)
      if (one.status === "pending" || one.status === "skipped") console.log(`skipped: ${one.fullName}`);
  }
  line = `${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
} catch (error) {
  console.error("no test report was written", error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(line);
process.exitCode = status ?? 1;
