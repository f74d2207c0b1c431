import type { PolicySet } from "#policies";
import type { Identity } from "../identity/caller.ts";
import { ok, type Route } from "./door.ts";

/** What is enforced here, and what was refused: the last good version stays in force. */
export function policyRoutes(policies: PolicySet, identity: Identity): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/policies",
      handle(request) {
        identity.person(request.authorization, "read");
        const items = policies.entries().map((entry) => ({
          kind: entry.resource.kind,
          namespace: entry.resource.metadata.namespace ?? null,
          name: entry.resource.metadata.name,
          state: entry.state,
          mode: entry.resource.spec.mode ?? "Enforce",
          generation: entry.generation,
          rules: entry.rules,
          source: entry.source,
          since: new Date(entry.since).toISOString(),
          findings: entry.findings,
        }));
        return ok({ revision: policies.index.revision, items });
      },
    },
  ];
}
