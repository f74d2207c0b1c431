/** Middle of the measured values, with the lowest and highest. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, lowest: sorted[0] ?? 0, highest: sorted.at(-1) ?? 0 };
}

/** CPU microseconds of this process, all threads. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Runs every task once a round, in turn, so that a noisy machine is noisy for all of them. Microseconds of CPU per round. */
export function alternate(tasks: Readonly<Record<string, () => void>>, rounds: number): Map<string, Spread> {
  const times = new Map<string, number[]>(Object.keys(tasks).map((name) => [name, []]));
  for (const task of Object.values(tasks)) task();
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      const before = cpu();
      task();
      times.get(name)?.push(cpu() - before);
    }
  }
  return new Map(Array.from(times, ([name, values]) => [name, spread(values)]));
}
