import { allSame, luhn } from "./checksums.ts";
import type { Context } from "./context.ts";
import { E } from "./entities.ts";
import { CONTEXT_BONUS, type Scanner } from "./scanner.ts";

const always = 1;
/** Not without a word such as "card": too many other numbers look like this. */
const withContext = 2;
type Need = typeof always | typeof withContext;

interface Issuer {
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
  readonly need: Need;
}

function issuer(range: string, lengths: readonly number[], need: Need = always): Issuer {
  const [from = "", to = from] = range.split("-");
  return { from: Number(from.padEnd(6, "0")), to: Number(to.padEnd(6, "9")), lengths, need };
}

/** ISO/IEC 7812 issuer ranges by their first six digits, from the schemes' published ranges. The first that fits counts. */
const issuers: readonly Issuer[] = [
  issuer("4", [16]),
  issuer("4", [13, 18, 19], withContext),
  issuer("51-55", [16]),
  issuer("222100-272099", [16]),
  issuer("34", [15]),
  issuer("37", [15]),
  issuer("30", [14]),
  issuer("36", [14]),
  issuer("38-39", [14]),
  issuer("30", [16], withContext),
  issuer("36", [16], withContext),
  issuer("38-39", [16], withContext),
  issuer("3528-3589", [16]),
  issuer("3528-3589", [17, 18, 19], withContext),
  issuer("2131", [15]),
  issuer("1800", [15]),
  issuer("6011", [16]),
  issuer("644-649", [16]),
  issuer("65", [16]),
  issuer("60", [16]),
  issuer("62", [16]),
  issuer("62", [17, 18, 19], withContext),
  issuer("81", [16]),
  issuer("2200-2204", [16]),
  issuer("9792", [16]),
  issuer("5018", [16]),
  issuer("5019", [16]),
  issuer("5020", [16]),
  issuer("50", [16]),
  issuer("56-58", [16]),
  issuer("6304", [16]),
  issuer("67", [16]),
  issuer("50", [12, 13, 14, 15, 17, 18, 19], withContext),
  issuer("56-58", [12, 13, 14, 15, 17, 18, 19], withContext),
  issuer("6304", [12, 13, 14, 15, 17, 18, 19], withContext),
  issuer("67", [12, 13, 14, 15, 17, 18, 19], withContext),
  issuer("1", [15]),
];

/** Numbers the schemes and processors publish for tests. */
const testNumbers: ReadonlySet<string> = new Set([
  "4111111111111111",
  "4012888888881881",
  "4242424242424242",
  "4000056655665556",
  "5555555555554444",
  "5105105105105100",
  "5200828282828210",
  "2223003122003222",
  "378282246310005",
  "371449635398431",
  "6011111111111117",
  "6011000990139424",
  "30569309025904",
  "38520000023237",
  "3056930009020004",
  "3530111333300000",
  "3566002020360505",
  "4222222222222",
  "4000000000000002",
]);

function isTestCard(s: Scanner, length: number): boolean {
  return testNumbers.has(s.digits.subarray(0, length).join(""));
}

function needOf(s: Scanner, length: number): Need | 0 {
  let head = 0;
  for (let i = 0; i < 6; i++) head = head * 10 + (s.digits[i] ?? 0);
  for (const { from, to, lengths, need } of issuers) {
    if (head >= from && head <= to && lengths.includes(length)) return need;
  }
  return 0;
}

/** The first `count` groups as a card number; more than one are in a card's own grouping. */
export function card(s: Scanner, count: number): void {
  const length = s.groupDigits[count] ?? 0;
  const need = luhn(s.digits, 0, length) ? needOf(s, length) : 0;
  if (need === 0 || isNobody(s, length)) return;
  const end = s.groupEnd[count - 1] ?? 0;
  const sure = isSure(s.around(s.groupStart[0] ?? 0, end), need, count > 1);
  s.propose(E.CREDIT_CARD, end, sure ? 1 : CONTEXT_BONUS, sure ? "luhn" : "luhn-unlikely");
}

function isNobody(s: Scanner, length: number): boolean {
  return allSame(s.digits, 0, length) || (s.settings.allowTestValues && isTestCard(s, length));
}

/** An identifier of sixteen digits passes Luhn one time in ten: what it is called decides. */
function isSure(context: Context, need: Need, grouped: boolean): boolean {
  const free = context.nearest === 0;
  if (context.supports(E.CREDIT_CARD) && free) return true;
  return need === always && (grouped || free);
}
