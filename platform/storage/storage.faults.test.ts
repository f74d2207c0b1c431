import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chainHash, GENESIS } from "./chain.ts";
import type { Database } from "./database.ts";
import { openDatabase, openReader } from "./open.ts";
import { newFolder, note, notesSchema, options } from "./storage.fixture.ts";

const CHILD = join(import.meta.dirname, "storage.child.ts");

let folder: ReturnType<typeof newFolder>;
const undo: (() => unknown)[] = [];
beforeEach(() => {
  folder = newFolder();
});
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
  folder.remove();
});

async function open(file = folder.file): Promise<Database> {
  const database = await openDatabase(options(file));
  undo.push(() => database.close(2_000));
  return database;
}

/** Every seq up to the head is there and chained; returns the head. */
async function expectWhole(database: Database): Promise<number> {
  interface Row {
    seq: number;
    body: string;
    hash: string;
  }
  let previous = GENESIS.hash;
  let last = 0;
  for (;;) {
    const { rows } = await database.read<Row>(
      "SELECT seq, body, hash FROM notes WHERE seq > ? ORDER BY seq LIMIT 1000",
      [last],
    );
    if (rows.length === 0) return last;
    for (const row of rows) {
      expect(row.seq).toBe(last + 1);
      expect(row.hash).toBe(chainHash(previous, row.seq, row.body));
      previous = row.hash;
      last = row.seq;
    }
  }
}

function start(args: readonly string[], shell?: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child =
    shell === undefined
      ? spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] })
      : spawn("sh", ["-c", shell, process.execPath, CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  undo.push(() => child.kill("SIGKILL"));
  if (child.stdout === null) throw new Error("no output");
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

async function* linesOf(lines: AsyncIterator<string>): AsyncGenerator<string> {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) yield next.value;
}

function mountTmpfs(path: string): void {
  mkdirSync(path);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", path], { stdio: "pipe" });
}

/** Needs root and the right to mount; elsewhere the file size limit above stands in. */
function canMount(): boolean {
  const probe = newFolder();
  try {
    mountTmpfs(join(probe.path, "mnt"));
    execFileSync("umount", [join(probe.path, "mnt")]);
    return true;
  } catch {
    return false;
  } finally {
    probe.remove();
  }
}

describe("kill -9", () => {
  it.each(["committed", "synced"])("loses nothing that was acknowledged (%s)", async (durability) => {
    for (const acknowledgements of [1, 700]) {
      const { child, lines } = start([folder.file, durability]);
      let highest = 0;
      let seen = 0;
      for await (const line of linesOf(lines)) {
        if (!line.startsWith("ack ")) continue;
        highest = Math.max(highest, Number(line.slice(4)));
        if (++seen === acknowledgements) child.kill("SIGKILL");
      }
      expect(seen).toBeGreaterThanOrEqual(acknowledgements);
      // The lock died with its holder: nothing has to be cleaned up by hand.
      const database = await open();
      expect(await expectWhole(database)).toBeGreaterThanOrEqual(highest);
      await database.close(2_000);
    }
  });

  it("leaves a trace of the process that did not close, for durability buffered", async () => {
    const { child, lines } = start([folder.file, "buffered"]);
    let seen = 0;
    for await (const line of linesOf(lines)) if (line.startsWith("ack ") && ++seen === 50) child.kill("SIGKILL");
    const database = await open();
    const head = await expectWhole(database);
    const { rows } = await database.read(
      "SELECT durability, flush_interval_ms, closed_at, heads FROM storage_sessions ORDER BY id",
      [],
    );
    expect(rows).toEqual([
      { durability: "buffered", flush_interval_ms: 50, closed_at: null, heads: '{"notes":0}' },
      { durability: "committed", flush_interval_ms: 50, closed_at: null, heads: JSON.stringify({ notes: head }) },
    ]);
  });
});

describe("a second process", () => {
  it("is kept out while the first lives", async () => {
    const { child, lines } = start([folder.file]);
    await lines.next();
    await expect(openDatabase(options(folder.file))).rejects.toMatchObject({
      code: "RL_STORE_LOCKED",
      message: expect.stringContaining(`process ${child.pid}`),
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    await open();
  });
});

describe("a full disk", () => {
  it("refuses the batch, keeps what was acknowledged and says so (file size limit)", async () => {
    // 2 MiB in blocks of 512 bytes; the records come to more.
    const { lines } = start([folder.file, "committed", "20000"], 'ulimit -f 4096; exec "$0" "$@"');
    const acknowledged: number[] = [];
    const others = new Set<string>();
    for await (const line of linesOf(lines)) {
      if (line.startsWith("ack ")) acknowledged.push(Number(line.slice(4)));
      else others.add(line);
    }
    expect([...others]).toEqual(["open", "refused RL_STORE_UNAVAILABLE", "state failing"]);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(await expectWhole(await open())).toBe(Math.max(...acknowledged));
  });

  it("answers nothing any more on the word of a store that is known to fail (buffered)", async () => {
    const { lines } = start([folder.file, "buffered", "20000", "20"], 'ulimit -f 4096; exec "$0" "$@"');
    const others = new Set<string>();
    for await (const line of linesOf(lines)) if (!line.startsWith("ack ")) others.add(line);
    expect([...others]).toEqual(["open", "refused RL_STORE_UNAVAILABLE", "state failing"]);
    await expectWhole(await open());
  });

  it.skipIf(!canMount())("goes on by itself once there is room again (a small file system of its own)", async () => {
    const mount = join(folder.path, "mnt");
    mountTmpfs(mount);
    undo.push(() => execFileSync("umount", [mount]));
    const database = await open(join(mount, "state.db"));
    await database.append(note("first"));
    writeFileSync(join(mount, "ballast"), "x".repeat(3_400_000));
    const big = (): Promise<unknown>[] => Array.from({ length: 5 }, () => database.append(note("y".repeat(200_000))));
    const results = await Promise.allSettled(big());
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const result of refused) expect(result.reason).toMatchObject({ code: "RL_STORE_UNAVAILABLE" });
    expect(database.health()).toMatchObject({ state: "failing", lastError: expect.stringContaining("full") });
    rmSync(join(mount, "ballast"));
    await Promise.all(big());
    expect(database.health().state).toBe("ok");
    expect(await expectWhole(database)).toBe(1 + (5 - refused.length) + 5);
  });
});

describe("an archive on a file system that cannot be written", () => {
  it.skipIf(!canMount())("is read all the same", async () => {
    const mount = join(folder.path, "mnt");
    mountTmpfs(mount);
    undo.push(() => execFileSync("umount", [mount]));
    const file = join(mount, "state.db");
    const database = await openDatabase(options(file));
    await database.append(note("kept"));
    await database.close(2_000);
    execFileSync("mount", ["-o", "remount,ro", mount]);
    const reader = await openReader({ file, schema: [notesSchema] });
    undo.push(() => reader.close());
    expect((await reader.read("SELECT body FROM notes", [])).rows).toEqual([{ body: "kept" }]);
  });
});
