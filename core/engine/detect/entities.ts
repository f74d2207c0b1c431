import type { EntityType, Family } from "./types.ts";

/** What is known of one built-in entity. */
export interface EntityInfo {
  readonly type: EntityType;
  readonly family: Family;
  readonly defaultOn: boolean;
  readonly description: string;
}

/** Entities of personal data. The position in this list is the entity's number inside the scanner. */
const pii = [
  ["EMAIL_ADDRESS", "on", "e-mail address with a known or plausible top-level domain"],
  ["PHONE_NUMBER", "on", "telephone number, international or national, by shape and context"],
  ["CREDIT_CARD", "on", "payment card number: issuer range, length and Luhn"],
  ["IBAN_CODE", "on", "bank account number: country table and mod 97"],
  ["US_SSN", "on", "US social security number"],
  ["US_ITIN", "on", "US individual taxpayer number"],
  ["IP_ADDRESS", "on", "IPv4 or IPv6 address"],
  ["MAC_ADDRESS", "on", "hardware address of a network interface"],
  ["CRYPTO", "on", "Bitcoin address (base58check, bech32) or Ethereum address"],
  ["URL", "on", "web address that is named as somebody's own, otherwise below the default score"],
  ["UK_NHS", "on", "UK National Health Service number: mod 11 and context"],
  ["UK_NINO", "on", "UK national insurance number"],
  ["ES_NIF", "on", "Spanish tax number of a citizen: check letter"],
  ["ES_NIE", "on", "Spanish number of a foreigner: check letter"],
  ["IT_FISCAL_CODE", "on", "Italian fiscal code: check character"],
  ["PL_PESEL", "on", "Polish PESEL: checksum, birth date and context"],
  ["IN_AADHAAR", "on", "Indian Aadhaar number: Verhoeff"],
  ["IN_PAN", "on", "Indian permanent account number"],
  ["CA_SIN", "on", "Canadian social insurance number: Luhn and context"],
  ["AU_TFN", "on", "Australian tax file number: mod 11 and context"],
  ["AU_MEDICARE", "on", "Australian Medicare number: checksum and context"],
  ["DE_TAX_ID", "on", "German tax identification number: ISO 7064 and context"],
  ["SE_PERSONNUMMER", "on", "Swedish personal number: Luhn and birth date"],
  ["FI_PERSONAL_IDENTITY_CODE", "on", "Finnish personal identity code: check character"],
  ["KR_RRN", "on", "Korean resident registration number: birth date"],
  ["SG_NRIC_FIN", "on", "Singapore NRIC or FIN: check letter, or context"],
  ["TH_TNIN", "on", "Thai national number: checksum and context"],
  ["TR_NATIONAL_ID", "on", "Turkish national number: two checksums and context"],
  ["ZA_ID_NUMBER", "on", "South African identity number: Luhn, birth date and context"],
  ["BR_CPF", "on", "Brazilian taxpayer number of a person: two check digits"],
  ["BR_CNPJ", "on", "Brazilian taxpayer number of a company: two check digits"],
  ["FR_NIR", "on", "French social security number: mod 97"],
  ["NL_BSN", "on", "Dutch citizen service number: eleven test and context"],
  ["BE_NRN", "on", "Belgian national register number: mod 97"],
  ["CN_ID", "on", "Chinese resident identity number: ISO 7064 MOD 11-2 and birth date"],
  ["DATE_TIME", "off", "calendar date"],
  ["US_PASSPORT", "off", "US passport number, only with context"],
  ["US_BANK_NUMBER", "off", "US bank account number, only with context"],
  ["US_DRIVER_LICENSE", "off", "US driver licence number, only with context"],
  ["UK_POSTCODE", "off", "UK postcode"],
  ["PERSON", "off", "a value whose key says that it is a person's name"],
  ["LOCATION", "off", "a value whose key says that it is a postal address"],
] as const;

export type PiiType = (typeof pii)[number][0];

/** Entity number by name; numbers below 64 so that two 32-bit masks hold a set of them. */
export const E = Object.freeze(Object.fromEntries(pii.map(([type], index) => [type, index]))) as Readonly<
  Record<PiiType, number>
>;

export const piiEntities: readonly EntityInfo[] = pii.map(([type, on, description]) =>
  Object.freeze({ type, family: "pii" as const, defaultOn: on === "on", description }),
);
