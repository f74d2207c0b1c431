import { decisions, parseBody, parseDuration, runStates, RunlogError, terminateSchema, type RunIdentity } from "#api";
import type { Decider } from "#decision";
import type { RunLogReader, RunQuery } from "#runlog";
import type { Clock } from "#runtime";
import type { Identity } from "../identity/caller.ts";
import { jsonBody, ok, parameter, type HttpRequest, type Route } from "./door.ts";
import { oneOf, pageOf } from "./query.ts";

export interface RunDoors {
  readonly decider: Decider;
  readonly runLog: RunLogReader;
  readonly identity: Identity;
  readonly clock: Clock;
}

/** What people see of runs, and how they end one. */
export function runRoutes({ decider, runLog, identity, clock }: RunDoors): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/runs",
      async handle(request) {
        identity.person(request.authorization, "read");
        return ok(await runLog.runs(queryOf(request.query, clock.now()), pageOf(request.query)));
      },
    },
    {
      method: "GET",
      path: "/v1/runs/:namespace/:serviceAccount/:run",
      async handle(request) {
        identity.person(request.authorization, "read");
        const known = await runLog.run(runOf(request));
        if (known === undefined) throw noRun(request);
        return ok(known.summary);
      },
    },
    {
      method: "GET",
      path: "/v1/runs/:namespace/:serviceAccount/:run/steps",
      async handle(request) {
        identity.person(request.authorization, "read");
        const page = await runLog.steps(runOf(request), pageOf(request.query));
        if (page.items.length === 0 && (await runLog.run(runOf(request))) === undefined) throw noRun(request);
        return ok(page);
      },
    },
    {
      method: "POST",
      path: "/v1/runs/:namespace/:serviceAccount/:run/terminate",
      async handle(request) {
        const person = identity.person(request.authorization, "act");
        const { reason } = parseBody(terminateSchema, jsonBody(request));
        const run = runOf(request);
        const closure = await decider.terminateRun({ run, reason, by: person.username });
        return ok({
          ...run,
          state: closure.state,
          reason: closure.reason,
          message: closure.message,
          at: new Date(closure.at).toISOString(),
        });
      },
    },
  ];
}

function runOf(request: HttpRequest): RunIdentity {
  return {
    namespace: parameter(request, "namespace"),
    serviceAccount: parameter(request, "serviceAccount"),
    run: parameter(request, "run"),
  };
}

function noRun(request: HttpRequest): RunlogError {
  return new RunlogError("RL_NOT_FOUND", `there is no run ${parameter(request, "run")}`);
}

function queryOf(query: URLSearchParams, now: number): RunQuery {
  return {
    namespace: query.get("namespace") ?? undefined,
    serviceAccount: query.get("serviceAccount") ?? undefined,
    agent: query.get("agent") ?? undefined,
    state: oneOf(query, "state", runStates),
    decision: oneOf(query, "decision", decisions),
    since: timeOf(query, "since", now),
    until: timeOf(query, "until", now),
  };
}

/** RFC 3339, or a duration that counts back from now. */
function timeOf(query: URLSearchParams, name: string, now: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const back = parseDuration(text);
  const at = back === undefined ? Date.parse(text) : now - back;
  if (Number.isNaN(at)) {
    throw new RunlogError(
      "RL_INVALID",
      `${name}: expected a time such as 2026-01-31T08:00:00Z, or a duration such as 1h`,
      { path: name },
    );
  }
  return at;
}
