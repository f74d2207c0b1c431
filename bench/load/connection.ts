import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Target {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** PEM of the authority of an https target. */
  readonly ca?: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/**
 * One kept connection, one request at a time, as little work as a client can do: on a small machine the generator must not be what is measured.
 * Understands answers with Content-Length only, which is what the servers here send.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #head: string;
  #buffer = "";
  #waiting: PromiseWithResolvers<Reply> | undefined;
  #failed: Error | undefined;

  private constructor(socket: Socket, target: Target) {
    this.#socket = socket;
    this.#head = headOf(target);
    socket.setNoDelay(true);
    // One character a byte, so that lengths are lengths.
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  static open(target: Target): Promise<Connection> {
    const { protocol, hostname, port } = new URL(target.url);
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        socket.off("error", reject);
        resolve(new Connection(socket, target));
      };
      const where = { host: hostname, port: Number(port) };
      const socket =
        protocol === "https:"
          ? connectTls(
              { ...where, servername: "localhost", ...(target.ca === undefined ? {} : { ca: target.ca }) },
              ready,
            )
          : connectTcp(where, ready);
      socket.once("error", reject);
    });
  }

  get failed(): boolean {
    return this.#failed !== undefined;
  }

  send(body: string): Promise<Reply> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    this.#waiting = Promise.withResolvers<Reply>();
    this.#socket.write(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#buffer += chunk;
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#buffer.slice(0, end))?.[1];
    if (length === undefined) return this.#fail(new Error("an answer without Content-Length"));
    const full = end + 4 + Number(length);
    if (this.#buffer.length < full) return;
    const reply = { status: Number(this.#buffer.slice(9, 12)), body: this.#buffer.slice(end + 4, full) };
    this.#buffer = this.#buffer.slice(full);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(reply);
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

function headOf({ url, headers }: Target): string {
  const { host, pathname, search } = new URL(url);
  const lines = Object.entries({ Host: host, "Content-Type": "application/json", ...headers });
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `POST ${pathname}${search} HTTP/1.1\r\n${text}Content-Length: `;
}
