import type { RunIdentity } from "#api";
import { type Action, NOTHING } from "./action.ts";
import type { Amount, BeginRequest, Closure, Reservation, RunView } from "./ledger.ts";
import type { Node } from "./list.ts";
import type { Agent, Subject } from "./subjects.ts";
import type { Totals } from "./totals.ts";

export interface RunParts {
  readonly identity: RunIdentity;
  readonly parent: Run | undefined;
  readonly agent: Agent;
  readonly namespace: Subject;
  readonly startedAt: number;
  readonly totals: Totals;
  /** What the whole tree spends; made for a root, taken from the root by the others. */
  readonly treeSubject: Subject;
}

/** One run in memory. */
export class Run {
  readonly key: string;
  readonly identity: RunIdentity;
  readonly parent: Run | undefined;
  readonly root: Run;
  readonly depth: number;
  readonly agent: Agent;
  readonly namespace: Subject;
  readonly startedAt: number;
  /** Its own last review or report. */
  lastAt: number;
  /** The last one of it or of a run below it: an agent that waits for its sub-agents is not idle. */
  activeAt: number;
  closure: Closure | undefined;
  readonly own: Totals;
  /** Of a root: what the whole tree did. The same object as `own` until there is a sub-run. */
  tree: Totals;
  /** Of a root: the budget of the whole tree. */
  treeSubject: Subject;
  /** Of a root: restored, and perhaps not from its beginning; the archive is asked before it, or a run below it, is used. */
  unsure = false;
  /** Of a root: some run below it was only half restored, so `tree` and `treeSubject` are read from the archive before they are used. */
  stale = false;
  /** Runs below it in memory; made when there is one, as most runs have none. */
  children: Set<Run> | undefined;
  /** Delegations that have their child: uid -> the child's key. */
  claims: Map<string, string> | undefined;
  readonly entries = new Map<string, Entry>();
  /** Reviews that wait for an answer or a report: such a run stays in memory. */
  pins = 0;
  /** Its place among the active or the closed runs in memory, least recently used first. */
  place: Node<Run> | undefined;
  /** Its first review is under way or written down; if that one fails, the next review opens the run. */
  opened = false;
  /** A review of it was answered, so the run log knows the run: only then may it be a parent. */
  written = false;
  /** When it was read back from the archive; 0 for a run that has been in memory since its first review. */
  reloadedAt = 0;

  constructor(parts: RunParts) {
    this.key = runKey(parts.identity);
    this.identity = parts.identity;
    this.parent = parts.parent;
    this.root = parts.parent?.root ?? this;
    this.depth = (parts.parent?.depth ?? 0) + 1;
    this.agent = parts.agent;
    this.namespace = parts.namespace;
    this.startedAt = this.lastAt = this.activeAt = parts.startedAt;
    this.own = this.tree = parts.totals;
    this.treeSubject = parts.treeSubject;
  }

  /** Something happened in it now: neither it nor the runs above it are idle. */
  touch(now: number): void {
    this.lastAt = Math.max(this.lastAt, now);
    this.#use(now);
    for (let run = this.parent; run !== undefined; run = run.parent) run.#use(now);
  }

  #use(now: number): void {
    this.activeAt = Math.max(this.activeAt, now);
    if (this.place !== undefined) this.place.list?.moveToEnd(this.place);
  }

  claim(delegation: string, child: string): void {
    (this.claims ??= new Map()).set(delegation, child);
  }

  /** Does the delegation have another child already? */
  isClaimed(delegation: string, child: string): boolean {
    return (this.claims?.get(delegation) ?? child) !== child;
  }

  disclaim(child: string): void {
    for (const [delegation, claimed] of this.claims ?? []) if (claimed === child) this.claims?.delete(delegation);
  }

  /** Called before anything of a sub-run is counted. */
  splitTree(): void {
    if (this.tree === this.own) this.tree = this.own.clone();
  }

  view(): RunView {
    const { identity, closure, startedAt, lastAt, depth } = this;
    return {
      identity,
      state: closure?.state ?? "active",
      closure,
      parent: this.parent?.identity,
      root: this.root.identity,
      depth,
      startedAt,
      lastAt,
    };
  }
}

/** One review: its uid, its answer, its reservation, and exactly what of it stands in the counters, so that it can be taken back. */
export class Entry {
  readonly run: Run;
  readonly uid: string;
  readonly requestDigest: string;
  readonly model: string | undefined;
  readonly user: string | undefined;
  readonly userSubject: Subject | undefined;
  /** When the action was decided: its money belongs to this day. */
  readonly at: number;
  action: Action;
  /** Money and tokens in the counters. */
  held: Amount | undefined;
  /** Its place in the sliding windows is taken. */
  slot = false;
  /** It is counted in tool_calls and its kin. */
  counted = false;
  denied = false;
  mayRun = false;
  answered = false;
  /** The review that opened its run. */
  opens = false;
  /** The text may be put away before the entry is. */
  answer: string | undefined;
  state: Reservation["state"] = "open";
  reportDigest: string | undefined;
  /** How many evaluations of this uid are under way. */
  pending = 1;
  /** Remembered until then as an answer. */
  until: number;
  /** Its places among those that wait for a report, those that are remembered, and those whose answer is in memory. */
  waiting: Node<Entry> | undefined;
  remembered: Node<Entry> | undefined;
  spoken: Node<Entry> | undefined;

  constructor(run: Run, request: EntryRequest, at: number) {
    this.run = run;
    this.uid = request.uid;
    this.requestDigest = request.requestDigest;
    this.model = request.model;
    this.user = request.user;
    this.userSubject = request.userSubject;
    this.at = at;
    this.until = request.until;
    this.action = request.action;
  }

  /** Money is at stake: it waits for an answer or for a report. */
  get unsettled(): boolean {
    return this.state === "open" || this.state === "kept";
  }

  reservation(): Reservation {
    const { run, uid, action, model, user, at, state, reportDigest } = this;
    const { action: type, tool, cost, tokens } = action;
    const charged = state === "open" || state === "released" ? undefined : (this.held ?? NOTHING);
    return { run: run.identity, uid, action: type, tool, model, user, cost, tokens, at, state, reportDigest, charged };
  }
}

export interface EntryRequest extends Pick<BeginRequest, "uid" | "requestDigest" | "model" | "user"> {
  readonly action: Action;
  readonly userSubject: Subject | undefined;
  /** How long its answer is remembered. */
  readonly until: number;
}

/** Names in Kubernetes and run ids hold no line break, so two identities never share a key. */
export function runKey(run: RunIdentity): string {
  return `${run.namespace}\n${run.serviceAccount}\n${run.run}`;
}

export function sameAgent(a: RunIdentity, b: RunIdentity): boolean {
  return a.namespace === b.namespace && a.serviceAccount === b.serviceAccount;
}

/** Memory does not hold all of its tree, or may not. */
export function isDoubtful({ root }: Run): boolean {
  return root.stale || root.unsure;
}
