import { chainHash, GENESIS } from "#storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChainEntry, ChainVerifier } from "./chain.ts";
import type { VerifyReport } from "./run-log.ts";

function chainOf(bodies: readonly string[]): ChainEntry[] {
  let previous = GENESIS.hash;
  return bodies.map((body, index) => {
    const seq = index + 1;
    previous = chainHash(previous, seq, body);
    return { seq, hash: previous, body };
  });
}

function verify(entries: readonly ChainEntry[], head: ChainEntry): VerifyReport {
  const verifier = new ChainVerifier({ anchor: GENESIS, head });
  for (const entry of entries) verifier.add(entry);
  return verifier.finish();
}

const bodies = fc.uniqueArray(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 12 });
type Tamper = (entries: ChainEntry[], at: number, other: number) => ChainEntry[];

const tampers: Readonly<Record<string, Tamper>> = {
  "changes a text": (entries, at) =>
    entries.map((entry, i) => (i === at ? { ...entry, body: `${entry.body} ` } : entry)),
  "changes a hash": (entries, at) =>
    entries.map((entry, i) => (i === at ? { ...entry, hash: entry.hash.replace(/^./, "g") } : entry)),
  "drops an entry": (entries, at) => entries.toSpliced(at, 1),
  "cuts the tail": (entries, at) => entries.slice(0, at),
  "doubles an entry": (entries, at) => entries.toSpliced(at, 0, entries[at] as ChainEntry),
  "swaps two entries": (entries, at, other) =>
    entries.with(at, entries[other] as ChainEntry).with(other, entries[at] as ChainEntry),
  "swaps two texts": (entries, at, other) =>
    entries
      .with(at, { ...(entries[at] as ChainEntry), body: entries[other]?.body ?? "" })
      .with(other, { ...(entries[other] as ChainEntry), body: entries[at]?.body ?? "" }),
  "adds an entry": (entries, at) => entries.toSpliced(at, 0, { seq: at + 1, hash: "a".repeat(64), body: "forged" }),
  "appends an entry that fits": (entries) => {
    const last = entries.at(-1) as ChainEntry;
    const seq = last.seq + 1;
    return [...entries, { seq, hash: chainHash(last.hash, seq, "forged"), body: "forged" }];
  },
  "writes a text and every later hash anew": (entries, at) =>
    chainOf(entries.map((entry, i) => (i === at ? `${entry.body} ` : entry.body))),
};

describe("the chain", () => {
  it("is whole as it was written", () => {
    fc.assert(
      fc.property(bodies, (texts) => {
        const entries = chainOf(texts);
        expect(verify(entries, entries.at(-1) as ChainEntry)).toMatchObject({
          ok: true,
          records: texts.length,
          first: 1,
        });
      }),
    );
  });

  it.each(Object.entries(tampers))("is not whole when somebody %s", (_name, tamper) => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.nat(), (texts, a, b) => {
        const entries = chainOf(texts);
        const at = a % entries.length;
        const other = (at + 1 + (b % (entries.length - 1))) % entries.length;
        const report = verify(tamper(entries, at, other), entries.at(-1) as ChainEntry);
        expect(report.ok).toBe(false);
        expect(report.problems.length).toBeGreaterThan(0);
      }),
    );
  });

  it("calls a doubled entry out of order, and goes on after it", () => {
    const entries = chainOf(["a", "b", "c"]);
    const doubled = entries.toSpliced(1, 0, entries[0] as ChainEntry);
    expect(verify(doubled, entries[2] as ChainEntry).problems.map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, "out-of-order"],
    ]);
  });

  it("names at most 100 problems and counts them all", () => {
    const entries = chainOf(Array.from({ length: 300 }, (_, i) => `${i}`));
    const report = verify(
      entries.map((entry) => ({ ...entry, body: "x" })),
      entries.at(-1) as ChainEntry,
    );
    expect(report).toMatchObject({ ok: false, problemsTotal: 300, problems: { length: 100 } });
  });
});
