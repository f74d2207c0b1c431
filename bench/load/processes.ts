import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Whether processes can be held on a core: `taskset` is there, and more than one core. */
export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;
}

/** Starts Node, on one core when that can be had, with a channel for messages. */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  const environment = { ...process.env, NODE_ENV: "production", ...env };
  const [command, ...rest] = canPin() ? ["taskset", "-c", "0", process.execPath, ...args] : [process.execPath, ...args];
  return spawn(command as string, rest, { stdio: [...stdio], env: environment });
}

/** Puts the main thread of this process on the last core while the work runs, away from the servers on the first. */
export async function awayFromServers<T>(work: () => Promise<T>): Promise<T> {
  if (!canPin()) return work();
  const cores = availableParallelism();
  const pin = (where: string): unknown => spawnSync("taskset", ["-p", "-c", where, String(process.pid)]);
  pin(String(cores - 1));
  try {
    return await work();
  } finally {
    pin(`0-${cores - 1}`);
  }
}

export interface CpuTime {
  /** Microseconds of all threads, and of the first one. */
  readonly all: number;
  readonly main: number;
}

/** CPU time of a process from the scheduler's own count, in nanoseconds there (Linux). What other processes stole is not in it. */
export function cpuTimeOf(pid: number): CpuTime {
  let all = 0;
  let main = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const micros = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1_000;
    all += micros;
    if (Number(thread) === pid) main = micros;
  }
  return { all, main };
}
