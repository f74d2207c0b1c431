import { isAscii, isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { RunlogError } from "#api";

/**
 * Reads a body as text. Throws RL_BODY_TOO_LARGE (by Content-Length before a byte is read), RL_UNSUPPORTED_MEDIA_TYPE or RL_BAD_UTF8.
 * A body that comes too slowly is ended by the server's requestTimeout.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  checkHeaders(request, maxBytes);
  const bytes = await collect(request, maxBytes);
  if (isAscii(bytes)) return bytes.latin1Slice(0, bytes.length);
  if (!isUtf8(bytes)) throw new RunlogError("RL_BAD_UTF8", "the body is not valid UTF-8");
  return bytes.utf8Slice(0, bytes.length);
}

function checkHeaders({ headers }: IncomingMessage, maxBytes: number): void {
  const length = headers["content-length"];
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new RunlogError("RL_UNSUPPORTED_MEDIA_TYPE", `content encoding ${encoding.slice(0, 32)} is not supported`);
  }
  const type = headers["content-type"];
  if (type === "application/json" || (length === "0" && type === undefined)) return;
  if (
    type === undefined ||
    !/^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type.slice(0, 128))
  ) {
    throw new RunlogError("RL_UNSUPPORTED_MEDIA_TYPE", "send Content-Type: application/json");
  }
}

function tooLarge(maxBytes: number): RunlogError {
  return new RunlogError("RL_BODY_TOO_LARGE", `the body is larger than ${maxBytes} bytes`);
}

function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        // What still comes is thrown away; the answer closes the connection.
        request.removeAllListeners("data");
        request.resume();
        reject(tooLarge(maxBytes));
      } else if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk);
    });
    request.on("end", () => resolve(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, size)));
    request.on("error", (error) => reject(new RunlogError("RL_BAD_JSON", "the body was cut off", { cause: error })));
    request.on("aborted", () => reject(new RunlogError("RL_BAD_JSON", "the body was cut off")));
  });
}
