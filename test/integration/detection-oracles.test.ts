import { compileDetector } from "#engine";
import fc from "fast-check";
import { getCountrySpecifications, isValidIBAN } from "ibantools";
import validator from "validator";
import { describe, expect, it } from "vitest";
import { getExampleNumber, type CountryCode } from "libphonenumber-js";
import examples from "libphonenumber-js/examples.mobile.json";

/** Whether the whole text is found as this entity, at any score. */
function recognizer(type: string): (text: string) => boolean {
  const detector = compileDetector({ family: "pii", entities: [type], minScore: 0.05 });
  return (text) => detector.findAll(text).findings.some(({ start, end }) => start === 0 && end === text.length);
}

const digits = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const day = fc
  .tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map((parts) => parts.map((part) => String(part).padStart(2, "0")));
const letter = fc.stringMatching(/^[A-Z]$/);
const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((all) => all.join(""));
const birth = day.map(([year, month, date]) => `${year}${month}${date}`);
const europeanBirth = day.map(([year, month, date]) => `${date}${month}${year}`);

interface Oracle {
  readonly type: string;
  readonly texts: fc.Arbitrary<string>;
  readonly says: (text: string) => boolean;
  /** Where the oracle says yes and we say no on purpose. */
  readonly exception?: (text: string) => boolean;
  /** Where we say yes and the oracle does not. */
  readonly more?: (text: string) => boolean;
  readonly reason?: string;
}

const oracles: readonly Oracle[] = [
  { type: "PL_PESEL", texts: joined(birth, digits(5)), says: (text) => validator.isIdentityCard(text, "PL") },
  { type: "ES_NIF", texts: joined(digits(8), letter), says: (text) => validator.isIdentityCard(text, "ES") },
  {
    type: "ES_NIE",
    texts: joined(fc.constantFrom("X", "Y", "Z"), digits(7), letter),
    says: (text) => validator.isIdentityCard(text, "ES"),
  },
  {
    type: "FI_PERSONAL_IDENTITY_CODE",
    texts: joined(europeanBirth, fc.constantFrom("-", "A", "+"), digits(3), fc.stringMatching(/^[0-9A-FHJ-NPR-Y]$/)),
    says: (text) => validator.isIdentityCard(text, "FI"),
  },
  {
    type: "CN_ID",
    texts: joined(fc.constant("11010519"), birth, digits(3), fc.stringMatching(/^[0-9X]$/)),
    says: (text) => validator.isIdentityCard(text, "zh-CN"),
  },
  {
    type: "DE_TAX_ID",
    texts: digits(11),
    says: (text) => validator.isTaxID(text, "de-DE"),
    more: (text) => new Set(text.slice(0, 10)).size === 10,
    reason: "ten different digits are not issued, but stand in many examples",
  },
  { type: "BR_CPF", texts: digits(11), says: (text) => validator.isTaxID(text, "pt-BR") },
  { type: "BR_CNPJ", texts: digits(14), says: (text) => validator.isTaxID(text, "pt-BR") },
  { type: "BE_NRN", texts: joined(birth, digits(5)), says: (text) => validator.isTaxID(text, "fr-BE") },
  {
    type: "SE_PERSONNUMMER",
    texts: joined(birth, fc.constant("-"), digits(4)),
    says: (text) => validator.isTaxID(text, "sv-SE"),
  },
  {
    type: "TH_TNIN",
    texts: digits(13),
    says: (text) => validator.isIdentityCard(text, "TH"),
    exception: (text) =>
      !/^[1-8][1-9]/.test(text) || Number(text.slice(1, 3)) > 96 || /^.(2[89]|59|6[89]|7[89]|8[7-9])/.test(text),
    reason: "digits two and three are no province in use",
  },
  {
    type: "IN_AADHAAR",
    texts: digits(12),
    says: (text) => validator.isIdentityCard(text, "IN"),
    exception: (text) => text.startsWith("0") || text.startsWith("1"),
    reason: "Aadhaar numbers begin with 2 to 9",
  },
  {
    type: "NL_BSN",
    texts: digits(9),
    says: (text) => validator.isTaxID(text, "nl-NL"),
    exception: (text) => text.startsWith("00"),
    reason: "no number below ten million is issued",
  },
  {
    type: "CA_SIN",
    texts: digits(9),
    says: (text) => validator.isTaxID(text, "en-CA"),
    exception: (text) => text.startsWith("0") || text.startsWith("8"),
    reason: "0 and 8 are not issued to people",
  },
  {
    type: "IP_ADDRESS",
    texts: fc.array(fc.integer({ min: 0, max: 299 }), { minLength: 4, maxLength: 4 }).map((parts) => parts.join(".")),
    says: (text) => validator.isIP(text, 4),
  },
  {
    type: "IP_ADDRESS",
    texts: fc
      .array(fc.stringMatching(/^[0-9a-f]{1,4}$/), { minLength: 7, maxLength: 9 })
      .map((parts) => parts.join(":")),
    says: (text) => validator.isIP(text, 6),
  },
  {
    type: "MAC_ADDRESS",
    texts: joined(
      ...Array.from({ length: 5 }, () => fc.stringMatching(/^[0-9a-f]{2}:$/)),
      fc.stringMatching(/^[0-9a-f]{2}$/),
    ),
    says: (text) => validator.isMACAddress(text),
    exception: (text) => /^(00:){5}00$|^(ff:){5}ff$/.test(text),
    reason: "broadcast and zero are nobody's",
  },
];

describe("agreement with validator", () => {
  it.each(oracles.map((oracle) => [oracle.type, oracle] as const))(
    "%s",
    (_, { type, texts, says, exception, more }) => {
      const found = recognizer(type);
      fc.assert(
        fc.property(texts, (text) => {
          fc.pre(more?.(text) !== true);
          expect(found(text)).toBe(says(text) && exception?.(text) !== true);
        }),
        { numRuns: 4000, seed: 20_260_901 },
      );
    },
  );

  it("every disagreement has a reason", () => {
    expect(
      oracles.filter(({ exception, more, reason }) => (exception ?? more) !== undefined && reason === undefined),
    ).toEqual([]);
  });

  it("CREDIT_CARD: sixteen digits of the large schemes", () => {
    const found = recognizer("CREDIT_CARD");
    const texts = joined(fc.constantFrom("4", "51", "55", "2221", "2720", "6011", "3528"), digits(15)).map((text) =>
      text.slice(0, 16),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(found(text)).toBe(validator.isCreditCard(text));
      }),
      { numRuns: 4000, seed: 20_260_901 },
    );
  });
});

/** French and Finnish territories are written with FR and FI (ISO 13616 registry); ibantools also takes their own codes. */
const territories: ReadonlySet<string> = new Set("AX BL GF GP MF MQ NC PF PM RE TF WF YT GG IM JE".split(" "));

/** The registry wants letters where ibantools also takes digits (GE, IE, PK, PS, VG), or a digit where it takes a letter (TR). */
const looser: ReadonlySet<string> = new Set("GE IE PK PS VG TR".split(" "));

describe("agreement with ibantools", () => {
  const found = recognizer("IBAN_CODE");
  const checkDigits = (country: string, account: string): string => {
    const number = Array.from(`${account}${country}00`, (char) => Number.parseInt(char, 36)).join("");
    return String(98n - (BigInt(number) % 97n)).padStart(2, "0");
  };
  const countries = Object.entries(getCountrySpecifications()).flatMap(([code, { chars, IBANRegistry }]) =>
    IBANRegistry && chars !== null && !territories.has(code) ? [[code, chars] as const] : [],
  );

  it("knows every country of the registry", () => {
    expect(countries.length).toBeGreaterThan(75);
  });

  it.each(countries)("%s", (code, length) => {
    // Begins as bank codes do; ibantools decides which of them are valid.
    const account = fc
      .tuple(fc.stringMatching(/^(?:[A-Z]{4}|[0-9]{4}|[A-Z][0-9]{3}|[A-Z]{2}[0-9]{2})$/), digits(length - 8))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(account, fc.boolean(), (number, right) => {
        const check = checkDigits(code, number);
        const iban = `${code}${right ? check : String((Number(check) + 1) % 100).padStart(2, "0")}${number}`;
        // Where banks have check digits of their own, ibantools looks at those too; we do not.
        if (!right) expect(found(iban)).toBe(false);
        if (isValidIBAN(iban) && !looser.has(code)) expect(found(iban)).toBe(true);
      }),
      { numRuns: 60, seed: 20_260_901 },
    );
  });
});

describe("Google's example phone numbers (libphonenumber)", () => {
  const phones = compileDetector({ family: "pii", entities: ["PHONE_NUMBER"] });
  // Subscriber numbers of at most six digits are shorter than anything that may count as a phone number without its country's plan.
  const tooShort = (digits: string): boolean => digits.replace(/\D/g, "").length < 7;
  const numbers = Object.keys(examples).map((country) => {
    const number = getExampleNumber(country as CountryCode, examples);
    if (number === undefined) throw new Error(`no example for ${country}`);
    return { country, number };
  });

  it("are found in international notation, of every country but Ascension with its five digits", () => {
    expect(numbers.length).toBeGreaterThan(200);
    const missed = numbers.filter(
      ({ number }) =>
        phones.any(number.number) !== true || phones.any(`call ${number.formatInternational()} now`) !== true,
    );
    expect(missed.map(({ country }) => country)).toEqual(["AC"]);
  });

  it("are found in national notation under a key that says so, unless they are shorter than seven digits", () => {
    const missed = numbers.filter(({ number }) => phones.any({ phone: number.formatNational() }) !== true);
    expect(missed.every(({ number }) => tooShort(number.formatNational()))).toBe(true);
  });
});
