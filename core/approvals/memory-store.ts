import type { ApprovalPhase, ApprovalRequest, RunIdentity } from "#api";
import { isOpen } from "./machine.ts";
import { ordinalOf, questionLabelOf } from "./name.ts";
import { cursorOf, phaseAt, phaseOf, runOf } from "./store-index.ts";
import type {
  ApprovalFilter,
  ApprovalPage,
  ApprovalStore,
  ApprovalWrite,
  OpenCounts,
  Page,
  StoredApproval,
} from "./store.ts";
import { WriteFeed } from "./write-feed.ts";

interface Row {
  readonly seq: number;
  readonly stored: StoredApproval;
  readonly closesAt: number;
  readonly changedAt: number;
}

/** Keeps requests for as long as the process lives: for tests, and for commands that decide once. Readers get copies. */
export function memoryApprovalStore(): ApprovalStore {
  return new MemoryApprovalStore();
}

class MemoryApprovalStore implements ApprovalStore {
  readonly #rows = new Map<string, Row>();
  /** Row keys by run, and the newest one by question: what asking looks up. */
  readonly #runs = new Map<string, Set<string>>();
  readonly #questions = new Map<string, string>();
  readonly #open = new Map<string, Set<string>>();
  readonly #feed = new WriteFeed();
  #seq = 0;

  create(write: ApprovalWrite): Promise<StoredApproval | undefined> {
    const key = keyOf(write.request);
    if (this.#rows.has(key)) return Promise.resolve(undefined);
    this.#index(key, write.request);
    return Promise.resolve(this.#put(key, ++this.#seq, 1, write));
  }

  get(namespace: string, name: string): Promise<StoredApproval | undefined> {
    return Promise.resolve(copy(this.#rows.get(`${namespace}/${name}`)));
  }

  replace(read: StoredApproval, write: ApprovalWrite): Promise<StoredApproval | undefined> {
    const key = keyOf(read.request);
    const row = this.#rows.get(key);
    if (row === undefined || row.stored.version !== read.version) return Promise.resolve(undefined);
    return Promise.resolve(this.#put(key, row.seq, Number(row.stored.version) + 1, write));
  }

  newest(namespace: string, question: string): Promise<StoredApproval | undefined> {
    const key = this.#questions.get(`${namespace}/${question}`);
    return Promise.resolve(key === undefined ? undefined : copy(this.#rows.get(key)));
  }

  denied(run: RunIdentity, digest: string): Promise<StoredApproval | undefined> {
    const found = this.#ofRun(run).find(
      ({ stored: { request } }) => request.spec.action.digest === digest && phaseOf(request) === "Denied",
    );
    return Promise.resolve(copy(found));
  }

  openCounts(namespace: string, serviceAccount: string, now: number): Promise<OpenCounts> {
    const open = [...(this.#open.get(namespace) ?? [])].flatMap((key) => {
      const row = this.#rows.get(key);
      return row !== undefined && row.closesAt > now ? [row] : [];
    });
    const agent = open.filter(({ stored }) => stored.request.spec.agent.serviceAccount === serviceAccount).length;
    return Promise.resolve({ agent, namespace: open.length });
  }

  openOf(run: RunIdentity, limit: number): Promise<readonly StoredApproval[]> {
    const open = this.#ofRun(run).filter(({ stored }) => isOpen(phaseOf(stored.request)));
    return Promise.resolve(copies(open.slice(0, limit)));
  }

  overdue(now: number, limit: number): Promise<readonly StoredApproval[]> {
    const due: Row[] = [];
    for (const row of this.#rows.values()) {
      if (due.length === limit) break;
      if (isOpen(phaseOf(row.stored.request)) && row.closesAt <= now) due.push(row);
    }
    return Promise.resolve(copies(due));
  }

  async list(filter: ApprovalFilter, page: Page, now: number): Promise<ApprovalPage> {
    const before = cursorOf(page.continue);
    const rows = [...this.#rows.values()]
      .filter((row) => row.seq < before && matches(row, filter, now))
      .sort((a, b) => b.seq - a.seq);
    const shown = rows.slice(0, page.limit);
    const last = shown.at(-1);
    return { items: copies(shown), continue: rows.length > shown.length && last ? `${last.seq}` : null };
  }

  countByPhase(now: number): Promise<ReadonlyMap<ApprovalPhase, number>> {
    const counts = new Map<ApprovalPhase, number>();
    for (const { stored, closesAt } of this.#rows.values()) {
      const phase = phaseAt(phaseOf(stored.request), closesAt, now);
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
    }
    return Promise.resolve(counts);
  }

  prune(changedBefore: number): Promise<number> {
    let pruned = 0;
    for (const [key, row] of this.#rows) {
      const phase = phaseOf(row.stored.request);
      if (isOpen(phase) || phase === "Denied" || row.changedAt >= changedBefore) continue;
      this.#remove(key, row);
      pruned++;
    }
    return Promise.resolve(pruned);
  }

  forgetRun(run: RunIdentity): Promise<void> {
    for (const row of this.#ofRun(run)) this.#remove(keyOf(row.stored.request), row);
    return Promise.resolve();
  }

  watch(listener: (namespace: string, name: string) => void): () => void {
    return this.#feed.watch(listener);
  }

  #put(key: string, seq: number, version: number, write: ApprovalWrite): StoredApproval {
    const stored = { request: structuredClone(write.request), version: `${version}` };
    this.#rows.set(key, { seq, stored, closesAt: write.closesAt, changedAt: write.changedAt });
    const { namespace } = runOf(write.request);
    if (isOpen(phaseOf(write.request))) addTo(this.#open, namespace, key);
    else removeFrom(this.#open, namespace, key);
    this.#feed.tell(namespace, write.request.metadata.name);
    return structuredClone(stored);
  }

  #index(key: string, request: ApprovalRequest): void {
    addTo(this.#runs, runKey(runOf(request)), key);
    this.#indexQuestion(key, request);
  }

  #indexQuestion(key: string, request: ApprovalRequest): void {
    const question = `${runOf(request).namespace}/${questionLabelOf(request)}`;
    const newest = this.#rows.get(this.#questions.get(question) ?? "");
    if (newest === undefined || ordinalOf(newest.stored.request) <= ordinalOf(request)) {
      this.#questions.set(question, key);
    }
  }

  #ofRun(run: RunIdentity): Row[] {
    return [...(this.#runs.get(runKey(run)) ?? [])].flatMap((key) => this.#rows.get(key) ?? []);
  }

  #remove(key: string, { stored: { request } }: Row): void {
    const run = runOf(request);
    const question = `${run.namespace}/${questionLabelOf(request)}`;
    this.#rows.delete(key);
    removeFrom(this.#runs, runKey(run), key);
    removeFrom(this.#open, run.namespace, key);
    if (this.#questions.get(question) === key) {
      this.#questions.delete(question);
      for (const row of this.#ofRun(run)) this.#indexQuestion(keyOf(row.stored.request), row.stored.request);
    }
    this.#feed.tell(run.namespace, request.metadata.name);
  }
}

function matches({ stored: { request }, closesAt }: Row, filter: ApprovalFilter, now: number): boolean {
  const { namespace, serviceAccount, run } = runOf(request);
  return (
    (filter.namespace ?? namespace) === namespace &&
    (filter.serviceAccount ?? serviceAccount) === serviceAccount &&
    (filter.run ?? run) === run &&
    (filter.phase === undefined || filter.phase === phaseAt(phaseOf(request), closesAt, now))
  );
}

function keyOf(request: ApprovalRequest): string {
  return `${request.metadata.namespace ?? request.spec.agent.namespace}/${request.metadata.name}`;
}

function runKey({ namespace, serviceAccount, run }: RunIdentity): string {
  return `${namespace}/${serviceAccount}/${run}`;
}

function copy(row: Row | undefined): StoredApproval | undefined {
  return row === undefined ? undefined : structuredClone(row.stored);
}

function copies(rows: readonly Row[]): StoredApproval[] {
  return rows.map(({ stored }) => structuredClone(stored));
}

function addTo(index: Map<string, Set<string>>, group: string, key: string): void {
  const keys = index.get(group);
  if (keys === undefined) index.set(group, new Set([key]));
  else keys.add(key);
}

function removeFrom(index: Map<string, Set<string>>, group: string, key: string): void {
  const keys = index.get(group);
  if (keys?.delete(key) === true && keys.size === 0) index.delete(group);
}
