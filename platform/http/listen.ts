import { chmodSync, unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { messageOf, RunlogError } from "#api";

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string | undefined;
}

/** Listens. Throws RL_CONFIG when the address cannot be had. A socket file that nobody listens on is replaced; the new one is its owner's only. */
export async function listen(server: Server, address: Address): Promise<void> {
  const { socketPath } = address;
  try {
    await listenOnce(server, address);
  } catch (error) {
    const inUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!inUse || socketPath === undefined || (await answers(socketPath))) throw refused(address, error, inUse);
    unlinkSync(socketPath);
    await listenOnce(server, address).catch((again: unknown) => {
      throw refused(address, again, false);
    });
  }
  if (socketPath !== undefined) chmodSync(socketPath, 0o600);
}

function listenOnce(server: Server, { host, port, socketPath }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath === undefined ? { host, port } : { path: socketPath }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const is = (yes: boolean) => (): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(1_000, is(true)).once("connect", is(true)).once("error", is(false));
  });
}

function refused({ host, port, socketPath }: Address, error: unknown, inUse: boolean): RunlogError {
  const why = inUse ? "the address is in use" : messageOf(error);
  return new RunlogError("RL_CONFIG", `cannot listen on ${socketPath ?? `${host}:${port}`}: ${why}`, { cause: error });
}
