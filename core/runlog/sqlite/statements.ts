import { decisions } from "#api";

// The first statement beside a row sees its seq as last_insert_rowid(). Depth follows the parent's row; a parent nobody knows counts as a root.
const UPSERT = `INSERT INTO runs (ns, sa, run, agent, parent_ns, parent_sa, parent_run, root_ns, root_sa, root_run, depth, started_at, last_at, first_seq,
  steps, ${decisions.map((decision) => `n_${decision}`).join(", ")}, cost, tokens)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
    CASE WHEN ?7 IS NULL THEN 0 ELSE 1 + coalesce((SELECT depth FROM runs WHERE ns = ?5 AND sa = ?6 AND run = ?7), 0) END,
    ?11, ?11, last_insert_rowid(), ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
  ON CONFLICT (ns, sa, run) DO UPDATE SET agent = coalesce(agent, excluded.agent), last_at = max(last_at, excluded.last_at), steps = steps + excluded.steps,
    ${decisions.map((decision) => `n_${decision} = n_${decision} + excluded.n_${decision}`).join(", ")},
    cost = cost + excluded.cost, tokens = tokens + excluded.tokens`;

const SET_CLOSED = "UPDATE runs SET state = ?1, closure = ?2, ended_at = coalesce(ended_at, ?3)";
const ENDED = `${SET_CLOSED} WHERE state = 'active' AND ns = ?4 AND sa = ?5 AND run = ?6`;
const TREE = `${SET_CLOSED} WHERE state <> 'terminated' AND root_ns = ?4 AND root_sa = ?5 AND root_run = ?6`;
const SUBTREE = `${SET_CLOSED} WHERE state <> 'terminated' AND id IN (WITH RECURSIVE below (id, ns, sa, run) AS (
  SELECT id, ns, sa, run FROM runs WHERE ns = ?4 AND sa = ?5 AND run = ?6
  UNION SELECT r.id, r.ns, r.sa, r.run FROM runs r JOIN below b ON r.parent_ns = b.ns AND r.parent_sa = b.sa AND r.parent_run = b.run)
  SELECT id FROM below)`;

/** What changes in `runs` beside a record, by name. */
export const statements: Readonly<Record<string, string>> = {
  "runlog.review": UPSERT,
  "runlog.report":
    "UPDATE runs SET cost = cost + ?, tokens = tokens + ?, last_at = max(last_at, ?) WHERE ns = ? AND sa = ? AND run = ?",
  "runlog.end": ENDED,
  "runlog.endBelow": SUBTREE,
  "runlog.endTree": TREE,
};
