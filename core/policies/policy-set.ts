import { API_VERSION, digestOf, type JsonObject, type PolicyResource } from "#api";
import { createInterner, emptyIndex, type CompiledPolicy, type CompileOptions, type RuleIndex } from "#engine";
import type { MetricsRegistry } from "#telemetry";
import type { CheckedPolicy } from "./check.ts";
import type { Finding } from "./finding.ts";
import { declareMetrics, type PolicyMetrics } from "./metrics.ts";
import type { PolicyEntry } from "./policy-entry.ts";

export interface PolicyChange {
  readonly set: readonly (CheckedPolicy & { readonly source: string })[];
  /** Policies whose source cannot be understood any more: their last good version enforces. */
  readonly stale?: readonly { readonly key: string; readonly findings: readonly Finding[] }[];
  readonly remove: readonly string[];
}

export interface AppliedChange {
  readonly revision: string;
  readonly accepted: readonly PolicyEntry[];
  readonly rejected: readonly PolicyEntry[];
  readonly removed: readonly string[];
}

function contentDigest(resource: JsonObject): string {
  return digestOf({ kind: resource["kind"], spec: resource["spec"] });
}

interface Held {
  entry: PolicyEntry;
  digest: string;
  compiled: CompiledPolicy | undefined;
}

interface Accepted extends Held {
  compiled: CompiledPolicy;
}

/**
 * The policies in force. A change builds the new index aside and swaps one reference; a review keeps the index it started with.
 * A policy that does not compile never replaces its last good version.
 */
export class PolicySet {
  /** For compiling what is put into this set. */
  readonly interner = createInterner();
  /** For compiling as well: the keyed hash of `redact … as: hash`, if a key is configured. */
  readonly hash: CompileOptions["hash"];
  readonly #held = new Map<string, Held>();
  readonly #now: () => number;
  readonly #metrics: PolicyMetrics | undefined;
  readonly #listeners: ((change: AppliedChange) => void)[] = [];
  #index: RuleIndex = emptyIndex();

  constructor(options: {
    readonly now: () => number;
    readonly registry?: MetricsRegistry | undefined;
    readonly hash?: CompileOptions["hash"];
  }) {
    this.#now = options.now;
    this.hash = options.hash;
    this.#metrics = options.registry === undefined ? undefined : declareMetrics(options.registry);
  }

  get index(): RuleIndex {
    return this.#index;
  }

  entries(): readonly PolicyEntry[] {
    return [...this.#held.values()].map((held) => held.entry).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  get(key: string): PolicyEntry | undefined {
    return this.#held.get(key)?.entry;
  }

  /** The generation a resource without one has: the held one while its content is the same, else the next. */
  nextGeneration(key: string, resource: JsonObject): number {
    const held = this.#held.get(key);
    if (held === undefined) return 1;
    return held.digest === contentDigest(resource) ? held.entry.generation : held.entry.generation + 1;
  }

  /** Called after each change that came into force or was refused; a listener must not throw. */
  onChange(listener: (change: AppliedChange) => void): void {
    this.#listeners.push(listener);
  }

  apply(change: PolicyChange): AppliedChange {
    const accepted: Accepted[] = [];
    const rejected: PolicyEntry[] = [];
    for (const policy of change.set) {
      const held = this.#held.get(policy.key);
      const next = policy.compiled === undefined ? undefined : this.#accept(policy, policy.compiled, held);
      if (policy.compiled === undefined) rejected.push(this.#reject(policy, held));
      else if (next !== undefined) accepted.push(next);
    }
    rejected.push(...this.#goStale(change.stale ?? []));
    const removed = change.remove.filter((key) => this.#held.delete(key));
    if (accepted.length > 0 || removed.length > 0)
      this.#index = this.#index.with({ set: accepted.map(({ compiled }) => compiled), remove: removed });
    this.#metrics?.update(this.entries(), this.#index);
    const entries = accepted.map(({ entry }) => entry);
    return this.#tell({ revision: this.#index.revision, accepted: entries, rejected, removed });
  }

  #tell(applied: AppliedChange): AppliedChange {
    if (applied.accepted.length + applied.rejected.length + applied.removed.length > 0)
      for (const listener of this.#listeners) listener(applied);
    return applied;
  }

  #accept(policy: PolicyChange["set"][number], compiled: CompiledPolicy, held: Held | undefined): Accepted | undefined {
    const digest = contentDigest(policy.resource as unknown as JsonObject);
    if (held?.digest === digest && held.entry.state === "enforced") {
      held.entry = { ...held.entry, findings: policy.findings, source: policy.source };
      return undefined;
    }
    const entry: PolicyEntry = {
      key: policy.key,
      resource: policy.resource,
      state: "enforced",
      source: policy.source,
      generation: compiled.identity.generation,
      rules: compiled.rules.length,
      since: this.#now(),
      findings: policy.findings,
    };
    const next = { entry, digest, compiled };
    this.#held.set(policy.key, next);
    return next;
  }

  #reject(policy: PolicyChange["set"][number], held: Held | undefined): PolicyEntry {
    const { key, resource } = policy;
    const never = {
      key,
      resource: nameOnly(resource),
      state: "broken",
      generation: 0,
      rules: 0,
      since: this.#now(),
    } as const;
    const before = held ?? {
      entry: { ...never, source: policy.source, findings: [] },
      digest: "",
      compiled: undefined,
    };
    this.#held.set(key, before);
    return this.#keep(before, policy);
  }

  #goStale(changes: NonNullable<PolicyChange["stale"]>): PolicyEntry[] {
    return changes.flatMap(({ key, findings }) => {
      const held = this.#held.get(key);
      return held === undefined ? [] : [this.#keep(held, { source: held.entry.source, findings })];
    });
  }

  #keep(held: Held, { source, findings }: Pick<PolicyEntry, "source" | "findings">): PolicyEntry {
    const state = held.compiled === undefined ? "broken" : "stale";
    held.entry = { ...held.entry, state, source, findings };
    return held.entry;
  }
}

/** What never compiled may have any shape: only its name is kept, so that whoever lists it can rely on the type. */
function nameOnly(resource: { readonly kind: unknown; readonly metadata?: unknown }): PolicyResource {
  const { name, namespace } = { ...(resource.metadata as Readonly<Record<string, unknown>> | undefined) };
  const metadata = {
    name: typeof name === "string" ? name : "",
    ...(typeof namespace === "string" ? { namespace } : {}),
  };
  const kind = resource.kind === "ClusterAgentPolicy" ? resource.kind : "AgentPolicy";
  return { apiVersion: API_VERSION, kind, metadata, spec: {} };
}
