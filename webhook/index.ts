/** The doors of the decision point. They know HTTP's words and nothing of how a decision is made. */
import type { Approvals } from "#approvals";
import type { Decider } from "#decision";
import type { Ledger } from "#ledger";
import type { PolicySet } from "#policies";
import type { RunLogReader } from "#runlog";
import type { Clock } from "#runtime";
import { approvalRoutes } from "./doors/approvals.ts";
import type { Route } from "#http";
import { policyRoutes } from "./doors/policies.ts";
import { reportRoutes } from "./doors/report.ts";
import { reviewRoutes } from "./doors/review.ts";
import { runRoutes } from "./doors/runs.ts";
import { usageRoutes } from "./doors/usage.ts";
import type { Identity } from "./identity/caller.ts";

export { bearerToken, type Identity, type PersonWants } from "./identity/caller.ts";
export { embeddedIdentity, type EmbeddedIdentityOptions } from "./identity/embedded.ts";
export { readAgentTokens } from "./identity/token-file.ts";

export interface Doors {
  readonly decider: Decider;
  readonly ledger: Ledger;
  readonly approvals: Approvals;
  readonly runLog: RunLogReader;
  readonly policies: PolicySet;
  readonly identity: Identity;
  readonly clock: Clock;
}

/** Every route of the agents' API, for whatever listens. */
export function apiRoutes(doors: Doors): readonly Route[] {
  const { decider, identity } = doors;
  return [
    ...reviewRoutes(decider, identity),
    ...reportRoutes(decider, identity),
    ...runRoutes(doors),
    ...approvalRoutes(doors),
    ...policyRoutes(doors.policies, identity),
    ...usageRoutes(doors.ledger, identity),
  ];
}
