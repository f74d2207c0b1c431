import { digestOf, digestOfText } from "#api";
import type { CompiledPolicy } from "../compile/compiled.ts";
import type { ReviewInput } from "../model.ts";
import type { Bucket } from "./bucket.ts";
import { empty } from "./lists.ts";
import { PersistentMap } from "./persistent-map.ts";
import { PolicyCount } from "./policy-count.ts";
import { ScopeIndex } from "./scope-index.ts";

export interface IndexChange {
  /** Policies to put in place of those with the same key. */
  readonly set: readonly CompiledPolicy[];
  /** Keys of policies to take out (CompiledPolicy.key); unknown ones do not matter. */
  readonly remove: readonly string[];
}

/** One revision of the rules in force. It never changes: `with` makes another one, and reviews on their way keep theirs. */
export interface RuleIndex {
  /** Equal for equal sets of policies, whatever the order in which they came. */
  readonly revision: string;
  readonly policies: number;
  readonly rules: number;
  /** Rules that every review in scope has to evaluate, because none of their conditions can be indexed. */
  readonly unguardedRules: number;
  /** A new index that shares all unchanged parts with this one; about 10 µs a rule. */
  with(change: IndexChange): RuleIndex;
}

interface Scope {
  readonly index: ScopeIndex;
  readonly count: PolicyCount;
  readonly policies: number;
}

interface Parts {
  readonly held: PersistentMap<CompiledPolicy>;
  readonly cluster: Scope;
  readonly namespaces: PersistentMap<Scope>;
  readonly rules: number;
  readonly unguarded: number;
  /** Sum of the policies' digests, so that one is added or taken away without looking at the others. */
  readonly sum: bigint;
}

const emptyScope: Scope = Object.freeze({ index: ScopeIndex.empty, count: PolicyCount.none, policies: 0 });

export function emptyIndex(): RuleIndex {
  return new PolicyIndex({
    held: PersistentMap.empty<CompiledPolicy>(),
    cluster: emptyScope,
    namespaces: PersistentMap.empty<Scope>(),
    rules: 0,
    unguarded: 0,
    sum: 0n,
  });
}

/** What `plan` walks. */
export class PolicyIndex implements RuleIndex {
  readonly revision: string;
  readonly #parts: Parts;
  /** Policies in scope by the labels they were counted for; a pod's labels are always the same object. */
  readonly #counted = new WeakMap<object, { readonly subject: ReviewInput["subject"]; readonly count: number }>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.revision = parts.sum.toString(16).padStart(16, "0");
  }

  get policies(): number {
    return this.#parts.held.size;
  }

  get rules(): number {
    return this.#parts.rules;
  }

  get unguardedRules(): number {
    return this.#parts.unguarded;
  }

  with({ set, remove }: IndexChange): RuleIndex {
    let parts = this.#parts;
    for (const key of remove) parts = without(parts, parts.held.get(key));
    for (const policy of set) parts = added(without(parts, parts.held.get(policy.key)), policy);
    return parts === this.#parts ? this : new PolicyIndex(parts);
  }

  /** Every bucket in which a rule for this review may stand. */
  collect(namespace: string, tool: string | undefined): readonly Bucket[] {
    const buckets = this.#parts.cluster.index.collect(tool, empty);
    return this.#parts.namespaces.get(namespace)?.index.collect(tool, buckets) ?? buckets;
  }

  /** How many policies are for this subject, whatever it wants to do. */
  policiesFor(input: ReviewInput): number {
    const { cluster, namespaces } = this.#parts;
    const own = namespaces.get(input.subject.namespace);
    if (!cluster.count.depends && own?.count.depends !== true)
      return cluster.count.for(input) + (own?.count.for(input) ?? 0);
    const { subject } = input;
    const known = this.#counted.get(subject.labels);
    if (known !== undefined && isSame(known.subject, subject)) return known.count;
    const count = cluster.count.for(input) + (own?.count.for(input) ?? 0);
    this.#counted.set(subject.labels, { subject, count });
    return count;
  }
}

function isSame(a: ReviewInput["subject"], b: ReviewInput["subject"]): boolean {
  return a === b || (a.namespace === b.namespace && a.namespaceLabels === b.namespaceLabels);
}

const MASK = (1n << 64n) - 1n;

/** In a cluster uid and generation stand for the content. A policy from a file has no uid: its rules speak for themselves. */
function fingerprint({ key, identity, mode, rules }: CompiledPolicy): bigint {
  const { uid, generation } = identity;
  const content = uid === "" ? digestOf([mode, rules.map((rule) => [rule.id, rule.mode, rule.hash])]) : uid;
  const digest = digestOfText(`${key}\n${generation}\n${content}`);
  return BigInt(`0x${digest.slice("sha256:".length, "sha256:".length + 16)}`);
}

function without(parts: Parts, policy: CompiledPolicy | undefined): Parts {
  if (policy === undefined) return parts;
  return { ...changed(parts, policy, -1), held: parts.held.delete(policy.key) };
}

function added(parts: Parts, policy: CompiledPolicy): Parts {
  return { ...changed(parts, policy, 1), held: parts.held.set(policy.key, policy) };
}

function changed(parts: Parts, policy: CompiledPolicy, one: 1 | -1): Parts {
  const { namespace } = policy.identity;
  const before = namespace === undefined ? parts.cluster : (parts.namespaces.get(namespace) ?? emptyScope);
  let { index } = before;
  for (const rule of policy.rules) index = one === 1 ? index.with(rule) : index.without(rule);
  const scope: Scope = { index, count: before.count.with(policy, one), policies: before.policies + one };
  return {
    ...parts,
    ...(namespace === undefined ? { cluster: scope } : { namespaces: placed(parts.namespaces, namespace, scope) }),
    rules: parts.rules + one * policy.rules.length,
    unguarded: parts.unguarded + index.unguarded - before.index.unguarded,
    sum: (parts.sum + (one === 1 ? 1n : MASK) * fingerprint(policy)) & MASK,
  };
}

function placed(namespaces: PersistentMap<Scope>, namespace: string, scope: Scope): PersistentMap<Scope> {
  return scope.policies === 0 ? namespaces.delete(namespace) : namespaces.set(namespace, scope);
}
