/**
 * Accuracy and speed of the detector. `node bench/detect.ts` prints the report; `--write` puts it into docs/detection.md.
 * The labelled sets are no part of the repository: without them only times are measured.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import { report } from "./detect/report.ts";

const ROUNDS = 9;
const page = join(import.meta.dirname, "../docs/detection.md");
const begin = "<!-- measured: node bench/detect.ts --write -->";
const end = "<!-- /measured -->";

const machine = `Node ${process.versions.node}, ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, ${platform()} ${arch()}; ${ROUNDS} alternating rounds.`;
const text = `${machine}\n\n${report(ROUNDS)}`;

if (process.argv.includes("--write")) {
  const old = readFileSync(page, "utf8");
  const from = old.indexOf(begin);
  const to = old.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} has no measured section`);
  writeFileSync(page, `${old.slice(0, from + begin.length)}\n${text}\n${old.slice(to)}`);
} else {
  console.log(text);
}
