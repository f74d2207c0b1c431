import { isHex } from "./chars.ts";
import { E } from "./entities.ts";
import { MAX_HASHES, type Scanner } from "./scanner.ts";
import { sha256Short } from "./sha256.ts";

const base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/** BIP 173 and BIP 350. */
const bech32Constant = 1;
const bech32mConstant = 0x2bc830a3;

/** 25 bytes of a base58 number, or undefined. */
function base58Bytes(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(25);
  for (let i = 0; i < token.length; i++) {
    let carry = base58Digits.indexOf(token.charAt(i));
    if (carry < 0) return undefined;
    for (let k = 24; k >= 0; k--) {
      carry += (bytes[k] ?? 0) * 58;
      bytes[k] = carry & 255;
      carry >>= 8;
    }
    if (carry > 0) return undefined;
  }
  return bytes;
}

function base58Check(token: string): boolean {
  const bytes = base58Bytes(token);
  if (bytes === undefined || (bytes[0] !== 0 && bytes[0] !== 5)) return false;
  const digest = sha256Short(sha256Short(bytes.subarray(0, 21)));
  for (let i = 0; i < 4; i++) if (digest[i] !== bytes[21 + i]) return false;
  return true;
}

const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function polymodStep(checksum: number, value: number): number {
  const top = checksum >>> 25;
  let next = ((checksum & 0x1ffffff) << 5) ^ value;
  for (let i = 0; i < 5; i++) if ((top >>> i) & 1) next ^= generators[i] ?? 0;
  return next >>> 0;
}

function bech32(token: string): boolean {
  const lower = token.toLowerCase();
  if (lower !== token && token.toUpperCase() !== token) return false;
  let checksum = 1;
  for (const value of [3, 3, 0, 2, 3]) checksum = polymodStep(checksum, value);
  for (let i = 3; i < lower.length; i++) {
    const value = bech32Digits.indexOf(lower.charAt(i));
    if (value < 0) return false;
    checksum = polymodStep(checksum, value);
  }
  return checksum === bech32Constant || checksum === bech32mConstant;
}

function isEthereum(text: string, start: number, end: number): boolean {
  if (end - start !== 42 || text.charCodeAt(start) !== 48 || (text.charCodeAt(start + 1) | 32) !== 120) return false;
  for (let i = start + 2; i < end; i++) if (!isHex(text.charCodeAt(i))) return false;
  return true;
}

function isBech32(s: Scanner, start: number, end: number): boolean {
  const length = end - start;
  if (length < 14 || length > 74 || s.text.slice(start, start + 3).toLowerCase() !== "bc1") return false;
  return bech32(s.text.slice(start, end));
}

/** Hex digests have none; an address without one does not occur. */
function hasCapital(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) >= 65 && text.charCodeAt(i) <= 90) return true;
  return false;
}

function isBase58(s: Scanner, start: number, end: number): boolean {
  const length = end - start;
  const first = s.text.charCodeAt(start);
  if (length < 26 || length > 35 || (first !== 49 && first !== 51) || !hasCapital(s.text, start, end)) return false;
  s.hashes++;
  if (s.hashes > MAX_HASHES) s.truncated = true;
  return s.hashes <= MAX_HASHES && base58Check(s.text.slice(start, end));
}

function holds(s: Scanner, start: number, end: number): string {
  if (isBech32(s, start, end)) return "bech32";
  return isBase58(s, start, end) ? "base58check" : "";
}

/** A token that is a Bitcoin or Ethereum address; whether it is one. */
export function cryptoAddress(s: Scanner, start: number, end: number): boolean {
  if (isEthereum(s.text, start, end)) {
    s.add(E.CRYPTO, { start, end, score: 0.6, rule: "ethereum" });
    return true;
  }
  const rule = holds(s, start, end);
  if (rule === "") return false;
  s.add(E.CRYPTO, { start, end, score: 1, rule });
  return true;
}
