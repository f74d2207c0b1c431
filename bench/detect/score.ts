import { compileDetector, type Finding } from "#engine";

export interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export interface LabelledText {
  readonly id: string;
  readonly text: string;
  readonly spans: readonly Span[];
}

export interface Counts {
  found: number;
  /** Reported where nothing of this type is labelled. */
  wrong: number;
  missed: number;
}

export interface Mistake {
  readonly id: string;
  readonly kind: "wrong" | "missed";
  readonly type: string;
  readonly value: string;
}

export interface Score {
  readonly perType: ReadonlyMap<string, Counts>;
  readonly total: Counts;
  readonly cleanTexts: number;
  readonly cleanFlagged: number;
  readonly mistakes: readonly Mistake[];
}

/** Types that the data sets label. Others are counted as false alarms of a text, not in F1. */
const labelled: ReadonlySet<string> = new Set([
  "EMAIL_ADDRESS",
  "PHONE_NUMBER",
  "CREDIT_CARD",
  "US_SSN",
  "IBAN_CODE",
  "IP_ADDRESS",
  "URL",
  "MAC_ADDRESS",
]);

/** Same type, and the overlap is at least half of both. */
function matches(a: Span, b: Span): boolean {
  if (a.type !== b.type) return false;
  const overlap = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return overlap * 2 >= a.end - a.start && overlap * 2 >= b.end - b.start;
}

export function precision({ found, wrong }: Counts): number {
  return found + wrong === 0 ? 1 : found / (found + wrong);
}

export function recall({ found, missed }: Counts): number {
  return found + missed === 0 ? 1 : found / (found + missed);
}

export function f1({ found, wrong, missed }: Counts): number {
  return found + wrong + missed === 0 ? 1 : (2 * found) / (2 * found + wrong + missed);
}

interface Tally {
  readonly perType: Map<string, Counts>;
  readonly mistakes: Mistake[];
}

function scoreText(doc: LabelledText, findings: readonly Finding[], tally: Tally): void {
  const counts = (type: string): Counts => {
    const known = tally.perType.get(type) ?? { found: 0, wrong: 0, missed: 0 };
    tally.perType.set(type, known);
    return known;
  };
  const open = doc.spans.filter(({ type }) => labelled.has(type));
  const note = (kind: Mistake["kind"], span: Span): void => {
    counts(span.type)[kind]++;
    tally.mistakes.push({ id: doc.id, kind, type: span.type, value: doc.text.slice(span.start, span.end) });
  };
  for (const finding of findings) {
    if (!labelled.has(finding.type)) continue;
    const at = open.findIndex((span) => matches(span, finding));
    if (at < 0) note("wrong", finding);
    else {
      open.splice(at, 1);
      counts(finding.type).found++;
    }
  }
  for (const span of open) note("missed", span);
}

/** Scores the detector as `contains_pii: true` uses it, over whole texts. */
export function scoreTexts(docs: readonly LabelledText[]): Score {
  const detector = compileDetector({ family: "pii" });
  const tally: Tally = { perType: new Map(), mistakes: [] };
  let cleanTexts = 0;
  let cleanFlagged = 0;
  for (const doc of docs) {
    const { findings } = detector.findAll(doc.text);
    scoreText(doc, findings, tally);
    if (doc.spans.some(({ type }) => !type.startsWith("X:"))) continue;
    cleanTexts++;
    if (findings.length > 0) cleanFlagged++;
  }
  const total = { found: 0, wrong: 0, missed: 0 };
  for (const counts of tally.perType.values()) {
    total.found += counts.found;
    total.wrong += counts.wrong;
    total.missed += counts.missed;
  }
  return { perType: tally.perType, total, cleanTexts, cleanFlagged, mistakes: tally.mistakes };
}

export interface RecognizerCase {
  readonly id: string;
  readonly entity: string;
  readonly text: string;
  readonly expected: number;
}

export interface CaseScore {
  readonly entity: string;
  readonly positives: number;
  /** Positive cases with at least the expected number of findings, at the default score. */
  readonly found: number;
  /** The same when a policy asks for this entity alone and takes any score. */
  readonly foundAtAnyScore: number;
  readonly negatives: number;
  readonly falseAlarms: number;
  /** Numbers of the positive cases that are not found by default. */
  readonly missed: readonly number[];
}

export function scoreCases(cases: readonly RecognizerCase[], entity: string): CaseScore {
  const normal = compileDetector({ family: "pii" });
  const eager = compileDetector({ family: "pii", entities: [entity], minScore: 0.05 });
  const count = (detector: typeof normal, text: string): number =>
    detector.findAll(text).findings.filter(({ type }) => type === entity).length;
  const own = cases.filter((one) => one.entity === entity);
  const positives = own.filter(({ expected }) => expected > 0);
  const negatives = own.filter(({ expected }) => expected === 0);
  const missed = positives.filter(({ text, expected }) => count(normal, text) < expected);
  return {
    entity,
    positives: positives.length,
    found: positives.length - missed.length,
    foundAtAnyScore: positives.filter(({ text, expected }) => count(eager, text) >= expected).length,
    negatives: negatives.length,
    falseAlarms: negatives.filter(({ text }) => count(normal, text) > 0).length,
    missed: missed.map(({ id }) => Number(id.replace(/^\D+/, ""))),
  };
}
