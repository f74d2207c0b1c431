import { parseBody, reportSchema, runIdSchema } from "#api";
import type { Decider } from "#decision";
import type { Identity } from "../identity/caller.ts";
import { jsonBody, ok, parameter, type Route } from "./door.ts";

/** What agents tell: how an action ended, and that a run is over. */
export function reportRoutes(decider: Decider, identity: Identity): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/v1/report",
      hot: true,
      async handle(request) {
        const caller = identity.agent(request.authorization);
        return ok(await decider.report(caller, parseBody(reportSchema, jsonBody(request))));
      },
    },
    {
      method: "POST",
      path: "/v1/runs/:run/end",
      async handle(request) {
        const caller = identity.agent(request.authorization);
        const run = parseBody(runIdSchema, parameter(request, "run"));
        const { state, reason, message, at } = await decider.endRun(caller, run);
        return ok({ run, state, reason, message, at: new Date(at).toISOString() });
      },
    },
  ];
}
