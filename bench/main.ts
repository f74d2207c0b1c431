/** `npm run bench`: measures, prints, and writes docs/benchmarks.md. `npm run bench -- engine` measures only that part and writes nothing. */
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { engineRows } from "./engine.ts";
import type { Row } from "./row.ts";
import { wholeRequestRows } from "./whole-request.ts";

const parts = {
  engine: {
    title: "The engine",
    intro: "CPU of deciding alone: plan and verdict, counters given. `npm run bench -- engine`.",
    rows: engineRows,
  },
  http: {
    title: "A whole review",
    intro:
      "`runlog serve` on one core, the load from another, against a bare Node handler that parses and answers the same JSON, taking turns. The first rows show what the listener alone costs. CPU is that of every thread of the server; the main thread's share stands beside it: the rest is the run log's writer thread and Node's own. `npm run bench -- http`.",
    rows: wholeRequestRows,
  },
} as const;

const wanted = process.argv.slice(2);
const chosen = Object.entries(parts).filter(([name]) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) {
  console.error(`usage: npm run bench [-- ${Object.keys(parts).join(" | ")}]`);
  process.exit(2);
}

const sections: string[] = [];
for (const [, { title, intro, rows }] of chosen) {
  console.log(`\n${title}`);
  const measured = await rows();
  for (const row of measured) console.log(`  ${row.what}: ${row.median} [${row.spread}] ${row.target} ${row.verdict}`);
  sections.push(`## ${title}\n\n${intro}\n\n${tableOf(measured)}`);
}
if (wanted.length === 0) {
  writeFileSync(new URL("../docs/benchmarks.md", import.meta.url), `${header()}\n${sections.join("\n\n")}\n`);
  console.log("\nwritten: docs/benchmarks.md");
}

function header(): string {
  const memory = Math.round(totalmem() / 1024 ** 3);
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory} GiB, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  return `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; do not edit. Machine: ${machine}. It is a shared virtual machine, so absolute times wander: read the ratios.
Each figure is the median of at least five rounds in which the variants take turns, with the smallest and largest beside it. Detection has a page of its own:
[detection](detection.md).
`;
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ what, target, median, spread, verdict }) => `| ${what} | ${target} | ${median} | ${spread} | ${verdict} |`,
  );
  return ["| what | target | median | spread | |", "|---|---|---|---|---|", ...lines].join("\n");
}
