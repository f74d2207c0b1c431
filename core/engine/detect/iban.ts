import { isAlnum, isAsciiLetter, isDigit, isWord } from "./chars.ts";
import { mod97 } from "./checksums.ts";
import { E } from "./entities.ts";
import type { Scanner } from "./scanner.ts";

/** SWIFT IBAN registry: country, then the account part as runs of n (digits), a (letters) and c (either). */
const registry =
  "AD:8n12c AE:19n AL:8n16c AT:16n AZ:4a20c BA:16n BE:12n BG:4a6n8c BH:4a14c BI:23n BR:23n1a1c BY:4c4n16c CH:5n12c CR:18n CY:8n16c CZ:20n DE:18n DJ:23n DK:14n " +
  "DO:4c20n EE:16n EG:25n ES:20n FI:14n FK:2a12n FO:14n FR:10n11c2n GB:4a14n GE:2a16n GI:4a15c GL:14n GR:7n16c GT:4c20c HN:4a20n HR:17n HU:24n IE:4a14n IL:19n " +
  "IQ:4a15n IS:22n IT:1a10n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c LI:5n12c LT:16n LU:3n13c LV:4a13c LY:21n MC:10n11c2n MD:2c18c ME:18n MK:3n10c2n " +
  "MN:16n MR:23n MT:4a5n18c MU:4a19n3a NI:4a20n NL:4a10n NO:11n OM:3n16c PK:4a16c PL:24n PS:4a21c PT:21n QA:4a21c RO:4a16c RS:18n RU:14n15c SA:2n18c SC:4a20n3a " +
  "SD:14n SE:20n SI:15n SK:20n SM:1a10n12c SO:19n ST:21n SV:4a20n TL:19n TN:20n TR:6n16c UA:6n19c VA:18n VG:4a16n XK:16n YE:4a4n18c DZ:22n AO:21n BJ:2c22n BF:2c22n CM:23n " +
  "CV:21n CI:2a22n GA:23n IR:22n MG:23n ML:2c22n MZ:21n SN:2a22n GQ:23n CF:23n TD:23n CG:23n KM:23n GW:2c19n MA:24n NE:2a22n TG:2a22n";

interface Run {
  readonly length: number;
  readonly kind: string;
}

interface Country {
  readonly length: number;
  readonly runs: readonly Run[];
}

const countries: ReadonlyMap<string, Country> = new Map(
  registry.split(" ").map((entry) => {
    const [code = "", pattern = ""] = entry.split(":");
    const runs = Array.from(pattern.matchAll(/(\d+)([nac])/g), ([, length, kind]) => ({
      length: Number(length),
      kind: kind ?? "c",
    }));
    return [code, { length: 4 + runs.reduce((sum, run) => sum + run.length, 0), runs }];
  }),
);

/** Lengths per country, for tests that compare with other sources. */
export function ibanLength(country: string): number | undefined {
  return countries.get(country)?.length;
}

function fits(code: number, kind: string): boolean {
  if (kind === "n") return isDigit(code);
  return kind === "a" ? isAsciiLetter(code) : isAlnum(code);
}

function followsPattern(iban: string, country: Country): boolean {
  let at = 4;
  for (const { length, kind } of country.runs) {
    for (const end = at + length; at < end; at++) if (!fits(iban.charCodeAt(at), kind)) return false;
  }
  return true;
}

function isMixedCase(iban: string): boolean {
  return iban !== iban.toUpperCase() && iban !== iban.toLowerCase();
}

/** Letters and digits from `start` on, with single spaces or hyphens between groups, `length` in all; where they end, or −1. */
function spread(text: string, start: number, length: number): number {
  let i = start;
  for (let count = 0; count < length; count++) {
    const code = text.charCodeAt(i);
    if (count > 0 && (code === 32 || code === 45)) i++;
    if (!isAlnum(text.charCodeAt(i))) return -1;
    i++;
  }
  return isWord(text.charCodeAt(i)) ? -1 : i;
}

function isValid(compact: string, country: Country): boolean {
  return followsPattern(compact, country) && !isMixedCase(compact) && mod97(compact);
}

/** The IBAN that begins at `start`; where it ends, or −1. */
export function iban(s: Scanner, start: number): number {
  const { text } = s;
  const country = countries.get(text.slice(start, start + 2).toUpperCase());
  if (country === undefined) return -1;
  const end = spread(text, start, country.length);
  if (end < 0 || !isValid(text.slice(start, end).replaceAll(/[ -]/g, ""), country)) return -1;
  s.add(E.IBAN_CODE, { start, end, score: 1, rule: "mod97" });
  return end;
}

/** Two letters and two digits: worth a closer look. */
export function startsLikeIban(text: string, start: number): boolean {
  return (
    isAsciiLetter(text.charCodeAt(start)) &&
    isAsciiLetter(text.charCodeAt(start + 1)) &&
    isDigit(text.charCodeAt(start + 2)) &&
    isDigit(text.charCodeAt(start + 3))
  );
}
