import { isAscii, isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { RunlogError } from "#api";

/**
 * Refuses by its headers what would not be read: RL_BODY_TOO_LARGE by Content-Length, RL_UNSUPPORTED_MEDIA_TYPE for anything but JSON as it is.
 * A chunked body has no length to look at; `readBody` counts it.
 */
export function checkHeaders(headers: IncomingHttpHeaders, maxBytes: number): void {
  const length = headers["content-length"];
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new RunlogError("RL_UNSUPPORTED_MEDIA_TYPE", `content encoding ${encoding.slice(0, 32)} is not supported`);
  }
  if (headers["content-type"] !== "application/json" && !isJson(headers["content-type"]) && !isEmpty(headers)) {
    throw new RunlogError("RL_UNSUPPORTED_MEDIA_TYPE", "send Content-Type: application/json");
  }
}

/** Without a body there is no type to tell. */
function isEmpty(headers: IncomingHttpHeaders): boolean {
  const length = headers["content-length"];
  return (length === undefined || length === "0") && !("transfer-encoding" in headers);
}

const JSON_TYPE = /^application\/(?:[a-z\d.-]+\+)?json(?:;charset="?utf-8"?)?$/i;

function isJson(type: string | undefined): boolean {
  return type !== undefined && type.length <= 128 && JSON_TYPE.test(type.replaceAll(/[ \t]/g, ""));
}

/**
 * Reads a body as text. Throws RL_BODY_TOO_LARGE, RL_BAD_UTF8, or RL_BAD_JSON when the caller hung up.
 * A body that comes too slowly is ended by the server's request timeout (408).
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) {
        request.off("data", onData);
        reject(tooLarge(maxBytes));
      } else if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk);
    };
    request.on("data", onData);
    request.on("end", () => {
      try {
        resolve(first === undefined ? "" : decode(more === undefined ? first : Buffer.concat(more, size)));
      } catch (error) {
        reject(error as RunlogError);
      }
    });
    request.on("error", (error) => reject(new RunlogError("RL_BAD_JSON", "the body was cut off", { cause: error })));
  });
}

/** One byte is one character in ASCII, which is what most bodies are: copied, not decoded. */
function decode(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString("latin1");
  if (!isUtf8(bytes)) throw new RunlogError("RL_BAD_UTF8", "the body is not valid UTF-8");
  return bytes.toString("utf8");
}

function tooLarge(maxBytes: number): RunlogError {
  return new RunlogError("RL_BODY_TOO_LARGE", `the body is larger than ${maxBytes} bytes`);
}
