import { setTimeout as wait } from "node:timers/promises";
import { Server as NetServer } from "node:net";
import type { Server } from "node:http";

export interface DrainOptions {
  readonly deadlineMs: number;
  /** Milliseconds that it goes on accepting, so that whoever sends callers here can learn that it stops. */
  readonly lameDuckMs: number;
  readonly inFlight: () => number;
}

/** How long an idle kept connection stays, so that a caller about to use it is answered and told to close, instead of being cut off. */
const IDLE_GRACE_MS = 1_000;
const LOOK_MS = 20;

/** Every answer says `Connection: close` already. Resolves to the number of requests that were cut off at the deadline. */
export async function drain(server: Server, { deadlineMs, lameDuckMs, inFlight }: DrainOptions): Promise<number> {
  const start = performance.now();
  const left = (): number => deadlineMs - (performance.now() - start);
  if (lameDuckMs > 0) await wait(Math.min(lameDuckMs, deadlineMs));
  let closed = false;
  // Not http's own close: that cuts idle connections off at once, and with them the requests on their way.
  NetServer.prototype.close.call(server, () => {
    closed = true;
  });
  const grace = Math.min(IDLE_GRACE_MS, deadlineMs / 2) + performance.now();
  while (!closed && left() > 0) {
    if (performance.now() > grace) server.closeIdleConnections();
    await wait(Math.min(LOOK_MS, Math.max(1, left())));
  }
  const dropped = inFlight();
  server.closeAllConnections();
  // Ends the server's own timers; it says that it was closed before.
  server.close(() => undefined);
  return dropped;
}
