import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServe, type RunningServe } from "../harness/serve.ts";

/** Whatever bytes come: an answer within the contract, a living server, and never an allow that the policy forbids. */
describe("any bytes to the doors", () => {
  let folder: string;
  let server: RunningServe;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "runlog-fuzz-"));
    // Forbids everything, by a rule that has to look at the arguments.
    await writeFile(
      join(folder, "p.yaml"),
      "policies:\n  - { id: none, when: { not: { args.open: sesame } }, action: deny }\n",
    );
    server = await startServe({ policies: [folder] });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const send = async (path: string, body: Uint8Array | string): Promise<{ status: number; text: string }> => {
    const headers = { "content-type": "application/json" };
    const init = {
      method: "POST",
      headers,
      body: body as RequestInit["body"] & {},
      signal: AbortSignal.timeout(10_000),
    };
    const response = await fetch(`${server.url}${path}`, init);
    return { status: response.status, text: await response.text() };
  };
  const harmless = ({ status, text }: { status: number; text: string }): void => {
    expect([200, 400, 403, 404, 409, 413, 415]).toContain(status);
    const body = JSON.parse(text);
    const answers = body.response === undefined ? (body.items ?? []) : [body.response];
    for (const answer of answers) expect(answer.allowed).toBe(false);
    if (status !== 200) expect(body.code).toMatch(/^RL_(?!INTERNAL)/);
  };

  it("raw bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom("/v1/review", "/v1/reviews", "/v1/report"),
        async (bytes, path) => {
          harmless(await send(path, bytes));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("any JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => harmless(await send("/v1/review", text))),
      { numRuns: 300 },
    );
  });

  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom("__proto__", "constructor", "open", "sesame", "toString"),
  );
  const args = fc
    .dictionary(text, fc.oneof(fc.jsonValue(), text), { maxKeys: 4 })
    .filter((value) => value["open"] !== "sesame");
  const near = fc.record(
    {
      uid: fc.oneof(fc.uuid(), text),
      run: fc.oneof(fc.constantFrom("r1", "r2"), text),
      action: fc.constantFrom("tool_call", "llm_call", "message", "delegation", "nothing"),
      tool: text,
      model: text,
      args,
      user: text,
      step: fc.oneof(fc.nat(), fc.double()),
      cost: fc.record({ usd: fc.oneof(fc.double(), text, fc.constant("0.01")) }),
      tokens: fc.dictionary(fc.constantFrom("input", "output", "cachedInput", "x"), fc.oneof(fc.nat(), fc.integer())),
      parentRun: fc.record({ run: text }),
      approval: text,
      dryRun: fc.boolean(),
    },
    { requiredKeys: ["uid", "run", "action"] },
  );

  it("reviews that are nearly right", async () => {
    await fc.assert(
      fc.asyncProperty(near, async (request) => {
        harmless(
          await send("/v1/review", JSON.stringify({ apiVersion: "runlog.io/v1alpha1", kind: "ActionReview", request })),
        );
      }),
      { numRuns: 600 },
    );
  });

  it("right reviews with one byte changed", async () => {
    const right = Buffer.from(
      JSON.stringify({
        apiVersion: "runlog.io/v1alpha1",
        kind: "ActionReview",
        request: {
          uid: "u",
          run: "mutated",
          action: "tool_call",
          tool: "t",
          args: { open: "door", n: [1, 2.5, { a: null }] },
          cost: { usd: "0.01" },
        },
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(right.length - 1), fc.nat(255), async (at, byte) => {
        const bytes = Buffer.from(right);
        bytes[at] = byte;
        harmless(await send("/v1/review", bytes));
      }),
      { numRuns: 400 },
    );
  });

  it("leave the server alive, and the one thing that is permitted permitted", async () => {
    expect((await server.get("/healthz")).status).toBe(200);
    expect(await server.review({ run: "end", action: "tool_call", tool: "t", args: { open: "sesame" } })).toMatchObject(
      { allowed: true },
    );
    expect(server.output()).not.toContain("by surprise");
  });
});
