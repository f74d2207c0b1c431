import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createInterner, decide, emptyIndex, plan, type CounterReadings, type ReviewInput } from "#engine";
import { decideNaively } from "../core/engine/verdict/naive.fixture.ts";
import { compiled, illTyped, policyAt, workloadOf, type Layout, type Workload } from "./engine/workload.ts";
import { medianOf, spreadOf, type Row } from "./row.ts";

const ROUNDS = 21;
const SIZES = [10, 100, 1_000, 10_000] as const;
const MANY = 10_000;
/** Rules in a policy, where it matters. */
const PER_POLICY = 10;
const UNREAD: CounterReadings = new Map();

interface Contender {
  readonly name: string;
  readonly evaluations: number;
  readonly evaluate: (i: number) => boolean;
  /** CPU microseconds an evaluation, by round. */
  readonly micros: number[];
}

/** Plan and decide, as a review does; a decision other than deny means that the workload is not what it says. */
function indexed(name: string, { index, reviews }: Workload, evaluations: number): Contender {
  const evaluate = (i: number): boolean =>
    decide(plan(index, reviews[i % reviews.length] as ReviewInput), UNREAD).decision === "deny";
  return { name, evaluations, evaluate, micros: [] };
}

function naive(name: string, { policies, reviews }: Workload, evaluations: number): Contender {
  const evaluate = (i: number): boolean =>
    decideNaively(policies, reviews[i % reviews.length] as ReviewInput, UNREAD).decision === "deny";
  return { name, evaluations, evaluate, micros: [] };
}

function round({ name, evaluations, evaluate, micros }: Contender): void {
  const before = process.cpuUsage();
  for (let i = 0; i < evaluations; i++) if (!evaluate(i)) throw new Error(`${name}: a rule did not hold`);
  const { user, system } = process.cpuUsage(before);
  micros.push((user + system) / evaluations);
}

/** All contenders take turns in each round, in a rotating order; the first round is for warming up. */
function alternate(contenders: readonly Contender[]): void {
  for (let i = 0; i <= ROUNDS; i++) {
    for (let j = 0; j < contenders.length; j++) round(contenders[(i + j) % contenders.length] as Contender);
  }
  for (const { micros } of contenders) micros.shift();
}

interface RowParts {
  readonly what: string;
  readonly values: readonly number[];
  readonly target?: number;
  readonly unit: string;
  readonly digits: number;
}

function rowOf({ what, values, target, unit, digits }: RowParts): Row {
  const median = medianOf(values);
  return {
    what,
    target: target === undefined ? "" : `≤ ${target}${unit}`,
    median: `${median.toFixed(digits)}${unit}`,
    spread: spreadOf(values, digits),
    verdict: target === undefined ? "reported" : median <= target ? "met" : "missed",
  };
}

function ratios(a: Contender, b: Contender): readonly number[] {
  return a.micros.map((value, i) => value / (b.micros[i] as number));
}

function evaluationRows(): Row[] {
  const spread = SIZES.map((size) => indexed(`spread ${size}`, workloadOf("spread", size, PER_POLICY), 5_000));
  const hot = indexed("hot", workloadOf("hot", MANY, PER_POLICY), 5_000);
  const ill = indexed("ill-typed", illTyped(MANY), 40);
  const illMixed = indexed("ill-typed, mixed", illTyped(MANY, { agent: { ne: "none" }, "args.to": { ne: "" } }), 40);
  const illFew = indexed("ill-typed, a tenth", illTyped(MANY / 10), 400);
  const naives = [10, 1_000].map((size) =>
    naive(`naive ${size}`, workloadOf("spread", size, PER_POLICY), 5_000 / size),
  );
  alternate([...spread, hot, ill, illMixed, illFew, ...naives]);
  const [least, , thousand, most] = spread as [Contender, Contender, Contender, Contender];
  const [naiveLeast, naiveThousand] = naives as [Contender, Contender];
  return [
    ...spread.map(({ micros }, i) =>
      rowOf({
        what: `Evaluation, ${SIZES[i]} rules over tools, CPU`,
        values: micros,
        target: 1,
        unit: " µs",
        digits: 2,
      }),
    ),
    rowOf({ what: "The same, 10 000 rules ÷ 10 rules", values: ratios(most, least), target: 1.5, unit: "", digits: 2 }),
    rowOf({ what: "Evaluation, 10 000 rules of one tool, CPU", values: hot.micros, target: 2, unit: " µs", digits: 2 }),
    rowOf({
      what: "Evaluation, a value that is no number under 10 000 thresholds of one tool, CPU",
      values: ill.micros,
      target: 300,
      unit: " µs",
      digits: 0,
    }),
    rowOf({ what: "The same, each rule with two more conditions", values: illMixed.micros, unit: " µs", digits: 0 }),
    rowOf({ what: "Ill-typed, 10 000 thresholds ÷ 1 000", values: ratios(ill, illFew), unit: "", digits: 1 }),
    rowOf({ what: "Every rule evaluated ÷ index, 10 rules", values: ratios(naiveLeast, least), unit: "", digits: 1 }),
    rowOf({
      what: "Every rule evaluated ÷ index, 1 000 rules over tools",
      values: ratios(naiveThousand, thousand),
      unit: "",
      digits: 0,
    }),
  ];
}

/** Replaces one policy of one rule by its next generation; compiling it is measured apart. A round's value is the median of its changes. */
function changeRows(layout: Layout, name: string): Row[] {
  const { policies, index, interner } = workloadOf(layout, MANY, 1);
  const medians: number[] = [];
  const means: number[] = [];
  const compilations: number[] = [];
  let current = index;
  const perRound = 100;
  for (let round = 0; round <= ROUNDS; round++) {
    const next = Array.from({ length: perRound }, (_, i) =>
      policyAt({ layout, at: (round * perRound + i * 37) % policies.length, perPolicy: 1, generation: round + 2 }),
    );
    const compiling: number[] = [];
    const ready = next.map((resource) => timed(compiling, () => compiled(resource, interner)));
    const changing: number[] = [];
    for (const policy of ready) current = timed(changing, () => current.with({ set: [policy], remove: [] }));
    if (round === 0) continue;
    compilations.push(medianOf(compiling));
    medians.push(medianOf(changing));
    means.push(changing.reduce((sum, micros) => sum + micros, 0) / perRound);
  }
  if (current.rules !== MANY) throw new Error(`the index has ${current.rules} rules`);
  return [
    rowOf({ what: `Changing one of 10 000 rules, ${name}, CPU`, values: medians, target: 50, unit: " µs", digits: 0 }),
    rowOf({ what: `The same, ${name}, mean with garbage collection`, values: means, unit: " µs", digits: 0 }),
    rowOf({ what: `Compiling it first, ${name}, CPU`, values: compilations, unit: " µs", digits: 0 }),
  ];
}

function timed<T>(micros: number[], run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  micros.push(user + system);
  return result;
}

/** Bytes of heap for each compiled rule, its place in the index and its share of its policy included. */
function heapRow(layout: Layout, perPolicy: number, target?: number): Row {
  const used = heapReader();
  const values = Array.from({ length: 5 }, () => {
    const before = used();
    const kept = indexOnly(layout, perPolicy);
    const after = used();
    if (kept.index.rules !== MANY) throw new Error(`the index has ${kept.index.rules} rules`);
    return (after - before) / MANY;
  });
  const what = `Heap per compiled rule of 10 000, ${layout === "hot" ? "one tool" : "over tools"}, ${perPolicy} in a policy`;
  return rowOf({ what, values, unit: " B", digits: 0, ...(target === undefined ? {} : { target }) });
}

function indexOnly(layout: Layout, perPolicy: number) {
  const interner = createInterner();
  let index = emptyIndex();
  for (let at = 0; at < MANY / perPolicy; at++) {
    index = index.with({ set: [compiled(policyAt({ layout, at, perPolicy, generation: 1 }), interner)], remove: [] });
  }
  return { index, interner };
}

/** The heap in use after everything unreachable was collected. */
function heapReader(): () => number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return () => {
    for (let i = 0; i < 4; i++) collect();
    return process.memoryUsage().heapUsed;
  };
}

/** The engine's rows of docs/benchmarks.md: CPU time of this process, which does nothing else meanwhile. */
export async function engineRows(): Promise<Row[]> {
  return [
    ...evaluationRows(),
    heapRow("spread", PER_POLICY, 500),
    heapRow("hot", PER_POLICY, 500),
    heapRow("spread", 250),
    heapRow("spread", 1),
    ...changeRows("spread", "over tools"),
    ...changeRows("hot", "one tool"),
  ];
}

if (import.meta.main) {
  for (const row of await engineRows()) {
    console.log(`${row.what}: ${row.median} [${row.spread}] ${row.target} ${row.verdict}`);
  }
}
