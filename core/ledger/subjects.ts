import type { RunIdentity } from "#api";
import { LONGEST_SPAN_MS, type LedgerLimits } from "./limits.ts";
import { Spending } from "./spending.ts";
import { Windows } from "./windows.ts";

/** The whole cluster sees the tools of every agent. */
const CLUSTER_TOOLS = 4_096;
/** Subjects looked at by one prune, so that it never takes long. */
const PRUNED_AT_ONCE = 500;

/** Somebody a budget counts for. */
export class Subject {
  readonly spending = new Spending();
  readonly windows: Windows;
  lastAt = 0;

  constructor(maxTools: number) {
    this.windows = new Windows(maxTools);
  }
}

/** namespace + ServiceAccount. */
export class Agent extends Subject {
  readonly users = new Map<string, Subject>();
  /** Users beyond the bound share this one. */
  otherUsers: Subject | undefined;
  /** Its active runs in memory. */
  active = 0;
  /** All its runs in memory. */
  runs = 0;
}

/**
 * Everybody budgets count for. Verified identities bound agents and namespaces; `user` is a claim, so an agent could name a million: beyond the bound
 * the users of an agent share one budget, which counts too much and never too little.
 */
export class Subjects {
  readonly cluster = new Subject(CLUSTER_TOOLS);
  readonly #limits: LedgerLimits;
  readonly #namespaces = new Map<string, Subject>();
  readonly #agents = new Map<string, Agent>();
  readonly #others: Agent;
  readonly #otherNamespaces: Subject;
  #users = 0;
  #pruning: IterableIterator<[string, Agent]> | undefined;

  constructor(limits: LedgerLimits) {
    this.#limits = limits;
    this.#others = new Agent(limits.maxToolsPerWindow);
    this.#otherNamespaces = this.create();
  }

  create(): Subject {
    return new Subject(this.#limits.maxToolsPerWindow);
  }

  agent(run: Pick<RunIdentity, "namespace" | "serviceAccount">): Agent {
    const key = agentKey(run);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    if (this.#agents.size >= this.#limits.maxAgents) return this.#others;
    const agent = new Agent(this.#limits.maxToolsPerWindow);
    this.#agents.set(key, agent);
    return agent;
  }

  namespace(name: string): Subject {
    const known = this.#namespaces.get(name);
    if (known !== undefined) return known;
    if (this.#namespaces.size >= this.#limits.maxAgents) return this.#otherNamespaces;
    const subject = this.create();
    this.#namespaces.set(name, subject);
    return subject;
  }

  user(agent: Agent, name: string): Subject {
    const known = agent.users.get(name);
    if (known !== undefined) return known;
    if (agent.users.size >= this.#limits.maxUsersPerAgent || this.#users >= this.#limits.maxUsers) {
      return (agent.otherUsers ??= this.create());
    }
    const subject = this.create();
    agent.users.set(name, subject);
    this.#users++;
    return subject;
  }

  /** What is there already, for reading without creating anything. */
  find(query: {
    namespace?: string | undefined;
    serviceAccount?: string | undefined;
    user?: string | undefined;
  }): Subject | undefined {
    const { namespace, serviceAccount, user } = query;
    if (namespace === undefined) return this.cluster;
    if (serviceAccount === undefined) return this.#namespaces.get(namespace) ?? this.#overflow(this.#otherNamespaces);
    const agent = this.#agents.get(agentKey({ namespace, serviceAccount })) ?? this.#overflow(this.#others);
    return user === undefined ? agent : (agent?.users.get(user) ?? agent?.otherUsers);
  }

  /** Forgets who did nothing that any span or window still sees; a few at a time. */
  prune(now: number): void {
    const agents = (this.#pruning ??= this.#agents.entries());
    for (let looked = 0; looked < PRUNED_AT_ONCE;) {
      const next = agents.next();
      if (next.done === true) {
        this.#pruning = undefined;
        this.cluster.windows.prune(now);
        return;
      }
      const [key, agent] = next.value;
      looked += 1 + agent.users.size;
      this.#pruneAgent(key, agent, now);
    }
  }

  #pruneAgent(key: string, agent: Agent, now: number): void {
    for (const [name, user] of agent.users) {
      if (!isOver(user, now)) continue;
      agent.users.delete(name);
      this.#users--;
    }
    if (isOver(agent, now) && agent.runs === 0 && agent.users.size === 0) this.#agents.delete(key);
  }

  #overflow<T extends Subject>(subject: T): T | undefined {
    return subject.lastAt === 0 ? undefined : subject;
  }
}

function isOver(subject: Subject, now: number): boolean {
  return subject.windows.prune(now) && subject.lastAt < now - LONGEST_SPAN_MS;
}

/** Names in Kubernetes hold no line break, so two identities never share a key. */
function agentKey(run: Pick<RunIdentity, "namespace" | "serviceAccount">): string {
  return `${run.namespace}\n${run.serviceAccount}`;
}
