const BITS = 2 ** 23;
const HASHES = 4;

/**
 * Remembers that a key was put away, in a megabyte whatever the number of keys: never says no for one that was added less than `ttlMs` ago, and
 * may say yes for one that was not (1 in 500 at half a million keys a generation). A yes only costs a look into the archive.
 */
export class SeenFilter {
  readonly #ttlMs: number;
  #young: Uint32Array | undefined;
  #old: Uint32Array | undefined;
  #since = 0;

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  add(key: string, now: number): void {
    this.#turn(now);
    if (this.#young === undefined) {
      this.#young = new Uint32Array(BITS / 32);
      this.#since = now;
    }
    const [a, b] = hashes(key);
    for (let i = 0; i < HASHES; i++) {
      const bit = (a + Math.imul(b, i)) & (BITS - 1);
      this.#young[bit >>> 5] = (this.#young[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  has(key: string, now: number): boolean {
    this.#turn(now);
    if (this.#young === undefined && this.#old === undefined) return false;
    const hashed = hashes(key);
    return holds(this.#young, hashed) || holds(this.#old, hashed);
  }

  /** Two generations: a key is forgotten after one to two times its time. */
  #turn(now: number): void {
    if (this.#young === undefined && this.#old === undefined) return;
    if (now - this.#since < this.#ttlMs) return;
    this.#old = now - this.#since < 2 * this.#ttlMs ? this.#young : undefined;
    this.#young = undefined;
    this.#since = now;
  }
}

function holds(bits: Uint32Array | undefined, [a, b]: readonly [number, number]): boolean {
  if (bits === undefined) return false;
  for (let i = 0; i < HASHES; i++) {
    const bit = (a + Math.imul(b, i)) & (BITS - 1);
    if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

/** Two FNV-1a hashes of different seeds; the second is made odd so that every step lands elsewhere. */
function hashes(key: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x01000193) ^ (b >>> 15);
  }
  return [a ^ (a >>> 15), b | 1];
}
