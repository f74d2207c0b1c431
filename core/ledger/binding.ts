import type { RunIdentity } from "#api";
import { delegationNames } from "./delegation.ts";
import type { ReviewEvent } from "./draft.ts";
import type { BeginRequest, BeginResult } from "./ledger.ts";
import type { Parts } from "./parts.ts";
import { isDoubtful, type Run, runKey, sameAgent } from "./run.ts";

/** Something only the archive knows: wait for it, then try again. */
export interface Need {
  readonly kind: "need";
  look(): Promise<void>;
}

/** What lookups for one request found out, for its next try. */
export class Known {
  #absent: Set<string> | undefined;
  /** Reviews that are in no memory, by run key and uid; undefined where there is none. */
  #reviews: Map<string, ReviewEvent | undefined> | undefined;

  /** A run or a uid the archive does not know. */
  isAbsent(key: string): boolean {
    return this.#absent?.has(key) ?? false;
  }

  addAbsent(key: string): void {
    (this.#absent ??= new Set()).add(key);
  }

  hasReview(key: string): boolean {
    return this.#reviews?.has(key) ?? false;
  }

  review(key: string): ReviewEvent | undefined {
    return this.#reviews?.get(key);
  }

  addReview(key: string, review: ReviewEvent | undefined): void {
    (this.#reviews ??= new Map()).set(key, review);
  }
}

export type Refused = Extract<BeginResult, { kind: "parent_refused" | "too_many_runs" }>;

/** The run, undefined when there never was one, or the lookup that will tell. */
export function findRun(identity: RunIdentity, known: Known, { runs, shelf }: Parts): Run | Need | undefined {
  const key = runKey(identity);
  const run = runs.get(key);
  if (run !== undefined && shelf !== undefined && isDoubtful(run)) {
    return { kind: "need", look: () => shelf.resolve(run.root) };
  }
  if (run !== undefined || shelf === undefined || known.isAbsent(key)) return run;
  return {
    kind: "need",
    look: async () => {
      if (!(await shelf.run(identity))) known.addAbsent(key);
    },
  };
}

/** May this new run be opened, and below which parent? (api.md "Runs") */
export function bind(
  request: BeginRequest,
  known: Known,
  parts: Parts,
): { readonly parent: Run | undefined } | Refused | Need {
  const agent = parts.subjects.agent(request.run);
  const limit = parts.limits.maxActivePerAgent;
  if (agent.active >= limit) return { kind: "too_many_runs", limit };
  if (request.parent === undefined) return { parent: undefined };
  const parent = findRun(request.parent.run, known, parts);
  if (parent === undefined) return refused("there is no such parent run");
  if ("kind" in parent) return parent;
  if (parent.closure !== undefined) return refused(`the parent run is ${parent.closure.state}`);
  if (!parent.written) return refused("no review of the parent run was answered yet");
  if (parent.depth >= parts.limits.maxDepth) {
    return refused(`a run tree is at most ${parts.limits.maxDepth} runs deep`);
  }
  if (sameAgent(request.run, parent.identity)) return { parent };
  return delegated(request, parent, { known, parts });
}

/** Another agent's run takes a child only by an allowed delegation that names it, and each delegation takes one. */
function delegated(request: BeginRequest, parent: Run, context: Context): { readonly parent: Run } | Refused | Need {
  const uid = request.parent?.delegation;
  if (uid === undefined) return refused("another ServiceAccount's run needs the uid of its delegation");
  if (parent.isClaimed(uid, runKey(request.run))) return refused("the delegation has its child");
  const delegation = findDelegation(parent, uid, context);
  if (delegation !== undefined && "kind" in delegation) return delegation;
  if (!names(delegation, request.run, parent)) {
    return refused("the parent has no allowed delegation of this uid that names this run");
  }
  if (parent.parent !== undefined && delegation.at < parent.reloadedAt) {
    return refused("the delegation is too old to tell whether it has its child already");
  }
  return { parent };
}

function names(delegation: Delegation | undefined, child: RunIdentity, parent: Run): delegation is Delegation {
  if (delegation === undefined || !delegation.mayRun || delegation.action !== "delegation") return false;
  return delegationNames(delegation.delegate, child, parent.identity);
}

interface Context {
  readonly known: Known;
  readonly parts: Parts;
}

interface Delegation {
  readonly action: string;
  readonly mayRun: boolean;
  readonly delegate: string | undefined;
  readonly at: number;
}

function findDelegation(parent: Run, uid: string, { known, parts }: Context): Delegation | Need | undefined {
  const entry = parent.entries.get(uid);
  if (entry !== undefined) {
    const { action, delegate } = entry.action;
    return { action, delegate, mayRun: entry.mayRun && entry.answered, at: entry.at };
  }
  const { shelf } = parts;
  const key = `${parent.key}\n${uid}`;
  if (shelf === undefined || known.hasReview(key)) {
    const review = known.review(key);
    if (review === undefined) return undefined;
    const { action, delegate } = review.request;
    return { action, delegate, mayRun: review.finish.mayRun, at: review.at };
  }
  return {
    kind: "need",
    look: async () => {
      known.addReview(key, await shelf.peek(parent, uid));
    },
  };
}

function refused(why: string): Refused {
  return { kind: "parent_refused", why };
}
