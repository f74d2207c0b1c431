import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { play, readSteps, type Counts } from "../../examples/airline/play.ts";
import { dataFile } from "../harness/data.ts";
import { startServe } from "../harness/serve.ts";

const runs = dataFile("runs/airline.jsonl");

describe.skipIf(runs === undefined)("100 recorded runs of an airline agent (data file runs/airline.jsonl)", () => {
  async function playOnce(): Promise<{ counts: Counts; log: string }> {
    await using server = await startServe({ policies: ["examples/airline"] });
    const counts = await play({
      server: server.url,
      steps: await readSteps(runs ?? ""),
      approverToken: server.approverToken,
    });
    return { counts, log: server.output() };
  }

  it("are decided by the airline's policies, the same twice", async () => {
    const first = await playOnce();
    const { counts } = first;
    const steps = (await readFile(runs ?? "", "utf8"))
      .split("\n")
      .filter((line) => line !== "" && !line.includes('"end": true')).length;
    expect(
      Object.values(counts)
        .flatMap((row) => Object.values(row))
        .reduce((sum, n) => sum + n, 0),
    ).toBe(steps);
    // Whatever changes the world for money is asked for, or refused with its run: never simply allowed.
    for (const tool of ["cancel_reservation", "send_certificate"]) {
      expect(counts[`tool_call ${tool}`]?.["require_approval"]).toBeGreaterThan(0);
      expect(counts[`tool_call ${tool}`]?.["allow"]).toBeUndefined();
    }
    expect(counts["llm_call"]?.["deny"]).toBeGreaterThan(0);
    expect(Object.values(counts).some((row) => (row["terminate"] ?? 0) > 0)).toBe(true);
    expect((await playOnce()).counts).toEqual(counts);
  }, 240_000);
});
