import { compileDetector, entityTypes } from "#engine";
import { dataFolder, readJsonLines } from "./data.ts";
import { flaggedArguments, type RunLine } from "./runs.ts";
import { cleanDocument, denseDocument, hostile, hostilePatterns } from "./samples.ts";
import {
  type Counts,
  f1,
  type LabelledText,
  precision,
  recall,
  type RecognizerCase,
  scoreCases,
  scoreTexts,
} from "./score.ts";
import { alternate, type Spread, spread } from "./time.ts";

/** Tables in Markdown; each function is one section of docs/detection.md. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const three = (value: number): string => value.toFixed(3);

function countsRow(name: string, counts: Counts): (string | number)[] {
  return [
    name,
    counts.found,
    counts.wrong,
    counts.missed,
    three(precision(counts)),
    three(recall(counts)),
    three(f1(counts)),
  ];
}

export function accuracy(folder: string): string {
  const sections = ["prose", "tool-calls"].map((name) => {
    const score = scoreTexts(readJsonLines<LabelledText>(folder, `detection/${name}.jsonl`));
    const rows = Array.from(score.perType, ([type, counts]) => countsRow(type, counts));
    const head = ["entity", "found", "wrong", "missed", "precision", "recall", "F1"];
    const note = `Texts without personal data that are flagged: ${score.cleanFlagged} of ${score.cleanTexts}.`;
    return `**${name}.jsonl**\n\n${table(head, [...rows, countsRow("**all**", score.total)])}\n\n${note}`;
  });
  return sections.join("\n\n");
}

export function recognizerCases(folder: string): string {
  const cases = readJsonLines<RecognizerCase>(folder, "detection/recognizer-cases.jsonl");
  const known = new Set(entityTypes.map(({ type }) => type));
  const rows = [...new Set(cases.map(({ entity }) => entity))]
    .filter((entity) => known.has(entity))
    .toSorted((a, b) => a.localeCompare(b))
    .map((entity) => {
      const score = scoreCases(cases, entity);
      return [
        entity,
        `${score.found} / ${score.positives}`,
        `${score.foundAtAnyScore} / ${score.positives}`,
        `${score.falseAlarms} / ${score.negatives}`,
      ];
    });
  return table(["entity", "found by default", "found at any score", "false alarms"], rows);
}

export function runs(folder: string): string {
  const lines = readJsonLines<RunLine>(folder, "runs/airline.jsonl");
  const rows = (["pii", "secret"] as const).map((family) => {
    const { flagged, total, findings } = flaggedArguments(lines, family);
    return [family, total, flagged, findings.join(", ") || "–"];
  });
  return table(["family", "actions with arguments", "flagged", "what was found"], rows);
}

const DOCUMENTS = 1500;

function kilobytes(values: readonly unknown[]): number {
  return (
    values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value : JSON.stringify(value)).length, 0) /
    1024
  );
}

function sampleSets(folder: string | undefined): Record<string, readonly unknown[]> {
  const clean = Array.from({ length: DOCUMENTS }, (_, i) => cleanDocument(i));
  const dense = Array.from({ length: DOCUMENTS }, (_, i) => denseDocument(i));
  const sets: Record<string, readonly unknown[]> = {
    "clean tool arguments": clean,
    "the same, parsed": clean.map((text): unknown => JSON.parse(text)),
    "every field personal": dense,
    "the same, all parsed": dense.map((text): unknown => JSON.parse(text)),
  };
  if (folder !== undefined) {
    const texts = (name: string): LabelledText[] => readJsonLines<LabelledText>(folder, `detection/${name}.jsonl`);
    sets["tool-calls.jsonl, clean half"] = texts("tool-calls").flatMap(({ text, spans }) =>
      spans.length === 0 ? [text] : [],
    );
    sets["prose.jsonl"] = texts("prose").map(({ text }) => text);
  }
  return sets;
}

const perKilobyte = ({ median, lowest, highest }: Spread, size: number): string =>
  `${(median / size).toFixed(1)} (${(lowest / size).toFixed(1)}–${(highest / size).toFixed(1)})`;

/** Microseconds of CPU per KB: median of the rounds, lowest and highest. */
export function speed(folder: string | undefined, rounds: number): string {
  const sets = sampleSets(folder);
  const pii = compileDetector({ family: "pii" });
  const secret = compileDetector({ family: "secret" });
  const flat = (sets["clean tool arguments"] ?? []).join("");
  let sum = 0;
  const tasks: Record<string, () => void> = {
    loop: () => {
      for (let i = 0; i < flat.length; i++) sum += flat.charCodeAt(i) & 1;
    },
  };
  for (const [name, values] of Object.entries(sets)) {
    tasks[`${name}/all`] = () => values.forEach((value) => pii.findAll(value));
    tasks[`${name}/any`] = () => values.forEach((value) => pii.any(value));
    tasks[`${name}/secret`] = () => values.forEach((value) => secret.findAll(value));
  }
  const times = alternate(tasks, rounds);
  const cell = (name: string, size: number): string => perKilobyte(times.get(name) ?? spread([]), size);
  const rows = Object.entries(sets).map(([name, values]) => {
    const size = kilobytes(values);
    return [name, cell(`${name}/all`, size), cell(`${name}/any`, size), cell(`${name}/secret`, size)];
  });
  const reference = `A loop that only reads every character of the first set: ${cell("loop", flat.length / 1024)} µs/KB in the same rounds${sum < 0 ? "!" : "."}`;
  return `${table(["text", "personal data, all findings", "first finding only", "secrets"], rows)}\n\n${reference}`;
}

/** Time on the clock for one text of 2 KB in which every field is personal. */
export function single(): string {
  const detector = compileDetector({ family: "pii" });
  const texts = Array.from({ length: 4000 }, (_, i) =>
    Array.from({ length: 7 }, (__, k) => denseDocument(i * 7 + k))
      .join("\n")
      .slice(0, 2048),
  );
  let times: number[] = [];
  // The first round warms up.
  for (let round = 0; round < 3; round++) {
    times = texts.map((text) => {
      const before = performance.now();
      detector.findAll(text);
      return performance.now() - before;
    });
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3);
  return `One text of 2 KB, every field personal, on the clock: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms.`;
}

const sizes = [2, 8, 16, 32, 64];

function milliseconds(task: () => void): number {
  const { lowest } = alternate({ task }, 7).get("task") ?? spread([]);
  return lowest / 1000;
}

export function hostileTexts(): string {
  const detectors = [compileDetector({ family: "pii" }), compileDetector({ family: "secret" })];
  const rows = Object.entries(hostilePatterns).map(([name, pattern]) => {
    const times = sizes.map((size) => {
      const text = hostile(pattern, size * 1024);
      return Math.max(...detectors.map((detector) => milliseconds(() => detector.findAll(text))));
    });
    const growth = (times[4] ?? 0) / Math.max(times[2] ?? 0, 0.05);
    return [`\`${name}\``, ...times.map((time) => time.toFixed(2)), growth.toFixed(1)];
  });
  return table(["pattern", ...sizes.map((size) => `${size} KB`), "64 KB : 16 KB"], rows);
}

/** The whole report; without the data sets only what needs none. */
export function report(rounds: number): string {
  const folder = dataFolder();
  const missing = "The labelled sets are not here (RUNLOG_TEST_DATA, or ../shared/data); only times were measured.";
  const measured =
    folder === undefined
      ? missing
      : [
          "### Labelled texts",
          accuracy(folder),
          "### Single cases",
          recognizerCases(folder),
          "### Real agent runs",
          runs(folder),
        ].join("\n\n");
  return [
    measured,
    "### Time",
    "Microseconds of CPU per KB, median of the rounds (lowest–highest).",
    speed(folder, rounds),
    single(),
    "### Hostile texts",
    "Milliseconds of CPU for one text, lowest of seven rounds, the slower of the two families.",
    hostileTexts(),
  ].join("\n\n");
}
