import { parseJson, type ApprovalPhase, type ApprovalRequest, type RunIdentity } from "#api";
import type { Database, SchemaPart, SqlValue } from "#storage";
import { ordinalOf, questionLabelOf } from "../name.ts";
import { cursorOf, phaseOf, runOf } from "../store-index.ts";
import type {
  ApprovalFilter,
  ApprovalPage,
  ApprovalStore,
  ApprovalWrite,
  OpenCounts,
  Page,
  StoredApproval,
} from "../store.ts";
import { WriteFeed } from "../write-feed.ts";

/** What the database needs to know before it is opened. */
export const approvalsSchema: SchemaPart = {
  name: "approvals",
  migrations: [
    {
      version: 1,
      statements: [
        `CREATE TABLE approvals (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          namespace TEXT NOT NULL,
          name TEXT NOT NULL,
          service_account TEXT NOT NULL,
          run TEXT NOT NULL,
          digest TEXT NOT NULL,
          question TEXT NOT NULL,
          ordinal INTEGER NOT NULL,
          phase TEXT NOT NULL,
          closes_at INTEGER NOT NULL,
          changed_at INTEGER NOT NULL,
          version INTEGER NOT NULL,
          body TEXT NOT NULL,
          UNIQUE (namespace, name)
        )`,
        "CREATE INDEX approvals_question ON approvals (namespace, question, ordinal)",
        "CREATE INDEX approvals_run ON approvals (namespace, service_account, run, digest)",
        "CREATE INDEX approvals_open ON approvals (namespace, service_account, closes_at) WHERE closes_at > 0",
        "CREATE INDEX approvals_due ON approvals (closes_at) WHERE closes_at > 0",
        "CREATE INDEX approvals_changed ON approvals (changed_at) WHERE closes_at = 0",
      ],
    },
  ],
};

interface Row {
  readonly seq: number;
  readonly version: number;
  readonly body: string;
}

const COLUMNS = "seq, version, body";
const EFFECTIVE = "CASE WHEN closes_at > 0 AND closes_at <= ? THEN 'Expired' ELSE phase END";

/** Requests in the database's file, which was opened with `approvalsSchema`. */
export function sqliteApprovalStore(database: Pick<Database, "read" | "write">): ApprovalStore {
  return new SqliteApprovalStore(database);
}

/** Each method is one statement, so atomic; reads see every write that was acknowledged. */
class SqliteApprovalStore implements ApprovalStore {
  readonly #database: Pick<Database, "read" | "write">;
  readonly #feed = new WriteFeed();

  constructor(database: Pick<Database, "read" | "write">) {
    this.#database = database;
  }

  async create(write: ApprovalWrite): Promise<StoredApproval | undefined> {
    const { request } = write;
    const { namespace, serviceAccount, run } = runOf(request);
    const sql = `INSERT INTO approvals (namespace, name, service_account, run, digest, question, ordinal, phase, closes_at, changed_at, version, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT (namespace, name) DO NOTHING`;
    const changed = await this.#write(sql, [
      namespace,
      request.metadata.name,
      serviceAccount,
      run,
      request.spec.action.digest,
      questionLabelOf(request),
      ordinalOf(request),
      ...stateOf(write),
    ]);
    if (changed === 0) return undefined;
    this.#feed.tell(namespace, request.metadata.name);
    return { request, version: "1" };
  }

  get(namespace: string, name: string): Promise<StoredApproval | undefined> {
    return this.#one("WHERE namespace = ? AND name = ?", [namespace, name]);
  }

  async replace(read: StoredApproval, write: ApprovalWrite): Promise<StoredApproval | undefined> {
    const { namespace } = runOf(read.request);
    const { name } = read.request.metadata;
    const version = Number(read.version);
    const sql = `UPDATE approvals SET phase = ?, closes_at = ?, changed_at = ?, body = ?, version = version + 1
      WHERE namespace = ? AND name = ? AND version = ?`;
    if ((await this.#write(sql, [...stateOf(write), namespace, name, version])) === 0) return undefined;
    this.#feed.tell(namespace, name);
    return { request: write.request, version: `${version + 1}` };
  }

  newest(namespace: string, question: string): Promise<StoredApproval | undefined> {
    return this.#one("WHERE namespace = ? AND question = ? ORDER BY ordinal DESC", [namespace, question]);
  }

  denied(run: RunIdentity, digest: string): Promise<StoredApproval | undefined> {
    return this.#one(`${OF_RUN} AND digest = ? AND phase = 'Denied'`, [...runParams(run), digest]);
  }

  async openCounts(namespace: string, serviceAccount: string, now: number): Promise<OpenCounts> {
    const sql = `SELECT COUNT(*) AS namespace, COALESCE(SUM(service_account = ?), 0) AS agent
      FROM approvals WHERE namespace = ? AND closes_at > ? AND closes_at > 0`;
    const { rows } = await this.#database.read<OpenCounts>(sql, [serviceAccount, namespace, now]);
    const [counts] = rows;
    return { agent: counts?.agent ?? 0, namespace: counts?.namespace ?? 0 };
  }

  async openOf(run: RunIdentity, limit: number): Promise<readonly StoredApproval[]> {
    return (await this.#rows(`${OF_RUN} AND closes_at > 0 LIMIT ?`, [...runParams(run), limit])).rows.map(stored);
  }

  async overdue(now: number, limit: number): Promise<readonly StoredApproval[]> {
    const where = "WHERE closes_at > 0 AND closes_at <= ? ORDER BY closes_at LIMIT ?";
    return (await this.#rows(where, [now, limit])).rows.map(stored);
  }

  async list(filter: ApprovalFilter, page: Page, now: number): Promise<ApprovalPage> {
    const conditions = ["seq < ?"];
    const params: SqlValue[] = [cursorOf(page.continue)];
    const add = (condition: string, ...values: readonly SqlValue[]): void => {
      conditions.push(condition);
      params.push(...values);
    };
    if (filter.namespace !== undefined) add("namespace = ?", filter.namespace);
    if (filter.serviceAccount !== undefined) add("service_account = ?", filter.serviceAccount);
    if (filter.run !== undefined) add("run = ?", filter.run);
    if (filter.phase !== undefined) add(`${EFFECTIVE} = ?`, now, filter.phase);
    const where = `WHERE ${conditions.join(" AND ")} ORDER BY seq DESC LIMIT ?`;
    const { rows, truncated } = await this.#rows(where, [...params, page.limit + 1]);
    const shown = rows.slice(0, page.limit);
    const last = shown.at(-1);
    const more = truncated || rows.length > shown.length;
    return { items: shown.map(stored), continue: more && last !== undefined ? `${last.seq}` : null };
  }

  async countByPhase(now: number): Promise<ReadonlyMap<ApprovalPhase, number>> {
    const sql = `SELECT ${EFFECTIVE} AS phase, COUNT(*) AS count FROM approvals GROUP BY 1`;
    const { rows } = await this.#database.read<{ phase: ApprovalPhase; count: number }>(sql, [now]);
    return new Map(rows.map(({ phase, count }) => [phase, count]));
  }

  async prune(changedBefore: number): Promise<number> {
    const some = `SELECT seq FROM approvals WHERE closes_at = 0 AND phase <> 'Denied' AND changed_at < ? LIMIT ?`;
    return this.#write(`DELETE FROM approvals WHERE seq IN (${some})`, [changedBefore, PRUNED_AT_ONCE]);
  }

  async forgetRun(run: RunIdentity): Promise<void> {
    await this.#write(`DELETE FROM approvals ${OF_RUN}`, runParams(run));
  }

  watch(listener: (namespace: string, name: string) => void): () => void {
    return this.#feed.watch(listener);
  }

  async #write(sql: string, params: readonly SqlValue[]): Promise<number> {
    const [changed] = await this.#database.write([{ sql, params }]);
    return changed ?? 0;
  }

  #rows(where: string, params: readonly SqlValue[]): Promise<{ rows: readonly Row[]; truncated: boolean }> {
    return this.#database.read<Row>(`SELECT ${COLUMNS} FROM approvals ${where}`, params);
  }

  async #one(where: string, params: readonly SqlValue[]): Promise<StoredApproval | undefined> {
    const [row] = (await this.#rows(`${where} LIMIT 1`, params)).rows;
    return row === undefined ? undefined : stored(row);
  }
}

/** One write transaction must stay short; the next sweep goes on. */
const PRUNED_AT_ONCE = 500;
const OF_RUN = "WHERE namespace = ? AND service_account = ? AND run = ?";

function runParams({ namespace, serviceAccount, run }: RunIdentity): readonly SqlValue[] {
  return [namespace, serviceAccount, run];
}

/** phase, closes_at, changed_at, body */
function stateOf({ request, closesAt, changedAt }: ApprovalWrite): readonly SqlValue[] {
  return [phaseOf(request), closesAt, changedAt, JSON.stringify(request)];
}

function stored({ version, body }: Row): StoredApproval {
  return { request: parseJson(body) as unknown as ApprovalRequest, version: `${version}` };
}
