import { canonicalJson } from "#api";
import type { CompiledPolicy, Condition } from "../compile/compiled.ts";
import { describe } from "../compile/meaning.ts";
import { createContext } from "../evaluate/context.ts";
import { evaluateCondition } from "../evaluate/truth.ts";
import { FALSE, type ReviewInput } from "../model.ts";
import { PersistentMap } from "./persistent-map.ts";

interface Selected {
  readonly scope: Condition;
  readonly policies: number;
}

/** How many policies are meant for a subject, without looking at each: those with equal selectors are counted together. */
export class PolicyCount {
  readonly #all: number;
  readonly #selected: PersistentMap<Selected>;

  private constructor(all: number, selected: PersistentMap<Selected>) {
    this.#all = all;
    this.#selected = selected;
  }

  static readonly none: PolicyCount = new PolicyCount(0, PersistentMap.empty<Selected>());

  with(policy: CompiledPolicy, one: 1 | -1): PolicyCount {
    const { scope } = policy;
    if (scope === undefined) return new PolicyCount(this.#all + one, this.#selected);
    const key = canonicalJson(describe(scope));
    const policies = (this.#selected.get(key)?.policies ?? 0) + one;
    const selected = policies === 0 ? this.#selected.delete(key) : this.#selected.set(key, { scope, policies });
    return new PolicyCount(this.#all, selected);
  }

  /** True when the answer depends on labels, so that it is worth remembering. */
  get depends(): boolean {
    return this.#selected.size > 0;
  }

  /** Selectors whose labels cannot be read count as selecting. */
  for(input: ReviewInput): number {
    let total = this.#all;
    if (!this.depends) return total;
    const context = createContext(input, new Map());
    this.#selected.forEach(({ scope, policies }) => {
      if (evaluateCondition(scope, context) !== FALSE) total += policies;
    });
    return total;
  }
}
