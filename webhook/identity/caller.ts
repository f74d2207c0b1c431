import type { ApproverIdentity } from "#api";
import type { Caller } from "#decision";

/** Who stands at the door. Each method throws RL_UNAUTHENTICATED or RL_FORBIDDEN; none ever takes a word of the body for it. */
export interface Identity {
  /** An agent, for the review door. Never accepts a person's token. */
  agent(authorization: string | undefined): Caller;
  /** A person, for the doors of people: reading runs, approving, terminating. Never accepts an agent's token. */
  person(authorization: string | undefined, wants: PersonWants): ApproverIdentity;
}

/** `read` may be open to everyone on a laptop; `act` (approve, terminate, see real arguments) never is. */
export type PersonWants = "read" | "act";

/** The token of `Authorization: Bearer …`; undefined when there is no such header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
}
