import { charSet, isDigit, isIn } from "./chars.ts";
import {
  AFTER_HINT,
  IDENTIFIER,
  LABEL_HINT,
  NEGATIVE,
  NEUTRAL,
  PHONE_HINT,
  PROSE_HINT,
  type WordInfo,
} from "./context-words.ts";
import { isLetter, isLower, isUpper, lookup } from "./word-lookup.ts";

/** How far context reaches, in characters before and after a candidate. */
const BEFORE = 48;
const AFTER = 24;
/** A negative word further away than this many words says nothing. */
const NEGATIVE_WORDS = 3;
/** "you can call 12 34 56", but not "call a taxi to 12 Main Street". */
const HINT_WORDS = 3;

const SPACE = 32;
const NEWLINE = 10;
const BACKSLASH = 92;
const QUOTE = 34;
const DOT = 46;
const COLON = 58;
const sentenceEnds = charSet(".!?;");
const EQUALS = 61;

/** Start of the word that ends at `end`: letters, split where camelCase changes. */
function wordStart(text: string, end: number, floor: number): number {
  let start = end;
  while (start > floor && isLetter(text.charCodeAt(start - 1))) {
    const code = text.charCodeAt(start - 1);
    const right = start < end ? text.charCodeAt(start) : 0;
    if (isLower(code) && isUpper(right)) break;
    start--;
    if (isUpper(code) && isLower(right)) break;
  }
  return start;
}

const beforeValue = charSet(" '\"([{\\+");
const afterName = charSet(" '\"\\]");

/** First position from `i` down, at most `most` steps, that is not in `set`. */
function skipBack(text: string, i: number, set: Readonly<Uint8Array>, most: number): number {
  let at = i;
  while (i - at < most && isIn(text.charCodeAt(at), set)) at--;
  return at;
}

/** A key such as `"card_number":` or `card_number=` directly before a value, or −1. */
function labelEnd(text: string, start: number, floor: number): number {
  const at = skipBack(text, start - 1, beforeValue, 5);
  const separator = at >= floor ? text.charCodeAt(at) : 0;
  if (separator !== COLON && separator !== EQUALS) return -1;
  const end = skipBack(text, at - 1, afterName, 4) + 1;
  if (end <= floor) return -1;
  // Without quotes a colon is punctuation: "my number: 12".
  return separator === EQUALS || (end < at && text.charCodeAt(end) !== SPACE) ? end : -1;
}

/** A word directly before a quote is a key: `"text":"…"`. */
function isKeyEnd(code: number): boolean {
  return code === QUOTE || code === BACKSLASH;
}

/** "… office", "… kept calling". */
function isHintBehind({ flags }: WordInfo): boolean {
  return (flags & AFTER_HINT) !== 0 || (flags & (PHONE_HINT | NEUTRAL)) === PHONE_HINT;
}

const abbreviation = /(?:^|[^\p{L}])(?:tel|ph|mob|fax|no|nr|num|cell|acct)$/iu;

/** A sentence ends here, or the placeholder of an earlier redaction: what stands before is about something else. */
function endsContext(text: string, at: number, code: number, start: number): boolean {
  if (code === 62) return isPlaceholder(text, at);
  if (!isIn(code, sentenceEnds) || at + 1 >= start || text.charCodeAt(at + 1) !== SPACE) return false;
  return code !== DOT || !abbreviation.test(text.slice(Math.max(0, at - 5), at));
}

/**
 * What the words around one candidate say. One instance per scanner, filled anew for each candidate:
 * no allocation on the request path beyond the words themselves.
 */
export class Context {
  /** Entities that a word speaks for. */
  low = 0;
  high = 0;
  /** Flags of all words seen. */
  flags = 0;
  /** The nearest word that says anything at all: NEGATIVE, IDENTIFIER, or 0 for one that speaks for some entity. */
  nearest = 0;
  #decided = false;
  #words = 0;

  reset(): void {
    this.low = 0;
    this.high = 0;
    this.flags = 0;
    this.nearest = 0;
    this.#decided = false;
    this.#labels = false;
    this.#words = 0;
  }

  supports(entity: number): boolean {
    return entity < 32 ? (this.low & (1 << entity)) !== 0 : (this.high & (1 << (entity - 32))) !== 0;
  }

  support(entity: number): void {
    if (entity < 32) this.low |= 1 << entity;
    else this.high |= 1 << (entity - 32);
    if (!this.#decided) this.#decided = true;
  }

  /** Takes over what stood before the previous candidate of a list; what stands after this one is read anew. */
  continueList(): void {
    this.low = this.#lowBefore;
    this.high = this.#highBefore;
    this.flags = this.#flagsBefore;
  }

  #lowBefore = 0;
  #highBefore = 0;
  #flagsBefore = 0;

  /** Remembers what has been read so far, before the words after the candidate. */
  mark(): void {
    this.#lowBefore = this.low;
    this.#highBefore = this.high;
    this.#flagsBefore = this.flags;
  }

  /** The words before `start`, no further than `floor` (the end of the previous finding). True: the string's start was reached. */
  before(text: string, start: number, floor: number): boolean {
    const stop = Math.max(floor, start - BEFORE);
    const label = labelEnd(text, start, stop);
    if (label >= 0) {
      const from = this.#label(text, label, stop);
      if (from < 0) return false;
      this.#walk(text, from, stop);
    } else {
      this.#walk(text, start, stop);
    }
    return stop === 0;
  }

  /**
   * Words of one key, nearest (last) first; true when one of them says something. `whole`: the candidate is the whole value,
   * so that a key may also speak against it; the key of a long text does not.
   */
  key(key: string, whole: boolean): boolean {
    const decided = this.#decided;
    this.#words = whole ? 0 : NEGATIVE_WORDS;
    this.#labels = true;
    let i = key.length;
    const floor = Math.max(0, i - BEFORE);
    while (i > floor) i = this.#step(key, i, floor);
    return this.#decided && !decided;
  }

  /** Words after `end`, up to a comma, quote, bracket, line or sentence end. */
  after(text: string, end: number): void {
    const stop = Math.min(text.length, end + AFTER);
    let i = end;
    while (i < stop) {
      const code = text.charCodeAt(i);
      if (isLetter(code)) {
        const from = i;
        while (i < stop && isLetter(text.charCodeAt(i))) i++;
        const info = lookup(text, from, i);
        if (info !== undefined) this.#positive(info, isHintBehind(info));
      } else if (code === SPACE || code === 45 || code === 40) i++;
      else return;
    }
  }

  /** Reads a key in the text; the position to go on from, or −1 when the key alone decides. */
  #label(text: string, end: number, floor: number): number {
    let i = end;
    let unknown = false;
    this.#labels = true;
    while (i > floor) {
      const code = text.charCodeAt(i - 1);
      if (!isLetter(code) && !isDigit(code) && code !== 95 && code !== 45) break;
      const next = this.#step(text, i, floor);
      if (next < i - 1 && !this.#lastKnown) unknown = true;
      i = next;
    }
    this.#labels = false;
    return this.#decided || unknown ? -1 : i;
  }

  #lastKnown = false;
  #labels = false;

  #walk(text: string, start: number, stop: number): void {
    let i = start;
    while (i > stop) {
      const code = text.charCodeAt(i - 1);
      if (isLetter(code)) i = this.#step(text, i, stop);
      else if (code === NEWLINE) i = this.#line(i);
      else if (code === SPACE || isDigit(code) || !endsContext(text, i - 1, code, start)) i--;
      else return;
    }
  }

  /** A line above may say what a number is, but not what it is not. */
  #line(i: number): number {
    this.#words = Math.max(this.#words, NEGATIVE_WORDS);
    return i - 1;
  }

  /** Consumes one word or one other character to the left of `i`. */
  #step(text: string, i: number, floor: number): number {
    if (!isLetter(text.charCodeAt(i - 1))) return i - 1;
    let start = wordStart(text, i, floor);
    // A letter after a backslash is an escape such as \n, not a word.
    if (start > 0 && text.charCodeAt(start - 1) === BACKSLASH && start < i) start++;
    const info = start < i ? lookup(text, start, i) : undefined;
    this.#lastKnown = info !== undefined;
    this.#words++;
    if (info !== undefined) this.#take(info, isKeyEnd(text.charCodeAt(i)));
    return Math.min(start, i - 1);
  }

  #take(info: WordInfo, key: boolean): void {
    const against = info.flags & (NEGATIVE | IDENTIFIER);
    if (against !== 0 && !this.#decided && this.#words <= NEGATIVE_WORDS) this.nearest = against;
    if (against === 0 || (info.low | info.high) !== 0) this.#positive(info, this.#hints(info, key));
    if ((info.flags & NEUTRAL) === 0) this.#decided = true;
  }

  #hints({ flags }: WordInfo, key: boolean): boolean {
    if (this.#labels || key) return (flags & (LABEL_HINT | PHONE_HINT)) !== 0;
    // "Office 12 34 56", but not "the office is at 12 Main Street".
    if ((flags & AFTER_HINT) !== 0 && this.#words === 1) return true;
    return (flags & (PHONE_HINT | PROSE_HINT)) !== 0 && this.#words <= HINT_WORDS;
  }

  #positive(info: WordInfo, hint: boolean): void {
    this.low |= info.low;
    this.high |= info.high;
    this.flags |= info.flags & ~PHONE_HINT;
    if (hint) this.flags |= PHONE_HINT;
  }
}

const placeholder = /^[A-Z]+_[A-Z0-9_]+(?::\w+)?$|^(?:CRYPTO|URL|PASSWORD|JWT|PERSON|LOCATION)(?:_\d+|:\w+)?$/;

/** `<PHONE_NUMBER>` left by an earlier redaction: its words are not context. */
function isPlaceholder(text: string, close: number): boolean {
  let i = close - 1;
  while (i >= 0 && close - i < 48) {
    const code = text.charCodeAt(i);
    if (code === 60) return placeholder.test(text.slice(i + 1, close));
    if (!isUpper(code) && !isDigit(code) && code !== 95 && code !== 58 && !isLower(code)) return false;
    i--;
  }
  return false;
}
