/** A process that writes, for tests that kill it or take its disk. Says what was acknowledged, one line each. */
import { setTimeout } from "node:timers/promises";
import { openDatabase } from "./open.ts";
import { note, options } from "./storage.fixture.ts";

const [file = "", durability = "committed", size = "100", pauseMs = "0"] = process.argv.slice(2);
const database = await openDatabase(options(file, { durability: durability as "committed" | "buffered" | "synced" }));
const body = "x".repeat(Number(size));

async function writeOn(lane: number): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      if (pauseMs !== "0") await setTimeout(Number(pauseMs));
      const result = await database.append(note(`${lane}-${i}-${body}`));
      process.stdout.write(`ack ${result.kind === "committed" ? result.seq : 0}\n`);
    } catch (error) {
      process.stdout.write(`refused ${(error as { code?: string }).code ?? String(error)}\n`);
      return;
    }
  }
}

process.stdout.write("open\n");
await Promise.all(Array.from({ length: 20 }, (_, lane) => writeOn(lane)));
process.stdout.write(`state ${database.health().state}\n`);
await database.close(2_000);
