import { E, type PiiType } from "./entities.ts";

/** Words that speak for an entity when they stand in its key or near it; lower case, whole words, several languages. */
const positive: Partial<Record<PiiType, string>> = {
  PHONE_NUMBER:
    "phone phones telephone tel tele mobile mobil cell cellphone cellular fax telefax sms whatsapp msisdn gsm handy telefon telefonnummer rufnummer handynummer mobilnummer mobiltelefon téléphone telephones portable numéro teléfono telefono móvil movil celular telefone telemóvel cellulare cel telefoon telefoonnummer telefonnummer puhelin puhelinnumero telefonu komórka 电话 電話 手机 手機 전화 전화번호 휴대폰 携帯 phonenumber phoneno mobilenumber mobileno telno telnumber callback dialled dialed hotline landline voicemail twilio imessage viber",
  CREDIT_CARD:
    "card cards credit debit visa mastercard amex american express discover diners jcb maestro unionpay cc ccn pan cardnumber creditcard cardno kreditkarte kreditkartennummer karte kartennummer carte tarjeta tarjetas cartão cartao carta kort kortnummer luottokortti karta pago bankcard mir rupay checkout 信用卡 신용카드",
  US_SSN: "ssn ssns social socialsecurity socialsecuritynumber ss ssid ssn9 ssa taxpayer tin",
  US_ITIN: "itin itins individual taxpayer tax tin irs",
  IBAN_CODE: "iban bank account konto kontonummer compte cuenta conto bic swift sepa wire transfer",
  IP_ADDRESS:
    "ip ips ipv ipaddress ipaddr address addr client remote host source src dst peer login unspecified gateway subnet",
  MAC_ADDRESS: "mac macs macaddress hardware ethernet physical hwaddr bssid",
  CRYPTO: "wallet bitcoin btc crypto address eth ethereum",
  URL: "website websites homepage blog profile portfolio photo photos picture selfie linkedin facebook instagram twitter tiktok youtube webpage site page webseite página sitio",
  UK_NHS: "nhs health patient hospital gp national",
  UK_NINO: "nino ni national insurance nationalinsurance",
  ES_NIF: "nif dni documento identidad",
  ES_NIE: "nie extranjero identificación",
  IT_FISCAL_CODE: "codice fiscale codicefiscale cf fiscal",
  PL_PESEL: "pesel polish polska numer",
  IN_AADHAAR: "aadhaar aadhar adhaar uidai uid uidnumber आधार",
  IN_PAN: "pan permanent account income",
  CA_SIN: "sin nas social insurance assurance sociale canadian canada cra",
  AU_TFN: "tfn tax file australian ato",
  AU_MEDICARE: "medicare australian",
  DE_TAX_ID: "steuer steuerid steueridentifikationsnummer idnr identifikationsnummer steuernummer tin taxid tax",
  SE_PERSONNUMMER: "personnummer pnr personal identity swedish samordningsnummer person",
  FI_PERSONAL_IDENTITY_CODE: "hetu henkilötunnus henkilotunnus finnish personal identity sotu personbeteckning",
  KR_RRN: "rrn resident registration korean 주민등록번호 주민",
  SG_NRIC_FIN: "nric fin singapore ic",
  TH_TNIN: "thai thailand tnin national เลขประจำตัวประชาชน เลขบัตรประชาชน",
  TR_NATIONAL_ID: "tc tckn kimlik turkish turkey türk kişi vatandaşlık tcno",
  ZA_ID_NUMBER: "african sa rsa za resident refugee zaid idnumber identity",
  BR_CPF: "cpf contribuinte brasil brazil",
  BR_CNPJ: "cnpj empresa brasil brazil",
  FR_NIR: "nir insee sécurité securite sociale sécu secu vitale",
  NL_BSN: "bsn burgerservicenummer sofinummer sofi citizen",
  BE_NRN: "rijksregisternummer rijksregister registre niss nrn insz belgian",
  CN_ID: "身份证 身份证号 resident identity chinese china sfz idcard shenfenzheng",
  DATE_TIME: "dob birth birthday birthdate dateofbirth born geburtsdatum naissance nacimiento nascita",
  US_PASSPORT: "passport passports travel passeport reisepass",
  US_BANK_NUMBER: "bank account checking savings acct deposit",
  US_DRIVER_LICENSE: "driver drivers driving license licence dl dln permit",
  UK_POSTCODE: "postcode postal postcodes",
};

/** Weaker words: enough for a number that already looks like a telephone number. */
const phoneHints =
  "call calls called calling contact reach ring dial dialing answering answer anrufen appeler llamar recipient caller callee";

/** Hints that say nothing about what stands before them: "order number 12" is still about an order. */
const neutralHints = "number numbers nr no num customer sender tenant whats";
/** Hints in running text, but not as the name of a value: `{"text": …}`. */
const proseHints = "text texts texted texting message messages registered";
/** Hints only as the name of a value, `to=…`, or only behind the number, "… office". */
const labelHints = "to from recipients dest destination number";
const afterHints = "office home work direct private";

/** Names of listening addresses. */
const services = "host hosts hostname bind listen listener listening endpoint upstream server proxy";

/** Key names that only wrap a value; the name before them counts. */
const wrappers =
  "value val raw formatted national international e164 content data is are was the my his her their our your new current primary secondary main";

/** Words that say the number is something else. */
const negative =
  "order orders orderid item items ref refs reference references seq sequence ts lat lon lng latitude longitude version versions ver hash token sku isbn ean upc gtin ticket tickets invoice invoices tracking trackingnumber shipment parcel serial pid rss heap inode port ports build builds epoch timestamp time date amount price total qty quantity offset limit bytes size length duration count checksum digest commit sha sha1 sha256 md5 uuid guid trace span request session transaction txn txid product part model batch lot asset device zip reservation booking confirmation flight case issue pr job run step zone page block height width nonce crc thread channel tab tabid node cursor created updated modified expires deadline score rating views likes followers population revenue budget usd eur snapshot revision rev release firmware oid section chapter agenda room kernel driver semver drawing dump seat suite apt apartment unit box flat bug article package parcelid awb bestellnummer auftragsnummer artikelnummer rechnung rechnungsnummer commande facture pedido factura";

/** "id" rules out a telephone or card number, but not a national identity number. */
const identifiers = "id ids identifier identifiers key keys code codes index idx uid pk fk";

export interface WordInfo {
  readonly low: number;
  readonly high: number;
  /** Bits of `flags`. */
  readonly flags: number;
}

export const PHONE_HINT = 1;
export const NEGATIVE = 2;
export const IDENTIFIER = 4;
/** Says nothing by itself; what stands before it decides. */
export const NEUTRAL = 8;
export const LABEL_HINT = 16;
export const AFTER_HINT = 32;
export const SERVICE = 64;
export const PROSE_HINT = 128;

interface MutableInfo {
  low: number;
  high: number;
  flags: number;
}

const flagged: readonly (readonly [string, number])[] = [
  [phoneHints, PHONE_HINT],
  [neutralHints, PHONE_HINT | NEUTRAL],
  [proseHints, PROSE_HINT | NEUTRAL],
  [labelHints, LABEL_HINT | NEUTRAL],
  [afterHints, AFTER_HINT | NEUTRAL],
  [services, SERVICE],
  [wrappers, NEUTRAL],
  [negative, NEGATIVE],
  [identifiers, IDENTIFIER],
];

function build(): ReadonlyMap<string, WordInfo> {
  const words = new Map<string, MutableInfo>();
  const each = (list: string, change: (info: MutableInfo) => void): void => {
    for (const word of list.split(" ")) {
      const info = words.get(word) ?? { low: 0, high: 0, flags: 0 };
      words.set(word, info);
      change(info);
    }
  };
  for (const [type, list] of Object.entries(positive)) each(list, (info) => speakFor(info, E[type as PiiType]));
  for (const [list, flags] of flagged) each(list, (info) => (info.flags |= flags));
  return words;
}

function speakFor(info: MutableInfo, entity: number): void {
  if (entity < 32) info.low |= 1 << entity;
  else info.high |= 1 << (entity - 32);
}

export const contextWords: ReadonlyMap<string, WordInfo> = build();
export const longestContextWord = 32;
