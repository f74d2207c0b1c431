import { estimateOf } from "./action.ts";
import type { Entry } from "./run.ts";
import type { Amount } from "./ledger.ts";
import type { Subject, Subjects } from "./subjects.ts";

/** The five budgets of an action (agent, namespace, user, tree, cluster) and its run: what is added to one is added to all. */
export class Postings {
  readonly #subjects: Subjects;

  constructor(subjects: Subjects) {
    this.#subjects = subjects;
  }

  /** Adds the estimate and takes a place in the windows, unless that was done before. */
  hold(entry: Entry, now: number): void {
    if (entry.held !== undefined) return;
    this.#hold(entry, estimateOf(entry.action), now);
  }

  /** Puts back exactly what a release took. */
  restore(entry: Entry, { held, slot }: { held: Amount; slot: boolean }, now: number): void {
    entry.held = held;
    entry.slot = slot;
    this.#post(entry, held, now);
    if (slot) this.#place(entry, "add", now);
  }

  /** Takes back everything that hold or charge added. */
  release(entry: Entry, now: number): void {
    if (entry.held !== undefined) this.#post(entry, negative(entry.held), now);
    if (entry.slot) this.#place(entry, "remove", now);
    entry.held = undefined;
    entry.slot = false;
  }

  /** Replaces what stands in the counters by what it really cost, in the day of the decision. */
  charge(entry: Entry, charge: Amount, now: number): void {
    const held = entry.held;
    if (held === undefined) {
      this.#hold(entry, charge, now);
      return;
    }
    this.#post(entry, { cost: charge.cost - held.cost, tokens: charge.tokens - held.tokens }, now);
    entry.held = charge;
  }

  /** Counts a tool_call review; the re-send of an approved one was counted when it was asked. */
  count(entry: Entry): void {
    const { action, tool, callDigest, resend } = entry.action;
    if (entry.counted || action !== "tool_call" || resend) return;
    entry.counted = true;
    this.#call(entry, tool, callDigest, 1);
  }

  uncount(entry: Entry): void {
    if (!entry.counted) return;
    entry.counted = false;
    this.#call(entry, entry.action.tool, entry.action.callDigest, -1);
  }

  deny(entry: Entry, denied: boolean): void {
    if (entry.denied === denied) return;
    entry.denied = denied;
    const { own, root } = entry.run;
    own.denials += denied ? 1 : -1;
    if (root.tree !== own) root.tree.denials += denied ? 1 : -1;
  }

  #hold(entry: Entry, amount: Amount, now: number): void {
    entry.held = amount;
    entry.slot = true;
    this.#post(entry, amount, now);
    this.#place(entry, "add", now);
  }

  #post(entry: Entry, amount: Amount, now: number): void {
    const { run, userSubject, at } = entry;
    const { own, root, agent, namespace } = run;
    own.cost += amount.cost;
    own.tokens += amount.tokens;
    if (root.tree !== own) {
      root.tree.cost += amount.cost;
      root.tree.tokens += amount.tokens;
    }
    spend(agent, at, amount, now);
    spend(namespace, at, amount, now);
    spend(this.#subjects.cluster, at, amount, now);
    spend(root.treeSubject, at, amount, now);
    if (userSubject !== undefined) spend(userSubject, at, amount, now);
  }

  #place(entry: Entry, way: "add" | "remove", now: number): void {
    const { run, userSubject, at, action } = entry;
    const { root, agent, namespace } = run;
    agent.windows[way](action.tool, at, now);
    namespace.windows[way](action.tool, at, now);
    this.#subjects.cluster.windows[way](action.tool, at, now);
    root.treeSubject.windows[way](action.tool, at, now);
    userSubject?.windows[way](action.tool, at, now);
  }

  #call(entry: Entry, tool: string | undefined, callDigest: string | undefined, by: 1 | -1): void {
    const { own, root } = entry.run;
    own.call(tool, callDigest, by);
    if (root.tree !== own) root.tree.call(tool, callDigest, by);
  }
}

function spend(subject: Subject, at: number, amount: Amount, now: number): void {
  if (at > subject.lastAt) subject.lastAt = at;
  subject.spending.add(at, amount, now);
}

function negative(amount: Amount): Amount {
  return { cost: -amount.cost, tokens: -amount.tokens };
}
