/**
 * Numbers are compared as the decimals they were written as. A JavaScript number stands for the shortest decimal that denotes it,
 * so that number against number is a plain comparison; what no double holds exactly is a coefficient and a power of ten.
 */
export interface BigDecimal {
  /** Never divisible by ten. */
  readonly coefficient: bigint;
  readonly exponent: number;
}
export type Numeric = number | BigDecimal;

/** Longer texts and larger powers of ten are refused by `parseDecimal`: comparing them could cost more than the review is worth. */
export const MAX_DECIMAL_LENGTH = 128;
export const MAX_DECIMAL_EXPONENT = 400;

/** Digits without zeros at either end ("" is zero), sign and power of ten: one form for every spelling of a number. */
interface Normal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

// Each character can only be read in one way, so the match is linear.
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?)(\d+))?$/;
const PLAIN = /^-?\d{1,15}$/;
/** At most fifteen digits: the nearest double stands for exactly this decimal. */
const SHORT = /^-?\d{1,8}\.\d{1,7}$/;
const ZERO_CODE = 0x30;

function normalize(text: string): Normal | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", powerSign, power = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const exponent = Number(power) * (powerSign === "-" ? -1 : 1) - fraction.length;
  return stripped(whole + fraction, exponent, sign === "-");
}

function stripped(all: string, exponent: number, negative: boolean): Normal {
  let start = 0;
  while (start < all.length && all.charCodeAt(start) === ZERO_CODE) start++;
  if (start === all.length) return { negative: false, digits: "", exponent: 0 };
  let end = all.length;
  while (all.charCodeAt(end - 1) === ZERO_CODE) end--;
  return { negative, digits: all.slice(start, end), exponent: exponent + (all.length - end) };
}

function fromNormal(normal: Normal): Numeric {
  if (normal.digits === "") return 0;
  const sign = normal.negative ? "-" : "";
  const nearest = Number(`${sign}${normal.digits}e${normal.exponent}`);
  if (normal.digits.length <= 15 && Math.abs(normal.exponent) < 280) return nearest;
  if (Number.isFinite(nearest)) {
    const written = normalize(String(nearest));
    if (written?.digits === normal.digits && written.exponent === normal.exponent) return nearest;
  }
  return { coefficient: BigInt(sign + normal.digits), exponent: normal.exponent };
}

/**
 * The value of a decimal such as `5`, `-0.50` or `1e9`; undefined when the text is none (blanks, separators, hex and currency signs are none)
 * or is beyond the limits above.
 */
export function parseDecimal(text: string): Numeric | undefined {
  if (PLAIN.test(text) || SHORT.test(text)) return Number(text) + 0;
  if (text.length > MAX_DECIMAL_LENGTH) return undefined;
  const normal = normalize(text);
  if (normal === undefined || Math.abs(normal.exponent) > MAX_DECIMAL_EXPONENT) return undefined;
  return fromNormal(normal);
}

/** A decimal times a power of ten, exactly: `100.005` USD is 100 005 000 micro-dollars. */
export function scaleDecimal(value: Numeric, power: number): Numeric {
  const { coefficient, exponent } = toBig(value);
  const normal = normalize(`${coefficient}e${exponent + power}`);
  return normal === undefined ? value : fromNormal(normal);
}

function toBig(value: Numeric): BigDecimal {
  if (typeof value !== "number") return value;
  const normal = normalize(String(value));
  if (normal === undefined || normal.digits === "") return { coefficient: 0n, exponent: 0 };
  return { coefficient: BigInt((normal.negative ? "-" : "") + normal.digits), exponent: normal.exponent };
}

/** Negative, zero or positive, as the first is smaller, equal or larger. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  const left = toBig(a);
  const right = toBig(b);
  const shared = Math.min(left.exponent, right.exponent);
  const difference =
    left.coefficient * 10n ** BigInt(left.exponent - shared) -
    right.coefficient * 10n ** BigInt(right.exponent - shared);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * A key that is equal for equal decimals, however long: the number itself when a double holds it, else a text.
 * Undefined when the text is no decimal. Linear in the text.
 */
export function decimalKey(text: string): number | string | undefined {
  if (PLAIN.test(text) || SHORT.test(text)) return Number(text) + 0;
  const normal = normalize(text);
  if (normal === undefined) return undefined;
  const value =
    normal.digits.length <= 40 && Math.abs(normal.exponent) <= MAX_DECIMAL_EXPONENT ? fromNormal(normal) : 0;
  if (typeof value === "number" && (value !== 0 || normal.digits === "")) return value;
  return `${normal.negative ? "-" : ""}${normal.digits}e${normal.exponent}`;
}

/** The same key for a value that was parsed before. */
export function numericKey(value: Numeric): number | string {
  return typeof value === "number" ? value + 0 : `${value.coefficient}e${value.exponent}`;
}

/** The shortest plain spelling, for messages and printing. */
export function formatNumeric(value: Numeric): string {
  return typeof value === "number" ? String(value) : `${value.coefficient}e${value.exponent}`;
}
