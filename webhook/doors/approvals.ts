import { approvalQuerySchema, isRunlogError, parseBody, RunlogError, voteSchema, type ApprovalRequest } from "#api";
import type { Approvals } from "#approvals";
import type { ReviewRecord, RunLogReader } from "#runlog";
import type { Identity } from "../identity/caller.ts";
import { jsonBody, ok, parameter, waitOf, type HttpRequest, type Route } from "./door.ts";
import { queryOf } from "./query.ts";

export interface ApprovalDoors {
  readonly approvals: Approvals;
  readonly runLog: RunLogReader;
  readonly identity: Identity;
}

const MAX_WAIT_MS = 60_000;

/** Questions to people: agents wait for the answer, people look and vote. */
export function approvalRoutes(doors: ApprovalDoors): readonly Route[] {
  const { approvals, identity } = doors;
  return [
    {
      method: "GET",
      path: "/v1/approvals",
      async handle(request) {
        identity.person(request.authorization, "read");
        const { namespace, phase, ...page } = queryOf(approvalQuerySchema, request.query);
        return ok(await approvals.list({ namespace, phase }, page));
      },
    },
    {
      method: "GET",
      path: "/v1/approvals/:namespace/:name",
      handle: async (request) => ok(await look(doors, request)),
    },
    {
      method: "GET",
      path: "/v1/approvals/:namespace/:name/args",
      async handle(request) {
        identity.person(request.authorization, "act");
        return ok(await realArgs(doors, await found(approvals, request)));
      },
    },
    {
      method: "POST",
      path: "/v1/approvals/:namespace/:name/vote",
      async handle(request) {
        const person = identity.person(request.authorization, "act");
        const vote = parseBody(voteSchema, jsonBody(request));
        const target = {
          namespace: parameter(request, "namespace"),
          name: parameter(request, "name"),
          mayApprove: true,
        };
        return ok(await approvals.vote(target, person, vote));
      },
    },
    {
      method: "DELETE",
      path: "/v1/approvals/:namespace/:name",
      async handle(request) {
        const person = identity.person(request.authorization, "act");
        return ok(await approvals.delete(parameter(request, "namespace"), parameter(request, "name"), person.username));
      },
    },
  ];
}

function found(approvals: Approvals, request: HttpRequest): Promise<ApprovalRequest> {
  return approvals.get(parameter(request, "namespace"), parameter(request, "name"));
}

/** An agent sees and waits for its own request only; to all others there is none. People see every one. */
async function look({ approvals, identity }: ApprovalDoors, request: HttpRequest): Promise<ApprovalRequest> {
  const wait = request.query.get("wait");
  if (wait === null && isPerson(identity, request)) return found(approvals, request);
  const caller = identity.agent(request.authorization);
  if (caller.namespace !== parameter(request, "namespace"))
    throw new RunlogError("RL_NOT_FOUND", "there is no such approval request");
  const timeoutMs = wait === null ? 0 : waitOf(wait, MAX_WAIT_MS);
  return approvals.wait(caller, parameter(request, "name"), { timeoutMs, signal: request.signal });
}

function isPerson(identity: Identity, request: HttpRequest): boolean {
  try {
    identity.person(request.authorization, "read");
    return true;
  } catch (error) {
    if (isRunlogError(error) && (error.code === "RL_UNAUTHENTICATED" || error.code === "RL_FORBIDDEN")) return false;
    throw error;
  }
}

/** The arguments as the agent sent them, while the run log has them whole. */
async function realArgs({ runLog }: ApprovalDoors, request: ApprovalRequest): Promise<{ args: unknown }> {
  const { agent, run, action } = request.spec;
  const identity = { namespace: agent.namespace, serviceAccount: agent.serviceAccount, run };
  let record: ReviewRecord | undefined;
  await runLog.history(identity, (one) => {
    if (one.kind === "review" && one.response.approval?.name === request.metadata.name) record = one;
  });
  if (record?.argsForm !== "full") {
    throw new RunlogError(
      "RL_NOT_FOUND",
      `the real arguments of ${request.metadata.name} (${action.digest}) are not in the run log`,
    );
  }
  return { args: record.args };
}
