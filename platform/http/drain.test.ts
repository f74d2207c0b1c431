import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { echo, eventually, heldRoute, post, RawPeer, serveRoutes } from "./http.fixture.ts";

describe("a stop", () => {
  it("answers what is in flight, tells its connection to close, and takes no new one", async () => {
    const held = heldRoute();
    const { port, close, shedding } = await serveRoutes([held.route]);
    const peer = new RawPeer(port).send(post("/v1/held", "{}"));
    await eventually(() => shedding.inFlight === 1);
    const closed = close(10_000);
    const late = new RawPeer(port).send(post("/v1/held", "{}"));
    expect(await late.end()).toBe("");
    held.answer();
    const text = await peer.end();
    expect(text).toContain("200 OK");
    expect(text).toContain("Connection: close");
    expect(await closed).toEqual({ dropped: 0 });
    expect(held.asked()).toBe(1);
  });

  it("ends long polls by their signal", async () => {
    const poll = {
      method: "POST",
      path: "/v1/poll",
      handle: async ({ signal }: { signal: AbortSignal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { status: 200, body: '"still pending"' };
      },
    } as const;
    const { port, close, shedding } = await serveRoutes([poll]);
    const peer = new RawPeer(port).send(post("/v1/poll", "{}"));
    await eventually(() => shedding.inFlight === 1);
    expect(await close(10_000)).toEqual({ dropped: 0 });
    expect(await peer.end()).toContain("still pending");
  });

  it("cuts off at the deadline what is left, and says how many", async () => {
    const held = heldRoute();
    const { port, close, shedding } = await serveRoutes([held.route]);
    const peer = new RawPeer(port).send(post("/v1/held", "{}"));
    await eventually(() => shedding.inFlight === 1);
    expect(await close(50)).toEqual({ dropped: 1 });
    expect(await peer.end()).toBe("");
  });

  it("goes on accepting while callers are being sent elsewhere, and tells each to close", async () => {
    const { port, close } = await serveRoutes([echo]);
    const closed = close(10_000, 300);
    const text = await new RawPeer(port).send(post("/v1/echo", "1")).end();
    expect(text).toContain("200 OK");
    expect(text).toContain("Connection: close");
    expect(await closed).toEqual({ dropped: 0 });
  });

  it("loses no request of those who send all the while on kept connections", async () => {
    const { port, close } = await serveRoutes([
      {
        ...echo,
        handle: async ({ body }) => {
          await wait(2);
          return { status: 200, body };
        },
      },
    ]);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const outcomes = { answered: 0, refused: 0, lost: [] as string[] };
    let stopped = false;
    let over = false;
    const send = (): Promise<void> =>
      new Promise((resolve) => {
        const headers = { "content-type": "application/json" };
        const sent = request(
          { port, host: "127.0.0.1", path: "/v1/echo", method: "POST", headers, agent },
          (response) => {
            response
              .resume()
              .on("end", () => {
                outcomes.answered++;
                resolve();
              })
              .on("error", (error) => {
                outcomes.lost.push(error.message);
                resolve();
              });
          },
        );
        sent.on("error", (error: NodeJS.ErrnoException) => {
          // A new connection that is refused never held a request: the caller goes to another replica.
          if (stopped && error.code === "ECONNREFUSED") outcomes.refused++;
          else outcomes.lost.push(`${error.code}`);
          resolve();
        });
        sent.end("1");
      });
    const callers = Array.from({ length: 8 }, async () => {
      while (!over) {
        await send();
        await wait(3);
      }
    });
    await eventually(() => outcomes.answered > 200);
    stopped = true;
    expect(await close(10_000)).toEqual({ dropped: 0 });
    over = true;
    await Promise.all(callers);
    agent.destroy();
    expect(outcomes.lost).toEqual([]);
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});
