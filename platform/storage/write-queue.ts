import type { RunlogError } from "#api";
import type { JobResult } from "./protocol.ts";

/** One write that waits for its commit. */
export interface Waiting {
  readonly job: string;
  readonly body: string;
  readonly bytes: number;
  done(result: JobResult): void;
  fail(error: RunlogError): void;
}

/** What waits for the writer, first come first served, with its size. */
export class WriteQueue {
  private items: Waiting[] = [];
  private waitingBytes = 0;

  get records(): number {
    return this.items.length;
  }
  get bytes(): number {
    return this.waitingBytes;
  }

  push(item: Waiting): void {
    this.items.push(item);
    this.waitingBytes += item.bytes;
  }

  /** The next batch: at most so many writes and bytes, but at least one write. */
  take(maxRecords: number, maxBytes: number): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const item of this.items) {
      if (count >= maxRecords || (count > 0 && bytes + item.bytes > maxBytes)) break;
      count++;
      bytes += item.bytes;
    }
    this.waitingBytes -= bytes;
    if (count < this.items.length) return this.items.splice(0, count);
    const all = this.items;
    this.items = [];
    return all;
  }

  takeAll(): Waiting[] {
    return this.take(Infinity, Infinity);
  }
}

export function bytesOf(items: readonly Waiting[]): number {
  let bytes = 0;
  for (const item of items) bytes += item.bytes;
  return bytes;
}
