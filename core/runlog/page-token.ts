import { RunlogError } from "#api";

/** The place a listing goes on from, in a form nobody is tempted to compute with. */
export function pageToken(list: string, key: number): string {
  return Buffer.from(`${list}:${key}`).toString("base64url");
}

/** Throws RL_INVALID for anything but a token of this listing. */
export function parsePageToken(list: string, token: string): number {
  const key = /:(\d{1,15})$/.exec(Buffer.from(token.slice(0, 64), "base64url").toString("latin1"))?.[1];
  if (key === undefined || pageToken(list, Number(key)) !== token) {
    throw new RunlogError("RL_INVALID", "continue: is not the value given with the page before", { path: "continue" });
  }
  return Number(key);
}
