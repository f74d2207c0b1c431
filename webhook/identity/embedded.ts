import { createHash } from "node:crypto";
import { RunlogError, type ApproverIdentity } from "#api";
import type { Caller } from "#decision";
import { bearerToken, type Identity } from "./caller.ts";

export interface EmbeddedIdentityOptions {
  /** By bearer token; absent: every caller without a token is `localCaller`. */
  readonly agents: ReadonlyMap<string, Caller> | undefined;
  readonly localCaller: Caller;
  /** The approver behind a token, if it is one. */
  readonly approver: (token: string) => ApproverIdentity | undefined;
}

/** Identity of `runlog serve`: agents by a tokens file or all the same on loopback, people by approver tokens. */
export function embeddedIdentity(options: EmbeddedIdentityOptions): Identity {
  const agents =
    options.agents === undefined
      ? undefined
      : new Map([...options.agents].map(([token, caller]) => [digest(token), caller]));
  const open = agents === undefined;
  return {
    agent(authorization) {
      const token = bearerToken(authorization);
      if (open) {
        if (token === undefined) return options.localCaller;
        throw options.approver(token) === undefined
          ? new RunlogError(
              "RL_UNAUTHENTICATED",
              "this server knows no agent tokens: send none, or start it with --tokens FILE",
            )
          : new RunlogError("RL_FORBIDDEN", "an approver token is not for agents");
      }
      const caller = token === undefined ? undefined : agents.get(digest(token));
      if (caller === undefined)
        throw new RunlogError("RL_UNAUTHENTICATED", "send the agent's token as `Authorization: Bearer TOKEN`");
      return caller;
    },
    person(authorization, wants) {
      const token = bearerToken(authorization);
      const person = token === undefined ? undefined : options.approver(token);
      if (person !== undefined) return person;
      if (token === undefined && open && wants === "read") return { username: "anonymous", groups: [] };
      if (token !== undefined && agents?.has(digest(token)) === true)
        throw new RunlogError("RL_FORBIDDEN", "an agent's token is not for people");
      throw new RunlogError(
        "RL_UNAUTHENTICATED",
        "send an approver token as `Authorization: Bearer TOKEN`; the start-up screen says where it is",
      );
    },
  };
}

/** Looked up by digest, so that the time a look-up takes says nothing about the tokens. */
function digest(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
