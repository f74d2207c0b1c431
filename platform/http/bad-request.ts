import type { Duplex } from "node:stream";

/** What cannot be read as HTTP at all, or came too slowly, is answered in the barest form and closed. */
const answers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

export function answerBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  const code = error.code ?? "";
  const malformed = code.startsWith("HPE_") || code in answers;
  if (malformed && socket.writable) {
    const status = answers[code] ?? "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    // A peer that goes on sending is not waited for.
    socket.once("finish", () => socket.destroy());
  } else socket.destroy(error);
}
