/** SHA-256 (FIPS 180-4) of short inputs: the engine is pure and may not use the platform's. */
const MAX_PRIME = 311;

function primes(): number[] {
  const found: number[] = [];
  for (let n = 2; n <= MAX_PRIME; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 0x1_0000_0000) | 0;
}

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const constants: Readonly<Int32Array> = Int32Array.from(primes().slice(0, 64), (p) => fraction(Math.cbrt(p)));
const initial: Readonly<Int32Array> = Int32Array.from(primes().slice(0, 8), (p) => fraction(Math.sqrt(p)));

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

function expand(w: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const a = w[t - 15] ?? 0;
    const b = w[t - 2] ?? 0;
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    w[t] = ((w[t - 16] ?? 0) + s0 + (w[t - 7] ?? 0) + s1) | 0;
  }
}

interface Round {
  readonly constant: number;
  readonly word: number;
}

/** One round on the eight working variables, held as [a … h]. */
function round(v: Int32Array, { constant, word }: Round): void {
  const [a = 0, b = 0, c = 0] = v;
  const e = v[4] ?? 0;
  const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
  const choice = (e & (v[5] ?? 0)) ^ (~e & (v[6] ?? 0));
  const t1 = ((v[7] ?? 0) + s1 + choice + constant + word) | 0;
  const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
  const majority = (a & b) ^ (a & c) ^ (b & c);
  v.copyWithin(1, 0, 7);
  v[4] = (v[4] ?? 0) + t1;
  v[0] = t1 + s0 + majority;
}

function compress(state: Int32Array, w: Int32Array): void {
  const v = Int32Array.from(state);
  for (let t = 0; t < 64; t++) round(v, { constant: constants[t] ?? 0, word: w[t] ?? 0 });
  for (let i = 0; i < 8; i++) state[i] = (state[i] ?? 0) + (v[i] ?? 0);
}

/** Up to 55 bytes: one block, which is all that address checksums need. */
export function sha256Short(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(64);
  block.set(bytes.subarray(0, 55));
  block[bytes.length] = 0x80;
  const view = new DataView(block.buffer);
  view.setUint32(60, bytes.length * 8);
  const w = new Int32Array(64);
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(t * 4);
  expand(w);
  const state = Int32Array.from(initial);
  compress(state, w);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((value, i) => digest.setInt32(i * 4, value));
  return new Uint8Array(digest.buffer);
}
