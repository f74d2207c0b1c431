import { card } from "./cards.ts";
import { endsAfter, groupLength, joinedBefore } from "./digit-groups.ts";
import { E, type PiiType } from "./entities.ts";
import type { Context } from "./context.ts";
import { NEGATIVE } from "./context-words.ts";
import * as national from "./national-numbers.ts";
import { type Check } from "./national-numbers.ts";
import { CERTAIN, CONTEXT_BONUS, type Scanner } from "./scanner.ts";

interface Shape {
  readonly entity: number;
  /** Separators between the groups, joined; each entry is one permitted way of writing. */
  readonly separators: readonly string[];
  readonly check: Check;
  /** Score without context. Below 0.5: the number needs a word that names it. */
  readonly base: number;
  readonly rule: string;
  /** A checksum or structure that makes it certain together with context. */
  readonly hard: boolean;
}

interface Written {
  /** Group lengths, as in `3-2-4`. */
  readonly as: string;
  /** Permitted separators; default: all spaces or all hyphens. */
  readonly with?: readonly string[];
  readonly base: number;
}

function shapeKey(lengths: readonly number[]): number {
  return lengths.reduce((key, length) => key * 32 + length, 0);
}

/** A checksum that one number in ten passes is no proof: these need a word unless they are written in their own way. */
const WEAK = 0.3;
/** Passes only when every setting is turned down. */
const VERY_WEAK = 0.1;

/** Every way of writing every number, by the lengths of its groups. */
function build(): ReadonlyMap<number, readonly Shape[]> {
  const shapes = new Map<number, Shape[]>();
  const define = (type: PiiType, check: Check, hard: boolean, ways: readonly Written[]): void => {
    for (const way of ways) {
      const lengths = way.as.split("-").map(Number);
      const gaps = lengths.length - 1;
      const key = shapeKey(lengths);
      const list = shapes.get(key) ?? [];
      const separators = way.with ?? ["-".repeat(gaps), " ".repeat(gaps)];
      list.push({ entity: E[type], separators, check, base: way.base, rule: type.toLowerCase(), hard });
      shapes.set(key, list);
    }
  };
  define("US_SSN", national.usSsn, false, [
    { as: "3-2-4", with: ["--", "  ", ".."], base: 0.5 },
    { as: "9", base: WEAK },
    { as: "3-6", with: ["-"], base: VERY_WEAK },
    { as: "5-4", with: ["-"], base: VERY_WEAK },
  ]);
  define("US_ITIN", national.usItin, false, [
    { as: "3-2-4", with: ["--", "  "], base: 0.5 },
    { as: "9", base: WEAK },
    { as: "3-6", with: ["-"], base: VERY_WEAK },
    { as: "5-4", with: ["-"], base: VERY_WEAK },
  ]);
  define("UK_NHS", national.ukNhs, true, [
    { as: "10", base: WEAK },
    { as: "3-3-4", base: 0.45 },
  ]);
  define("IN_AADHAAR", national.inAadhaar, true, [
    { as: "12", base: WEAK },
    { as: "4-4-4", with: ["  ", "--", "::"], base: 0.6 },
  ]);
  define("CA_SIN", national.caSin, true, [
    { as: "9", base: WEAK },
    { as: "3-3-3", base: 0.45 },
  ]);
  define("AU_TFN", national.auTfn, true, [
    { as: "9", base: WEAK },
    { as: "3-3-3", with: ["  "], base: WEAK },
  ]);
  define("AU_MEDICARE", national.auMedicare, true, [
    { as: "10", base: WEAK },
    { as: "4-5-1", base: 0.55 },
  ]);
  define("DE_TAX_ID", national.deTaxId, true, [
    { as: "11", base: WEAK },
    { as: "2-3-3-3", with: ["   "], base: 0.55 },
  ]);
  define("SE_PERSONNUMMER", national.sePersonnummer10, true, [
    { as: "10", base: WEAK },
    { as: "6-4", with: ["-"], base: 0.7 },
  ]);
  define("SE_PERSONNUMMER", national.sePersonnummer12, true, [
    { as: "12", base: 0.45 },
    { as: "8-4", with: ["-"], base: 0.9 },
  ]);
  define("KR_RRN", national.krRrn, false, [
    { as: "13", base: WEAK },
    { as: "6-7", with: ["-"], base: 0.5 },
  ]);
  define("TH_TNIN", national.thTnin, true, [
    { as: "13", base: WEAK },
    { as: "1-4-5-2-1", base: 0.9 },
  ]);
  define("TR_NATIONAL_ID", national.trNationalId, true, [{ as: "11", base: 0.45 }]);
  define("ZA_ID_NUMBER", national.zaId, true, [{ as: "13", base: 0.45 }]);
  define("PL_PESEL", national.plPesel, true, [{ as: "11", base: 0.45 }]);
  define("BR_CPF", national.brCpf, true, [
    { as: "11", base: 0.45 },
    { as: "3-3-3-2", with: ["..-", "---", "   "], base: 1 },
  ]);
  define("BR_CNPJ", national.brCnpj, true, [
    { as: "14", base: 0.45 },
    { as: "2-3-3-4-2", with: ["../-"], base: 1 },
  ]);
  define("FR_NIR", national.frNir, true, [
    { as: "15", base: 0.45 },
    { as: "1-2-2-2-3-3-2", base: 1 },
    { as: "13-2", base: 0.9 },
  ]);
  define("NL_BSN", national.nlBsn, true, [
    { as: "9", base: WEAK },
    { as: "4-2-3", with: ["  ", ".."], base: WEAK },
  ]);
  define("BE_NRN", national.beNrn, true, [
    { as: "11", base: 0.45 },
    { as: "2-2-2-3-2", with: ["..-.", "-----", "    "], base: 1 },
  ]);
  define("CN_ID", (d) => national.cnId(d, d[17] ?? 0), true, [{ as: "18", base: 1 }]);
  define("US_PASSPORT", () => true, false, [{ as: "9", base: VERY_WEAK + CONTEXT_BONUS / 4 }]);
  define(
    "US_BANK_NUMBER",
    () => true,
    false,
    [8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map((length) => ({ as: String(length), base: VERY_WEAK })),
  );
  return shapes;
}

const shapes = build();

const cardShapes: ReadonlySet<number> = new Set([
  ...[12, 13, 14, 15, 16, 17, 18, 19].map((length) => shapeKey([length])),
  ...[
    [4, 4, 4, 4],
    [4, 6, 5],
    [4, 6, 4],
    [4, 4, 4, 4, 3],
    [4, 4, 4, 4, 2],
    [6, 10],
    [6, 13],
    [8, 8],
    [4, 4, 4, 2],
  ].map(shapeKey),
]);

const LONGEST = 7;
const HYPHEN = 45;
const SPACE = 32;

function uniform(s: Scanner, count: number): boolean {
  const separator = s.separator[1];
  if (count > 1 && separator !== HYPHEN && separator !== SPACE) return false;
  for (let group = 2; group < count; group++) if (s.separator[group] !== separator) return false;
  return true;
}

function isWritten(s: Scanner, shape: Shape): boolean {
  for (const written of shape.separators) if (separatedAs(s, written)) return true;
  return false;
}

/** Whether the groups are separated exactly as `written` says. */
function separatedAs(s: Scanner, written: string): boolean {
  for (let i = 0; i < written.length; i++) if (s.separator[i + 1] !== written.charCodeAt(i)) return false;
  return true;
}

function scoreOf(shape: Shape, context: Context): number {
  // "ssn_hash" is no SSN; "Thai ID" is an identity number all the same.
  const denied = (context.nearest & NEGATIVE) !== 0;
  if (context.supports(shape.entity) && !denied) return shape.hard ? 1 : Math.max(0.4, shape.base + CONTEXT_BONUS);
  return context.nearest === 0 ? shape.base : Math.min(shape.base, shape.base > 0.8 ? 0.6 : WEAK);
}

function weigh(s: Scanner, shape: Shape, count: number): void {
  const end = s.groupEnd[count - 1] ?? 0;
  if ((shape.base < CERTAIN && !s.wants(shape.entity)) || !shape.check(s.digits)) return;
  const test = shape.entity === E.US_SSN && national.isTestSsn(s.digits);
  if (test && s.settings.allowTestValues) return;
  const start = s.groupStart[0] ?? 0;
  s.propose(shape.entity, end, scoreOf(shape, s.around(start, s.groupEnd[s.groups - 1] ?? end)), shape.rule);
}

function tryShapes(s: Scanner, key: number, count: number): void {
  const list = shapes.get(key);
  if (list === undefined) return;
  for (const shape of list) {
    if (isWritten(s, shape)) weigh(s, shape, count);
  }
}

/** Offers every reading of the digit groups as a card or an identity number. */
export function numbers(s: Scanner): void {
  if (joinedBefore(s.text, s.groupStart[0] ?? 0)) return;
  let key = 0;
  const most = Math.min(s.groups, LONGEST);
  for (let count = 1; count <= most; count++) {
    const length = groupLength(s, count - 1);
    if (length > 19) return;
    key = key * 32 + length;
    if (!endsAfter(s, count)) continue;
    if (cardShapes.has(key) && uniform(s, count)) card(s, count);
    tryShapes(s, key, count);
  }
}
