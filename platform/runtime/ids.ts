import { randomFillSync } from "node:crypto";
import type { Clock } from "./clock.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_DIGITS = 16;

/** 26 characters, sorted by time: 48 bits of milliseconds, 80 random bits (the layout of a ULID). */
export interface Ids {
  next(): string;
}

/**
 * Ids of one maker strictly increase, also within a millisecond (the random part is counted up) and when the clock steps back.
 * The random part is from the operating system, so that ids of two processes do not meet and cannot be guessed.
 */
export function createIds(clock: Clock): Ids {
  const digits = new Uint8Array(RANDOM_DIGITS);
  let last = -1;
  let prefix = "";
  return {
    next() {
      const now = clock.now();
      if (now > last) {
        last = now;
        prefix = timePart(now);
        randomFillSync(digits);
        for (let i = 0; i < RANDOM_DIGITS; i++) digits[i] = (digits[i] as number) & 31;
      } else if (!countUp(digits)) {
        last++;
        prefix = timePart(last);
      }
      let id = prefix;
      for (const digit of digits) id += ALPHABET[digit] as string;
      return id;
    },
  };
}

function timePart(ms: number): string {
  let rest = ms;
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = (ALPHABET[rest % 32] as string) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** False when it ran over and starts at zero. */
function countUp(digits: Uint8Array): boolean {
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = digits[i] as number;
    if (digit < 31) {
      digits[i] = digit + 1;
      return true;
    }
    digits[i] = 0;
  }
  return false;
}
