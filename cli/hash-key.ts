import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf, RunlogError } from "#api";

/** Shorter keys could be found by trying. */
const MIN_BYTES = 16;

/**
 * HMAC-SHA256 in hexadecimal with the key in the file, as `redact … as: hash` puts it in place of a value. White space at the end of the file is no
 * part of the key. Undefined without a file. Throws RL_CONFIG.
 */
export async function loadHash(file: string | undefined): Promise<((value: string) => string) | undefined> {
  if (file === undefined) return undefined;
  const key = await readKey(file);
  if (key.length < MIN_BYTES) {
    throw new RunlogError("RL_CONFIG", `${file}: the key has ${key.length} bytes; at least ${MIN_BYTES} are needed`);
  }
  return (value) => createHmac("sha256", key).update(value, "utf8").digest("hex");
}

async function readKey(file: string): Promise<Buffer> {
  try {
    const bytes = await readFile(file);
    let end = bytes.length;
    while (end > 0 && isSpace(bytes[end - 1])) end--;
    return bytes.subarray(0, end);
  } catch (error) {
    throw new RunlogError("RL_CONFIG", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
