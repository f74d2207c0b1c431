import {
  pageQuerySchema,
  parseBody,
  parseDuration,
  RunlogError,
  runQuerySchema,
  terminateSchema,
  type RunIdentity,
} from "#api";
import type { Decider } from "#decision";
import type { RunLogReader } from "#runlog";
import type { Clock } from "#runtime";
import type { Identity } from "../identity/caller.ts";
import { jsonBody, ok, parameter, type HttpRequest, type Route } from "./door.ts";
import { queryOf } from "./query.ts";

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
        const { limit, continue: next, since, until, ...filter } = queryOf(runQuerySchema, request.query);
        const now = clock.now();
        const span = { since: timeOf("since", since, now), until: timeOf("until", until, now) };
        return ok(await runLog.runs({ ...filter, ...span }, { limit, continue: next }));
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
        const page = await runLog.steps(runOf(request), queryOf(pageQuerySchema, request.query));
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

/** RFC 3339, or a duration that counts back from now. */
function timeOf(name: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const back = parseDuration(text);
  const at = back === undefined ? Date.parse(text) : now - back;
  if (Number.isNaN(at)) {
    const message = `${name}: expected a time such as 2026-01-31T08:00:00Z, or a duration such as 1h`;
    throw new RunlogError("RL_INVALID", message, { path: `/${name}` });
  }
  return at;
}
