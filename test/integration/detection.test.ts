import { compileDetector, entityTypes } from "#engine";
import { describe, expect, it } from "vitest";
import { dataFolder, readJsonLines } from "../../bench/detect/data.ts";
import { flaggedArguments, type RunLine } from "../../bench/detect/runs.ts";
import {
  f1,
  type LabelledText,
  precision,
  type RecognizerCase,
  scoreCases,
  scoreTexts,
} from "../../bench/detect/score.ts";

const folder = dataFolder();
const texts = (name: string): LabelledText[] => readJsonLines<LabelledText>(folder ?? "", `detection/${name}.jsonl`);
const noCounts = { found: 0, wrong: 0, missed: 0 };

const needsWord = "bare digits that one random number in ten would pass: a word or key must name them";
const guess = "no checksum and no word: a product code looks the same";

/** Positive cases that are not found by default, by case number, and why. A change here is a decision, not an accident. */
const acceptedMisses: Readonly<Record<string, { readonly cases: readonly number[]; readonly because: string }>> = {
  AU_MEDICARE: { cases: [26], because: needsWord },
  AU_TFN: { cases: [32, 33], because: needsWord },
  CA_SIN: { cases: [40, 41, 42, 43, 44, 45, 46], because: needsWord },
  DE_TAX_ID: { cases: [347, 348, 350, 358, 359], because: needsWord },
  ES_NIF: { cases: [464, 465, 467, 468], because: "seven digits or a small letter: needs a word" },
  FI_PERSONAL_IDENTITY_CODE: { cases: [495], because: "glued to the word before it" },
  IN_AADHAAR: { cases: [861, 862, 870, 871], because: "bare, or with colons between the groups" },
  IN_PAN: {
    cases: [925, 927, 928],
    because: "fourth letter is no holder type, or letters and digits in no order in use",
  },
  IP_ADDRESS: { cases: [1030], because: "five dotted parts are a version or an object identifier" },
  IT_FISCAL_CODE: { cases: [1078, 1081], because: "wrong check character and no word" },
  KR_RRN: { cases: [1163, 1165, 1168, 1170], because: "bare digits without checksum: needs a word" },
  PHONE_NUMBER: { cases: [1304, 1306], because: "glued to the word before it; 91-415-… is one number, not two" },
  PL_PESEL: { cases: [1317, 1319, 1320], because: needsWord },
  SE_PERSONNUMMER: {
    cases: [1346, 1348, 1349, 1353, 1354, 1356, 1358],
    because: "bare: twelve digits from 18 to 20 are also a time stamp",
  },
  SG_NRIC_FIN: {
    cases: [1365, 1367, 1368, 1371, 1372],
    because: "wrong check letter, or a series that does not exist",
  },
  TH_TNIN: { cases: [1411, 1412, 1413, 1414, 1415, 1416, 1417, 1418], because: needsWord },
  TR_NATIONAL_ID: { cases: [1468, 1469, 1470, 1471, 1472, 1473, 1474], because: needsWord },
  UK_NHS: { cases: [1555, 1556, 1557], because: "without a word three-three-four digits are a telephone number" },
  URL: {
    cases: Array.from({ length: 13 }, (_, i) => 1632 + i),
    because: "a link is personal only where the text says whose it is; all links: min_score 0.4",
  },
  US_ITIN: { cases: [1655, 1656], because: guess },
  US_SSN: { cases: [1699, 1700], because: "nine bare digits, or grouped in no way in use" },
  ZA_ID_NUMBER: { cases: [1712, 1713, 1727, 1728, 1729, 1730, 1731, 1732], because: needsWord },
};

describe.skipIf(folder === undefined)("labelled texts (RUNLOG_TEST_DATA or ../shared/data)", () => {
  it("prose: F1 of at least 0.97, telephone 0.93, cards 0.97", () => {
    const score = scoreTexts(texts("prose"));
    expect(f1(score.total)).toBeGreaterThanOrEqual(0.97);
    expect(f1(score.perType.get("PHONE_NUMBER") ?? noCounts)).toBeGreaterThanOrEqual(0.93);
    expect(f1(score.perType.get("CREDIT_CARD") ?? noCounts)).toBeGreaterThanOrEqual(0.97);
    expect(score.mistakes).toEqual([]);
  });

  it("tool calls: F1 of at least 0.96, precision 0.98, at most one clean document in a hundred flagged", () => {
    const score = scoreTexts(texts("tool-calls"));
    expect(f1(score.total)).toBeGreaterThanOrEqual(0.96);
    expect(precision(score.total)).toBeGreaterThanOrEqual(0.98);
    expect(score.cleanFlagged / score.cleanTexts).toBeLessThanOrEqual(0.01);
    expect(score.mistakes).toEqual([]);
  });
});

describe.skipIf(folder === undefined)("single cases (RUNLOG_TEST_DATA or ../shared/data)", () => {
  const cases = folder === undefined ? [] : readJsonLines<RecognizerCase>(folder, "detection/recognizer-cases.jsonl");

  it.each([
    ["IBAN_CODE", 157],
    ["IP_ADDRESS", 81],
    ["MAC_ADDRESS", 15],
    ["CREDIT_CARD", 14],
    ["EMAIL_ADDRESS", 6],
    ["CRYPTO", 6],
    ["ES_NIE", 10],
  ])("%s: at least %i found by default, no false alarm", (entity, atLeast) => {
    const score = scoreCases(cases, entity);
    expect(score.found).toBeGreaterThanOrEqual(atLeast);
    expect(score.falseAlarms).toBe(0);
  });

  it.each(entityTypes.filter(({ family, defaultOn }) => family === "pii" && defaultOn).map(({ type }) => type))(
    "%s: misses are the accepted ones, and nothing else is taken for one",
    (entity) => {
      const score = scoreCases(cases, entity);
      expect(score.missed).toEqual(acceptedMisses[entity]?.cases ?? []);
      expect(score.falseAlarms).toBe(0);
    },
  );
});

describe.skipIf(folder === undefined)("real agent runs (RUNLOG_TEST_DATA or ../shared/data)", () => {
  const lines = folder === undefined ? [] : readJsonLines<RunLine>(folder, "runs/airline.jsonl");

  it.each(["pii", "secret"] as const)("%s: no argument and no message is flagged", (family) => {
    expect(flaggedArguments(lines, family)).toEqual({ total: 1229, flagged: 0, findings: [] });
  });

  it("finds the e-mail address that user details contain, and nothing else in any result", () => {
    const detector = compileDetector({ family: "pii" });
    const found = new Map<string, number>();
    for (const line of lines as readonly { result?: unknown; tool?: string }[]) {
      for (const { type } of detector.findAll(line.result).findings)
        found.set(`${line.tool} ${type}`, (found.get(`${line.tool} ${type}`) ?? 0) + 1);
    }
    expect([...found]).toEqual([["get_user_details EMAIL_ADDRESS", 59]]);
  });
});
