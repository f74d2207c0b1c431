import { allSame, type Digits, digitsToNumber, luhn, mod11, mod11_10, verhoeff, weighted } from "./checksums.ts";
import { isCalendarDay } from "./dates.ts";

/** Whether `digits[0 .. length)` can be such a number; each function names its source. */
export type Check = (digits: Digits) => boolean;

function at(digits: Digits, index: number): number {
  return digits[index] ?? 0;
}

function two(digits: Digits, index: number): number {
  return at(digits, index) * 10 + at(digits, index + 1);
}

function three(digits: Digits, index: number): number {
  return two(digits, index) * 10 + at(digits, index + 2);
}

/** US SSA: area 001–899 without 666, group and serial not zero; 078-05-1120 and 219-09-9999 were withdrawn after being printed in advertisements. */
export const usSsn: Check = (d) => {
  const area = three(d, 0);
  if (area === 0 || area === 666 || area >= 900 || two(d, 3) === 0) return false;
  const serial = digitsToNumber(d, 5, 4);
  if (serial === 0 || allSame(d, 0, 9)) return false;
  return !(area === 219 && serial === 9999 && two(d, 3) === 9);
};

/** 078-05-1120 is the best known; 123-45-6789 the one everybody types. */
export const isTestSsn: Check = (d) => {
  const value = digitsToNumber(d, 0, 9);
  return value === 123456789 || value === 78051120 || value === 987654321;
};

/** IRS: 9xx with a group of 50–65, 70–88, 90–92 or 94–99. */
export const usItin: Check = (d) => {
  const group = two(d, 3);
  if (at(d, 0) !== 9) return false;
  return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93);
};

/** NHS Data Dictionary: mod 11 with weights 10…2. */
export const ukNhs: Check = (d) => !allSame(d, 0, 10) && mod11(d, 0, 10);

/** UIDAI: twelve digits, first 2–9, Verhoeff. */
export const inAadhaar: Check = (d) => at(d, 0) >= 2 && verhoeff(d, 0, 12) && !isPalindrome(d, 12);

function isPalindrome(d: Digits, length: number): boolean {
  for (let i = 0; i < length / 2; i++) if (d[i] !== d[length - 1 - i]) return false;
  return true;
}

/** Service Canada: Luhn; 0 and 8 are not issued. */
export const caSin: Check = (d) => at(d, 0) !== 0 && at(d, 0) !== 8 && !allSame(d, 0, 9) && luhn(d, 0, 9);

const tfnWeights = [1, 4, 3, 7, 5, 8, 6, 9, 10];
/** ATO: weighted sum divisible by eleven. */
export const auTfn: Check = (d) => !allSame(d, 0, 9) && weighted(d, 0, tfnWeights) % 11 === 0;

const medicareWeights = [1, 3, 7, 9, 1, 3, 7, 9];
/** Services Australia: first digit 2–6, ninth digit is the weighted sum mod ten. */
export const auMedicare: Check = (d) =>
  at(d, 0) >= 2 && at(d, 0) <= 6 && weighted(d, 0, medicareWeights) % 10 === at(d, 8);

/** BZSt: ISO 7064 MOD 11,10; among the first ten digits one occurs twice or three times (not three in a row), or all differ in old test numbers. */
export const deTaxId: Check = (d) => at(d, 0) !== 0 && mod11_10(d, 0, 11) && plausibleRepeats(d);

function plausibleRepeats(d: Digits): boolean {
  const counts = new Uint8Array(10);
  for (let i = 0; i < 10; i++) counts[at(d, i)] = (counts[at(d, i)] ?? 0) + 1;
  const repeated = counts.filter((count) => count > 1);
  if (repeated.length > 1 || (repeated[0] ?? 0) > 3) return false;
  for (let i = 2; i < 10; i++) if (d[i] === d[i - 1] && d[i] === d[i - 2]) return false;
  return true;
}

function swedish(d: Digits, from: number): boolean {
  const day = two(d, from + 4) > 60 ? two(d, from + 4) - 60 : two(d, from + 4);
  return isCalendarDay(two(d, from), two(d, from + 2), day) && luhn(d, from, 10);
}
/** Skatteverket: date of birth (day + 60 for coordination numbers) and Luhn over the last ten digits. */
export const sePersonnummer10: Check = (d) => swedish(d, 0);
export const sePersonnummer12: Check = (d) => two(d, 0) >= 18 && two(d, 0) <= 20 && swedish(d, 2);

/** Korean RRN: date of birth and century digit; no checksum since October 2020. */
export const krRrn: Check = (d) => at(d, 6) >= 1 && at(d, 6) <= 4 && isCalendarDay(two(d, 0), two(d, 2), two(d, 4));

/** Thai DOPA: first digit 1–8, province code in use, weights 13…2 mod eleven. */
export const thTnin: Check = (d) => {
  const province = two(d, 1);
  const region = Math.floor(province / 10);
  if (at(d, 0) === 0 || at(d, 0) === 9 || allSame(d, 0, 13) || region === 0 || province > 96) return false;
  if ((region === 2 && province > 27) || [28, 29, 59, 68, 69, 78, 79, 87, 88, 89].includes(province)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += at(d, i) * (13 - i);
  return (11 - (sum % 11)) % 10 === at(d, 12);
};

/** Turkish NVI: tenth digit from odd and even sums, eleventh is the sum of the first ten. */
export const trNationalId: Check = (d) => {
  if (at(d, 0) === 0) return false;
  let odd = 0;
  let even = 0;
  for (let i = 0; i < 9; i++) {
    if (i % 2 === 0) odd += at(d, i);
    else even += at(d, i);
  }
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === at(d, 9) && (odd + even + tenth) % 10 === at(d, 10);
};

/** South African DHA: date of birth, citizenship 0–2, Luhn. */
export const zaId: Check = (d) =>
  at(d, 10) <= 2 && at(d, 11) >= 8 && isCalendarDay(two(d, 0), two(d, 2), two(d, 4)) && luhn(d, 0, 13);

const peselWeights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3];
/** Polish PESEL: date of birth (the month carries the century) and weighted sum. */
export const plPesel: Check = (d) => {
  const month = two(d, 2) % 20;
  return isCalendarDay(two(d, 0), month, two(d, 4)) && (10 - (weighted(d, 0, peselWeights) % 10)) % 10 === at(d, 10);
};

function brazilDigit(d: Digits, count: number, first: number): number {
  let weight = first;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += at(d, i) * weight;
    weight = weight === 2 ? 9 : weight - 1;
  }
  const rest = sum % 11;
  return rest < 2 ? 0 : 11 - rest;
}

function cpfDigit(d: Digits, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += at(d, i) * (count + 1 - i);
  const rest = (sum * 10) % 11;
  return rest === 10 ? 0 : rest;
}
/** Receita Federal: two check digits mod eleven. */
export const brCpf: Check = (d) => !allSame(d, 0, 11) && cpfDigit(d, 9) === at(d, 9) && cpfDigit(d, 10) === at(d, 10);
export const brCnpj: Check = (d) =>
  !allSame(d, 0, 14) && brazilDigit(d, 12, 5) === at(d, 12) && brazilDigit(d, 13, 6) === at(d, 13);

/** INSEE: sex, month of birth and 97 − (number mod 97). Corsican departments with letters are not read. */
export const frNir: Check = (d) => {
  const month = two(d, 3);
  if (at(d, 0) === 0 || at(d, 0) > 4 || month === 0 || (month > 12 && month < 20)) return false;
  return 97 - (digitsToNumber(d, 0, 13) % 97) === two(d, 13);
};

/** Dutch eleven test: weights 9…2 and −1. */
export const nlBsn: Check = (d) => {
  if (allSame(d, 0, 9)) return false;
  let sum = -at(d, 8);
  for (let i = 0; i < 8; i++) sum += at(d, i) * (9 - i);
  return sum % 11 === 0 && digitsToNumber(d, 0, 9) > 9_999_999;
};

/** Belgian Rijksregister: 97 − (first nine mod 97), a 2 in front for births since 2000. */
export const beNrn: Check = (d) => {
  if (!isCalendarDay(two(d, 0), two(d, 2), two(d, 4))) return false;
  const base = digitsToNumber(d, 0, 9);
  const check = two(d, 9);
  return 97 - (base % 97) === check || 97 - ((base + 2_000_000_000) % 97) === check;
};

/** GB 11643: region, date of birth, ISO 7064 MOD 11-2; `last` is 10 for X. */
export function cnId(d: Digits, last: number): boolean {
  const region = two(d, 0);
  const year = digitsToNumber(d, 6, 4);
  if (region < 11 || region > 82 || year < 1900 || year > 2099 || !isCalendarDay(year, two(d, 10), two(d, 12)))
    return false;
  let product = 0;
  for (let i = 0; i < 17; i++) product = ((product + at(d, i)) * 2) % 11;
  return (12 - product) % 11 === last;
}
