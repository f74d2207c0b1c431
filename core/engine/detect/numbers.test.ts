import { describe, expect, it } from "vitest";
import { finder } from "./testing.ts";

const found = finder();

describe("identity numbers", () => {
  it.each([
    ["536-32-1234", "US_SSN 536-32-1234"],
    ["row 372 18 5662", "US_SSN 372 18 5662"],
    ["SSN on file: 536321234", "US_SSN 536321234"],
    ["911-70-1234", "US_ITIN 911-70-1234"],
    ["nhs 943 476 5919", "UK_NHS 943 476 5919"],
    ["AA 12 34 56 B", "UK_NINO AA 12 34 56 B"],
    ["dni 12345678Z", "ES_NIF 12345678Z"],
    ["X9613851N", "ES_NIE X9613851N"],
    ["RSSMRA85T10A562S", "IT_FISCAL_CODE RSSMRA85T10A562S"],
    ["pesel 44051401458", "PL_PESEL 44051401458"],
    ["3123 4567 8909", "IN_AADHAAR 3123 4567 8909"],
    ["ABCPD1234Z", "IN_PAN ABCPD1234Z"],
    ["my SIN is 130-692-544", "CA_SIN 130-692-544"],
    ["tfn 876 543 210", "AU_TFN 876 543 210"],
    ["2123 45670 1", "AU_MEDICARE 2123 45670 1"],
    ["Steuer-ID: 12345678903", "DE_TAX_ID 12345678903"],
    ["871220-2384", "SE_PERSONNUMMER 871220-2384"],
    ["131052-308T", "FI_PERSONAL_IDENTITY_CODE 131052-308T"],
    ["960121-1234567", "KR_RRN 960121-1234567"],
    ["S2740116C", "SG_NRIC_FIN S2740116C"],
    ["Thai ID 1234567890121", "TH_TNIN 1234567890121"],
    ["TC Kimlik No: 10000000146", "TR_NATIONAL_ID 10000000146"],
    ["RSA ID: 8001015009087", "ZA_ID_NUMBER 8001015009087"],
    ["529.982.247-25", "BR_CPF 529.982.247-25"],
    ["11.222.333/0001-81", "BR_CNPJ 11.222.333/0001-81"],
    ["bsn 111222333", "NL_BSN 111222333"],
    ["85.07.30-033.28", "BE_NRN 85.07.30-033.28"],
    ["1 85 05 78 006 084 91", "FR_NIR 1 85 05 78 006 084 91"],
    ["11010519491231002X", "CN_ID 11010519491231002X"],
  ])("%s", (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });
});

describe("numbers that only look like one", () => {
  it.each([
    ["area 000", "000-12-3456"],
    ["area 666", "ssn 666-12-3456"],
    ["group 00", "ssn 123-00-4567"],
    ["serial 0000", "ssn 123-45-0000"],
    ["mixed separators", "693-09.4444"],
    ["nine digits without a word", "536321234"],
    ["wrong Verhoeff", "aadhaar 3123 4567 8908"],
    ["wrong mod 11", "nhs 9434765918"],
    ["wrong check letter", "dni 12345678A"],
    ["no such month", "001332-1234567"],
    ["a part number", "sku 123-45-6789"],
    ["part of a longer code", "123-45-6789-0001"],
    ["CN region", "99010519491231002X"],
  ])("%s: %s", (_, text) => {
    expect(found(text)).toEqual([]);
  });

  it("finds weak ones when a policy names the entity and takes any score", () => {
    const eager = finder({ entities: ["PL_PESEL"], minScore: 0.3 });
    expect(eager("44051401458")).toEqual(["PL_PESEL 44051401458"]);
    expect(eager("44051401459")).toEqual([]);
  });

  it("leaves published test values alone only when asked to", () => {
    expect(found("ssn 123-45-6789")).toEqual(["US_SSN 123-45-6789"]);
    expect(finder({ allowTestValues: true })("ssn 123-45-6789")).toEqual([]);
  });
});
