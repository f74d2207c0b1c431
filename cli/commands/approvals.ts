import {
  parseStrictJson,
  isRunlogError,
  RunlogError,
  type ApprovalRequest,
  type ModifyOperation,
  type Vote,
} from "#api";
import { votedDigestOf } from "#approvals";
import { stringify } from "yaml";
import { createClient, type Client, type ServerFlags } from "../client.ts";
import { colorsFor, type Io } from "../io.ts";
import { age, jsonText, print, printable, table, type OutputFormat } from "../output.ts";

export interface ApprovalFlags extends ServerFlags {
  readonly output: OutputFormat;
  readonly namespace?: string | undefined;
}

export interface ListFlags extends ApprovalFlags {
  readonly phase?: string | undefined;
  readonly limit: number;
}

interface ApprovalPage {
  readonly items: readonly ApprovalRequest[];
  readonly continue: string | null;
}

export async function listApprovals(io: Io, flags: ListFlags): Promise<number> {
  const client = await createClient(io, flags);
  const items = await fetchApprovals(client, flags);
  const now = Date.now();
  print(io, flags.output, { items }, () =>
    items.length === 0 ? "No approval requests.\n" : approvalTable(items, now),
  );
  return 0;
}

async function fetchApprovals(client: Client, flags: ListFlags): Promise<readonly ApprovalRequest[]> {
  const items: ApprovalRequest[] = [];
  let next: string | null = null;
  do {
    const query = {
      namespace: flags.namespace,
      phase: flags.phase,
      limit: String(Math.min(500, flags.limit - items.length)),
    };
    const page: ApprovalPage = await client.get("/v1/approvals", { ...query, continue: next ?? undefined });
    items.push(...page.items);
    next = page.continue;
  } while (next !== null && items.length < flags.limit);
  return items;
}

function approvalTable(items: readonly ApprovalRequest[], now: number): string {
  return table(items, [
    { title: "namespace", value: (one) => one.metadata.namespace ?? "" },
    { title: "name", value: (one) => one.metadata.name },
    { title: "agent", value: (one) => one.spec.agent.name ?? one.spec.agent.serviceAccount },
    { title: "action", value: (one) => one.spec.action.tool ?? one.spec.action.model ?? one.spec.action.type },
    { title: "phase", value: (one) => one.status?.phase ?? "Pending" },
    { title: "votes", value: (one) => one.status?.votes ?? "" },
    {
      title: "approvers",
      value: (one) => [...new Set(one.spec.requirements.flatMap((each) => each.approvers))].join(",") || "any",
    },
    { title: "expires", value: (one) => one.spec.expiresAt },
    { title: "age", value: (one) => createdAge(one, now) },
  ]);
}

function createdAge(request: ApprovalRequest, now: number): string {
  const created = (request.metadata as { creationTimestamp?: unknown }).creationTimestamp;
  return typeof created === "string" ? age(created, now) : "";
}

export async function showApproval(
  io: Io,
  id: string,
  flags: ApprovalFlags & { readonly reveal?: boolean | undefined },
): Promise<number> {
  const client = await createClient(io, flags);
  const request = await fetchApproval(client, id, flags);
  const args = flags.reveal === true ? await client.get<{ args: unknown }>(`${pathOf(request)}/args`) : undefined;
  print(io, flags.output, args === undefined ? request : { ...request, args: args.args }, () =>
    describe(io, request, args?.args),
  );
  return 0;
}

/** What an approver has to see before answering: who, what, why, how long. */
function describe(io: Io, request: ApprovalRequest, realArgs: unknown): string {
  const { spec } = request;
  const shown = realArgs === undefined ? "Arguments (display copy):" : "Arguments:";
  const lines = stringify(realArgs ?? spec.action.args)
    .trimEnd()
    .split("\n");
  const args = lines.map((line) => `  ${printable(line)}\n`).join("");
  return `${facts(io, request)}${asking(request)}${votes(request)}${shown}\n${args}`;
}

function facts(io: Io, { metadata, spec, status = {} }: ApprovalRequest): string {
  const { agent, action } = spec;
  const phase = colorsFor(io, "out").bold(status.phase ?? "Pending");
  const rows = [
    ["Name", `${metadata.namespace ?? ""}/${metadata.name}`],
    ["Phase", status.votes === undefined ? phase : `${phase} (votes ${status.votes})`],
    ["Agent", `${printable(agent.name ?? "-")} as ${agent.namespace}/${agent.serviceAccount}`],
    ["Run", spec.run],
    ["Action", printable([action.type, action.tool ?? action.model].filter((part) => part !== undefined).join(" "))],
    ["Expires", spec.expiresAt],
    ["Uses", `${status.uses?.length ?? 0} of ${spec.uses}, for ${spec.grantFor} once approved`],
  ] as const;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(10)}${value}\n`).join("");
}

function asking({ spec }: ApprovalRequest): string {
  const rows = spec.requirements.map(({ policy, rule, quorum, approvers, message }) => {
    const who = approvers.length === 0 ? "anyone who may approve" : approvers.join(", ");
    return `  ${policy.name}/${rule}: ${quorum} of ${who}. ${printable(message)}\n`;
  });
  return `Asked by:\n${rows.join("")}`;
}

function votes({ status }: ApprovalRequest): string {
  const cast = status?.decisions ?? [];
  if (cast.length === 0) return "";
  const rows = cast.map(({ at, by, decision, comment, edits = [], grant }) => {
    const said = comment === undefined ? "" : ` "${printable(comment)}"`;
    // A quorum counts equal votes: who comes later must see what exactly was approved.
    const terms = [...edits, ...(grant === undefined ? [] : [{ grant }])];
    const lines = terms.map((term) => `    with ${printable(JSON.stringify(term))}\n`);
    return `  ${at} ${printable(by.username)}: ${decision}${said}\n${lines.join("")}`;
  });
  return `Votes:\n${rows.join("")}`;
}

export interface VoteFlags extends ApprovalFlags {
  readonly comment?: string | undefined;
  readonly set: readonly string[];
  readonly remove: readonly string[];
  readonly redact: readonly string[];
}

/** Answers a request. The vote names the digest that was shown, so that nothing else can be approved by it. */
export async function vote(io: Io, id: string, decision: "approve" | "deny", flags: VoteFlags): Promise<number> {
  const edits = editsOf(flags);
  if (decision === "deny" && edits.length > 0)
    throw new RunlogError("RL_USAGE", "edits belong to an approval: deny takes none");
  const client = await createClient(io, flags);
  const request = await fetchApproval(client, id, flags);
  const given: Vote = {
    decision,
    ...(flags.comment === undefined ? {} : { comment: flags.comment }),
    ...(edits.length === 0 ? {} : { edits }),
  };
  const ballot = { ...given, voteFor: votedDigestOf(request.spec.action.digest, given) };
  const after = await client.post<ApprovalRequest>(`${pathOf(request)}/vote`, ballot);
  print(io, flags.output, after, () => {
    const { phase = "Pending", votes } = after.status ?? {};
    return `${after.metadata.namespace ?? ""}/${after.metadata.name}: ${phase}${votes === undefined ? "" : ` (votes ${votes})`}\n`;
  });
  return 0;
}

/** `--set args.amount=100 --remove args.note --redact args.body` as modify operations. A value is JSON, or text where it is none. */
export function editsOf(flags: Pick<VoteFlags, "set" | "remove" | "redact">): ModifyOperation[] {
  return [
    ...flags.set.map((text) => {
      const equals = text.indexOf("=");
      if (equals <= 0) throw new RunlogError("RL_USAGE", `--set ${text}: expected PATH=VALUE, such as args.amount=100`);
      return { set: text.slice(0, equals), value: jsonOrText(text.slice(equals + 1)) };
    }),
    ...flags.remove.map((path) => ({ remove: path })),
    ...flags.redact.map((path) => ({ redact: path })),
  ];
}

function jsonOrText(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    // A number that is not held exactly must not be rounded on the way to the vote, nor silently become a text.
    if (isRunlogError(error) && error.code === "RL_BAD_JSON") return text;
    throw error;
  }
}

/** Prints each request as it opens and each change of its phase until interrupted. */
export async function watchApprovals(io: Io, flags: ListFlags): Promise<number> {
  const client = await createClient(io, flags);
  const seen = new Map<string, string>();
  let first = true;
  while (!io.signal.aborted) {
    const items = await fetchApprovals(client, flags).catch((error: unknown) => {
      // Interrupted while it asked: that is how a watch ends.
      if (io.signal.aborted) return [];
      throw error;
    });
    if (io.signal.aborted) break;
    const changed = items.filter((one) => seen.get(keyOf(one)) !== stateOf(one));
    seen.clear();
    for (const one of items) seen.set(keyOf(one), stateOf(one));
    if (flags.output === "table") {
      if (changed.length > 0)
        io.out(
          approvalTable(changed, Date.now())
            .split("\n")
            .slice(first ? 0 : 1)
            .join("\n"),
        );
    } else for (const one of changed) io.out(`${jsonText(one)}\n`);
    first &&= changed.length === 0;
    await pause(1_000, io.signal);
  }
  return 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

function keyOf(request: ApprovalRequest): string {
  return `${request.metadata.namespace ?? ""}/${request.metadata.name}`;
}

function stateOf(request: ApprovalRequest): string {
  return `${request.status?.phase ?? "Pending"} ${request.status?.votes ?? ""}`;
}

/** `NAME`, or `NAMESPACE/NAME`; a bare name is looked for in `--namespace`, else in every namespace. */
async function fetchApproval(client: Client, id: string, flags: ApprovalFlags): Promise<ApprovalRequest> {
  const slash = id.indexOf("/");
  const namespace = slash === -1 ? flags.namespace : id.slice(0, slash);
  const name = id.slice(slash + 1);
  if (namespace !== undefined)
    return client.get(`/v1/approvals/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`);
  const found = (await fetchApprovals(client, { ...flags, limit: 10_000 })).filter((one) => one.metadata.name === name);
  const [only] = found;
  if (only === undefined)
    throw new RunlogError("RL_NOT_FOUND", `there is no approval request ${name}; \`runlog approvals list\` shows them`);
  if (found.length > 1)
    throw new RunlogError("RL_USAGE", `${name} stands in several namespaces: write NAMESPACE/${name}`);
  return only;
}

function pathOf(request: ApprovalRequest): string {
  return `/v1/approvals/${encodeURIComponent(request.metadata.namespace ?? "")}/${encodeURIComponent(request.metadata.name)}`;
}
