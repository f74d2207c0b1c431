import { RunlogError } from "#api";

/** The place a listing goes on from, in a form nobody is tempted to compute with. */
export function pageToken(list: string, key: number): string {
  return Buffer.from(`${list}:${key}`).toString("base64url");
}

/** Throws RL_INVALID for anything but a token of this listing. */
export function parsePageToken(list: string, token: string): number {
  const match = /^([a-z]{1,16}):(\d{1,15})$/.exec(Buffer.from(token.slice(0, 64), "base64url").toString("latin1"));
  if (match?.[1] !== list || pageToken(list, Number(match[2])) !== token) {
    throw new RunlogError("RL_INVALID", "continue: is not the value given with the page before", { path: "continue" });
  }
  return Number(match[2]);
}
