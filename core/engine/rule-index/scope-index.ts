import type { CompiledRule } from "../compile/compiled.ts";
import { MAX_TEXT } from "../operators/text.ts";
import { Bucket } from "./bucket.ts";
import { placesOf, type ValueGuard } from "./guard.ts";
import { pushed } from "./lists.ts";
import { PersistentMap } from "./persistent-map.ts";
import { Shared, type Entry } from "./posting.ts";
import { TextTrie } from "./text-trie.ts";
import type { ToolGuard } from "./tool-guard.ts";

interface Parts {
  readonly any: Bucket;
  readonly exact: PersistentMap<Bucket>;
  readonly prefixes: TextTrie<Bucket>;
  readonly literals: TextTrie<Bucket>;
  readonly unguarded: number;
}

/** The rules of the cluster, or of one namespace, by tool. Never changed, copied with one more or less. */
export class ScopeIndex implements Parts {
  readonly any: Bucket;
  readonly exact: PersistentMap<Bucket>;
  readonly prefixes: TextTrie<Bucket>;
  readonly literals: TextTrie<Bucket>;
  /** Rules that every review in scope has to evaluate. */
  readonly unguarded: number;

  readonly #hasPatterns: boolean;

  private constructor(parts: Parts) {
    this.#hasPatterns = !parts.prefixes.isEmpty || !parts.literals.isEmpty;
    this.any = parts.any;
    this.exact = parts.exact;
    this.prefixes = parts.prefixes;
    this.literals = parts.literals;
    this.unguarded = parts.unguarded;
  }

  static readonly empty: ScopeIndex = new ScopeIndex({
    any: Bucket.empty,
    exact: PersistentMap.empty<Bucket>(),
    prefixes: TextTrie.empty<Bucket>(),
    literals: TextTrie.empty<Bucket>(),
    unguarded: 0,
  });

  #copy(changed: Partial<Parts>): ScopeIndex {
    return new ScopeIndex({
      any: changed.any ?? this.any,
      exact: changed.exact ?? this.exact,
      prefixes: changed.prefixes ?? this.prefixes,
      literals: changed.literals ?? this.literals,
      unguarded: changed.unguarded ?? this.unguarded,
    });
  }

  with(rule: CompiledRule): ScopeIndex {
    const { tools, values } = placesOf(rule.condition);
    const several = (tools?.length ?? 1) * (values?.length ?? 1) > 1;
    const entry: Entry = several ? new Shared(rule) : rule;
    return this.#change(rule, 1, (bucket, guard) => bucket.with(guard, rule, entry));
  }

  without(rule: CompiledRule): ScopeIndex {
    return this.#change(rule, -1, (bucket, guard) => bucket.without(guard, rule));
  }

  #change(
    rule: CompiledRule,
    one: 1 | -1,
    change: (bucket: Bucket, guard: ValueGuard | undefined) => Bucket,
  ): ScopeIndex {
    const { tools, values } = placesOf(rule.condition);
    const everywhere = tools === undefined && values === undefined;
    let scope = everywhere ? this.#copy({ unguarded: this.unguarded + one }) : this;
    const changed = (bucket: Bucket): Bucket => (values ?? [undefined]).reduce(change, bucket);
    for (const tool of tools ?? [undefined]) scope = scope.#withBucket(tool, changed);
    return scope;
  }

  #withBucket(tool: ToolGuard | undefined, change: (bucket: Bucket) => Bucket): ScopeIndex {
    if (tool === undefined) {
      const any = change(this.any);
      return this.#copy({ any: any.isEmpty ? Bucket.empty : any });
    }
    const { kind, text } = tool;
    if (kind === "exact") {
      const bucket = change(this.exact.get(text) ?? Bucket.empty);
      const exact = bucket.isEmpty ? this.exact.delete(text) : this.exact.set(text, bucket);
      return this.#copy({ exact });
    }
    const trie = kind === "prefix" ? this.prefixes : this.literals;
    const bucket = change(trie.get(text) ?? Bucket.empty);
    const next = trie.set(text, bucket.isEmpty ? undefined : bucket);
    return this.#copy(kind === "prefix" ? { prefixes: next } : { literals: next });
  }

  /** `before` and the buckets in which rules for this tool may stand, each once. */
  collect(tool: string | undefined, before: Bucket[]): Bucket[] {
    let buckets = this.any === Bucket.empty ? before : pushed(before, this.any);
    if (tool === undefined) return buckets;
    const exact = this.exact.get(tool);
    if (exact !== undefined) buckets = pushed(buckets, exact);
    if (!this.#hasPatterns) return buckets;
    return this.#withPatterns(tool, buckets);
  }

  #withPatterns(tool: string, before: Bucket[]): Bucket[] {
    let buckets = before;
    const once = (bucket: Bucket): void => {
      if (!buckets.includes(bucket)) buckets = pushed(buckets, bucket);
    };
    if (tool.length > MAX_TEXT) this.collectPatterns(once);
    else {
      this.prefixes.walk(tool, 0, once);
      this.literals.scan(tool, once);
    }
    return buckets;
  }

  /** A name that is too long to be searched makes every pattern unevaluable. */
  collectPatterns(visit: (bucket: Bucket) => void): void {
    this.prefixes.forEach(visit);
    this.literals.forEach(visit);
  }
}
