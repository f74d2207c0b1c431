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

function compress(state: Int32Array, w: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + (w[t] ?? 0)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] = ((state[i] ?? 0) + value) | 0;
  });
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
