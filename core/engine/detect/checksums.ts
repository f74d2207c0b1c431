/** Checksums over digit values (0–9), not characters. `digits[from .. from+length)` is what is checked. */
export type Digits = ArrayLike<number>;

function at(digits: Digits, index: number): number {
  return digits[index] ?? 0;
}

/** ISO/IEC 7812-1 annex B. */
export function luhn(digits: Digits, from: number, length: number): boolean {
  let sum = 0;
  let double = false;
  for (let i = from + length - 1; i >= from; i--) {
    let value = at(digits, i);
    if (double) {
      value *= 2;
      if (value > 9) value -= 9;
    }
    sum += value;
    double = !double;
  }
  return sum % 10 === 0;
}

const verhoeffD = [
  "0123456789",
  "1234067895",
  "2340178956",
  "3401289567",
  "4012395678",
  "5987604321",
  "6598710432",
  "7659821043",
  "8765932104",
  "9876543210",
].map((row) => Array.from(row, Number));
const verhoeffP = [
  "0123456789",
  "1576283094",
  "5803796142",
  "8916043527",
  "9453126870",
  "4286573901",
  "2793806415",
  "7046913258",
].map((row) => Array.from(row, Number));

/** Verhoeff 1969: the dihedral group D5. */
export function verhoeff(digits: Digits, from: number, length: number): boolean {
  let check = 0;
  for (let i = 0; i < length; i++) {
    const permuted = verhoeffP[i % 8]?.[at(digits, from + length - 1 - i)] ?? 0;
    check = verhoeffD[check]?.[permuted] ?? 0;
  }
  return check === 0;
}

export function weighted(digits: Digits, from: number, weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += at(digits, from + i) * (weights[i] ?? 0);
  return sum;
}

/** ISO 7064 MOD 11,10 as German tax numbers use it. */
export function mod11_10(digits: Digits, from: number, length: number): boolean {
  let product = 10;
  for (let i = 0; i < length - 1; i++) {
    const sum = (at(digits, from + i) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === at(digits, from + length - 1);
}

/** The plain weighted mod 11 with descending weights (length … 2) and check digit last; 10 is never valid. */
export function mod11(digits: Digits, from: number, length: number): boolean {
  let sum = 0;
  for (let i = 0; i < length - 1; i++) sum += at(digits, from + i) * (length - i);
  const check = (11 - (sum % 11)) % 11;
  return check === at(digits, from + length - 1);
}

/** ISO 7064 MOD 97-10 over letters and digits, the first four characters moved to the end, as ISO 13616 says. */
export function mod97(characters: string): boolean {
  let rest = 0;
  for (let i = 0; i < characters.length; i++) {
    const code = characters.charCodeAt((i + 4) % characters.length);
    rest = code <= 57 ? (rest * 10 + code - 48) % 97 : (rest * 100 + ((code | 32) - 87)) % 97;
  }
  return rest === 1;
}

export function digitsToNumber(digits: Digits, from: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 10 + at(digits, from + i);
  return value;
}

/** All digits alike: 1111111111 passes many checksums and is nobody's number. */
export function allSame(digits: Digits, from: number, length: number): boolean {
  for (let i = 1; i < length; i++) if (digits[from + i] !== digits[from]) return false;
  return true;
}
