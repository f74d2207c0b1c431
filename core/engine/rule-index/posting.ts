import type { CompiledRule } from "../compile/compiled.ts";
import type { Why } from "../evaluate/context.ts";
import { empty, pushed } from "./lists.ts";

/** A rule that stands at several places of the index, so that one review may come across it more than once. */
export class Shared {
  readonly rule: CompiledRule;
  constructor(rule: CompiledRule) {
    this.rule = rule;
  }
}

export type Entry = CompiledRule | Shared;
/** The rules at one place of the index: mostly one, which then needs no list. */
export type Posting = Entry | readonly Entry[];

function isList(posting: Posting): posting is readonly Entry[] {
  return Array.isArray(posting);
}

function isRule(entry: Entry, rule: CompiledRule): boolean {
  return entry === rule || (entry instanceof Shared && entry.rule === rule);
}

export function added(posting: Posting | undefined, entry: Entry): Posting {
  if (posting === undefined) return entry;
  return isList(posting) ? appended(posting, entry) : [posting, entry];
}

/** Undefined when nothing is left. */
export function removed(posting: Posting | undefined, rule: CompiledRule): Posting | undefined {
  if (posting === undefined) return undefined;
  if (!isList(posting)) return isRule(posting, rule) ? undefined : posting;
  const rest = without(posting, rule);
  return rest.length > 1 ? rest : rest[0];
}

export function appended(list: readonly Entry[], entry: Entry): readonly Entry[] {
  return list.toSpliced(list.length, 0, entry); // of exactly the size it needs, unlike a copy that grows
}

export function indexIn(list: readonly Entry[], rule: CompiledRule): number {
  for (let at = 0; at < list.length; at++) if (isRule(list[at] as Entry, rule)) return at;
  return -1;
}

export function without(list: readonly Entry[], rule: CompiledRule): readonly Entry[] {
  const at = indexIn(list, rule);
  return at === -1 ? list : list.toSpliced(at, 1);
}

interface Unsure {
  readonly rules: readonly CompiledRule[];
  readonly why: Why;
}

/** The rules one review has come across. */
export class Candidates {
  rules: CompiledRule[] = empty;
  /** Rules that are known to be unevaluable without looking at them. */
  unsure: readonly Unsure[] = empty;
  /** While a fact with several values is looked up, each rule may turn up several times. */
  repeating = false;
  #seen: Set<CompiledRule> | undefined;
  #parts: Set<object> | undefined;

  /** What was seen before is not found again. */
  static after(earlier: Candidates): Candidates {
    const candidates = new Candidates();
    if (earlier.#seen !== undefined) candidates.#seen = new Set(earlier.#seen);
    return candidates;
  }

  add(entry: Entry): void {
    if (entry instanceof Shared) this.#once(entry.rule);
    else if (this.repeating) this.#once(entry);
    else this.rules = pushed(this.rules, entry);
  }

  addAll(posting: Posting): void {
    if (!isList(posting)) this.add(posting);
    else if (!this.repeating || this.isFirst(posting)) {
      for (let at = 0; at < posting.length; at++) this.add(posting[at] as Entry);
    }
  }

  /** Whether this part of the index was not gone through before, while values repeat. */
  isFirst(part: object): boolean {
    this.#parts ??= new Set();
    if (this.#parts.has(part)) return false;
    this.#parts.add(part);
    return true;
  }

  addUnsure(rules: readonly CompiledRule[], why: Why): void {
    this.unsure = [...this.unsure, { rules, why }];
  }

  #once(rule: CompiledRule): void {
    this.#seen ??= new Set();
    if (this.#seen.has(rule)) return;
    this.#seen.add(rule);
    this.rules = pushed(this.rules, rule);
  }
}
