import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Row } from "./row.ts";

interface Frame {
  readonly functionName: string;
  readonly url: string;
}
interface ProfileNode {
  readonly id: number;
  readonly callFrame: Frame;
  readonly children?: readonly number[];
}
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where a frame belongs: the room whose folder it lies in. Time in Node and V8 counts for the nearest room that called it. */
const ROOMS: readonly (readonly [RegExp, string])[] = [
  [/\/core\/api\//, "api: strict JSON, schema, digests"],
  [/\/core\/engine\/detect\//, "engine: personal data"],
  [/\/core\/engine\//, "engine: index and verdict"],
  [/\/core\/ledger\//, "ledger"],
  [/\/core\/decision\//, "decision: question, outcome, record"],
  [/\/core\/runlog\//, "run log: record to text"],
  [/\/platform\/storage\//, "storage: hand-over to the writer thread"],
  [/\/platform\/http\/|\/webhook\//, "http: listener and doors"],
  [/\/platform\/telemetry\//, "metrics"],
  [/\/cli\//, "console line"],
];

/** Microseconds a request by room, from the second half of the main thread's CPU profile, largest first. Samples are wall time: a thread that waits for its core counts. */
export function profileRows(folder: string, requests: number): Row[] {
  const byRoom = sumByRoom(readProfile(folder));
  const total = [...byRoom.values()].reduce((sum, micros) => sum + micros, 0);
  return [...byRoom]
    .toSorted(([, a], [, b]) => b - a)
    .map(([room, micros]) => ({
      what: `main thread, ${room}`,
      target: "",
      median: `${(micros / requests).toFixed(1)} µs`,
      spread: `${((100 * micros) / total).toFixed(0)} %`,
      verdict: "reported",
    }));
}

/** The largest file: each thread writes one, and the main thread's is the longest. */
function readProfile(folder: string): Profile {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  const [largest] = files.toSorted((a, b) => statSync(join(folder, b)).size - statSync(join(folder, a)).size);
  if (largest === undefined) throw new Error("the server wrote no profile");
  return JSON.parse(readFileSync(join(folder, largest), "utf8")) as Profile;
}

function sumByRoom({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const self = new Map<number, number>();
  // The first half is start-up and code that V8 has not optimised yet.
  for (let i = samples.length >> 1; i < samples.length; i++) {
    const id = samples[i] as number;
    self.set(id, (self.get(id) ?? 0) + (timeDeltas[i] ?? 0));
  }
  const known = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const byRoom = new Map<string, number>();
  for (const [id, micros] of self) {
    const room = roomOf(id, known, parents);
    if (room !== undefined) byRoom.set(room, (byRoom.get(room) ?? 0) + micros);
  }
  return byRoom;
}

function roomOf(
  start: number,
  known: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): string | undefined {
  const own = known.get(start)?.callFrame.functionName ?? "";
  if (own === "(idle)" || own === "(root)") return undefined;
  if (own === "(garbage collector)") return "garbage collector";
  for (let id: number | undefined = start; id !== undefined; id = parents.get(id)) {
    const url = known.get(id)?.callFrame.url ?? "";
    const room = ROOMS.find(([path]) => path.test(url));
    if (room !== undefined) return room[1];
  }
  return "Node: sockets, HTTP parser, event loop";
}
