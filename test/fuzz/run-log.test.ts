import fc from "fast-check";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { isRunlogError } from "#api";
import { exportLines, readExport, verifyExport } from "#runlog";
import { chainHash, GENESIS } from "#storage";
import { ended, report, review } from "../../core/runlog/runlog.fixture.ts";

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** An exported run log may come from anybody: it is read, or refused with a code, and nothing but what was exported is called whole. */
describe("an exported run log with other bytes", () => {
  let file: Buffer;
  let lines: readonly string[];

  beforeAll(async () => {
    const records = [
      review({ args: { q: "naïve \u{1F600}", n: [1, 2.5, null] } }),
      review({ uid: "u2", decision: "deny" }),
      report(),
      ended(),
    ];
    let hash = GENESIS.hash;
    const stored = records.map((record, i) => {
      const body = JSON.stringify(record);
      hash = chainHash(hash, i + 1, body);
      return { seq: i + 1, hash, body, record };
    });
    const log = { anchor: GENESIS, head: { seq: stored.length, hash }, records: Readable.from(stored) };
    lines = await collect(exportLines(log));
    file = Buffer.from(`${lines.join("\n")}\n`);
  });

  const linesOf = (bytes: Uint8Array) =>
    createInterface({ input: Readable.from([Buffer.from(bytes)]), crlfDelay: Infinity });
  const outcome = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (isRunlogError(error) && ["RL_INVALID", "RL_BAD_JSON"].includes(error.code)) return undefined;
      throw error;
    }
  };
  /** Blank lines, and spaces in the header, say nothing. */
  const meaning = (texts: readonly string[]): string =>
    JSON.stringify(
      texts.filter((line, i) => i === 0 || line !== "").map((line, i) => (i === 0 ? JSON.parse(line) : line)),
    );

  const harmless = async (bytes: Uint8Array): Promise<boolean> => {
    await outcome(() => collect(readExport(linesOf(bytes))));
    const verified = await outcome(() => verifyExport(linesOf(bytes)));
    if (verified?.ok !== true) return false;
    expect(meaning(await collect(linesOf(bytes)))).toBe(meaning(lines));
    return true;
  };

  it("is whole as it was exported", async () => {
    expect(await harmless(file)).toBe(true);
    expect(await collect(readExport(linesOf(file)))).toHaveLength(4);
  });

  it("one byte changed, put in or taken out", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(255),
        fc.nat(2),
        async (where, byte, how) => {
          const at = Math.floor(where * file.length);
          const put = how === 2 ? [] : [byte];
          await harmless(
            Buffer.concat([file.subarray(0, at), Buffer.from(put), file.subarray(how === 1 ? at : at + 1)]),
          );
        },
      ),
      { numRuns: 800 },
    );
  });

  it("a number written in another way", async () => {
    const text = file.toString().replace('{"seq":2,', '{"seq":02,');
    expect(await harmless(Buffer.from(text))).toBe(false);
  });

  it("parts left out, doubled, moved or cut off", async () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(part, part, part, fc.boolean(), async (from, to, into, keep) => {
        const [a, b, c] = [from, to, into].map((share) => Math.floor(share * file.length)) as [number, number, number];
        const moved = file.subarray(Math.min(a, b), Math.max(a, b));
        const rest = keep ? file : Buffer.concat([file.subarray(0, Math.min(a, b)), file.subarray(Math.max(a, b))]);
        await harmless(Buffer.concat([rest.subarray(0, c), moved, rest.subarray(c)]));
        await harmless(file.subarray(0, c));
      }),
      { numRuns: 300 },
    );
  });

  it("lines in another order, doubled or missing are never whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 6 }), async (order) => {
        fc.pre(JSON.stringify(order) !== "[0,1,2,3,4]");
        const text = order.map((i) => lines[i] ?? "").join("\n");
        expect(await harmless(Buffer.from(text))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("arbitrary bytes behind the header", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, headed) => {
        expect(await harmless(headed ? Buffer.concat([Buffer.from(`${lines[0]}\n`), bytes]) : bytes)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
