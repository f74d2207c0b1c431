import { charSet, isIn } from "./chars.ts";
import { Context } from "./context.ts";
import { E } from "./entities.ts";

/** One match inside one text, before it becomes a finding. */
export interface Hit {
  readonly entity: number;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  readonly rule: string;
}

/** What a compiled detector hands the scanner; frozen. */
export interface ScanSettings {
  /** 1 for each entity that is asked for, by entity number. */
  readonly enabled: Readonly<Uint8Array>;
  readonly minScore: Readonly<Float64Array>;
  readonly allow: ReadonlySet<string>;
  readonly allowTestValues: boolean;
  readonly publicAddressesOnly: boolean;
}

/** A reading that is not asked for keeps others from its span only if it is this sure. */
export const CERTAIN = 0.9;
export const CONTEXT_BONUS = 0.35;
const MAX_HITS = 1024;
const LIST_GAP = 40;
const listCharacters = charSet("0123456789 \"'(),-/");
/** A value this short that begins with the candidate is the candidate. */
const WHOLE_SLACK = 8;
const WHOLE_LENGTH = 48;
/** Address checksums need SHA-256; beyond this many per text the scan says that it was cut short. */
export const MAX_HASHES = 128;
export const MAX_GROUPS = 10;
export const MAX_DIGITS = 40;

/** Working memory of one detector: fields instead of locals, so that a scan allocates nothing until it finds something. */
export class Scanner {
  readonly settings: ScanSettings;
  readonly context = new Context();
  text = "";
  /** Keys from the root to the text being scanned; the last ones are its context. */
  keys: readonly (string | number)[] = [];
  /** What stands under `name`, `type` or `label` beside a `value`. */
  sibling = "";
  /** The text is itself a key: the keys above it are context, but do not say that the whole of it is a name or a password. */
  inKey = false;
  hits: Hit[] = [];
  firstOnly = false;
  truncated = false;
  hashes = 0;
  /** End of the latest hit: context does not reach across it. */
  floor = 0;
  lastEntity = -1;

  /** Digit groups from the current position on: `12 34-56` is three. */
  groups = 0;
  readonly groupStart = new Int32Array(MAX_GROUPS);
  readonly groupEnd = new Int32Array(MAX_GROUPS);
  /** Separator before each group: a character code. */
  readonly separator = new Int32Array(MAX_GROUPS);
  /** Index into `digits` where each group begins. */
  readonly groupDigits = new Int32Array(MAX_GROUPS + 1);
  readonly digits = new Uint8Array(MAX_DIGITS);
  /** The dotted quad read last. */
  readonly octets = new Uint8Array(4);

  /** Where what is proposed next begins. */
  proposalStart = 0;

  readonly #best = { entity: -1, start: 0, end: 0, score: 0, rule: "" };
  #contextAt = -1;
  #contextFloor = 0;

  constructor(settings: ScanSettings) {
    this.settings = settings;
  }

  begin(text: string, keys: readonly (string | number)[], sibling: string): void {
    this.text = text;
    this.keys = keys;
    this.sibling = sibling;
    if (this.hits.length > 0) this.hits = [];
    this.truncated = false;
    this.hashes = 0;
    this.floor = 0;
    this.lastEntity = -1;
    this.#contextAt = -1;
    this.#best.entity = -1;
    this.#best.score = 0;
  }

  get done(): boolean {
    return this.firstOnly && this.hits.length > 0;
  }

  /** The context of a candidate, read once however many rules ask. */
  around(start: number, end: number): Context {
    const context = this.context;
    if (this.#contextAt === start) return context;
    if (this.#sameList(start)) context.continueList();
    else this.#readBefore(start);
    this.#contextAt = start;
    this.#contextFloor = this.floor;
    context.after(this.text, end);
    return context;
  }

  #readBefore(start: number): void {
    const { context } = this;
    context.reset();
    if (this.lastEntity >= 0 && this.#listed(start)) context.support(this.lastEntity);
    if (context.before(this.text, start, this.floor))
      this.#keyContext(start < WHOLE_SLACK && this.text.length < WHOLE_LENGTH);
    context.mark();
  }

  /** `(1779713273, 6610872038, …`: only digits and list punctuation since the candidate whose context was read last. */
  #sameList(start: number): boolean {
    const from = this.#contextAt;
    const near = from >= 0 && from <= start && start - from <= LIST_GAP;
    if (!near || this.#contextFloor !== this.floor) return false;
    for (let i = from; i < start; i++) if (!isIn(this.text.charCodeAt(i), listCharacters)) return false;
    return true;
  }

  wants(entity: number): boolean {
    return this.settings.enabled[entity] === 1;
  }

  /** Offers a reading of what begins at `proposalStart`; the best one counts when `settle` is called. */
  propose(entity: number, end: number, score: number, rule: string): void {
    const best = this.#best;
    if (score <= best.score || (score < CERTAIN && !this.#reports(entity, score))) return;
    best.entity = entity;
    best.start = this.proposalStart;
    best.end = end;
    best.score = score;
    best.rule = rule;
  }

  /** Takes the best reading, if any; where to go on, or −1. */
  settle(): number {
    const best = this.#best;
    const { entity, start, end, score, rule } = best;
    best.entity = -1;
    best.score = 0;
    if (entity < 0) return -1;
    this.add(entity, { start, end, score, rule });
    return end;
  }

  /** Records a hit if it is asked for; earlier hits that overlap it give way. */
  add(entity: number, hit: { start: number; end: number; score: number; rule: string }): void {
    if (!this.#reports(entity, hit.score)) return;
    const { allow } = this.settings;
    if (allow.size > 0 && allow.has(this.text.slice(hit.start, hit.end).trim().toLowerCase())) return;
    if (this.hits.length >= MAX_HITS) {
      this.truncated = true;
      return;
    }
    while (this.hits.length > 0 && (this.hits[this.hits.length - 1]?.end ?? 0) > hit.start) this.hits.pop();
    this.hits.push({
      entity,
      start: hit.start,
      end: hit.end,
      score: Math.min(1, Math.round(hit.score * 100) / 100),
      rule: hit.rule,
    });
    this.floor = hit.end;
    this.lastEntity = entity;
  }

  /** Whether something personal stands just before `start` in a list, as in "a@b.co, 415…" or `["536-32-1234","415…"`. */
  afterPersonal(start: number): boolean {
    return this.lastEntity >= 0 && this.lastEntity !== E.IP_ADDRESS && this.#listed(start);
  }

  #reports(entity: number, score: number): boolean {
    return this.settings.enabled[entity] === 1 && score >= (this.settings.minScore[entity] ?? 1);
  }

  /** Only list punctuation between the latest hit and `start`. */
  #listed(start: number): boolean {
    if (start - this.floor > 6 || start === this.floor) return false;
    for (let i = this.floor; i < start; i++) {
      if (!" ,;|/\"'\t\n(+".includes(this.text.charAt(i))) return false;
    }
    return true;
  }

  #keyContext(whole: boolean): void {
    const { keys, context } = this;
    if (this.sibling !== "" && context.key(this.sibling, whole)) return;
    let looked = 0;
    for (let i = keys.length - 1; i >= 0 && looked < 3; i--) {
      const key = keys[i];
      if (typeof key !== "string") continue;
      looked++;
      if (context.key(key, whole)) return;
    }
  }
}
