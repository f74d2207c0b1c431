import type { JsonValue } from "#api";
import type { Context } from "../evaluate/context.ts";
import { FALSE, TRUE, type Truth } from "../model.ts";
import { hostOf, inNetwork, type Host, type Network } from "./address.ts";
import type { Evaluate } from "./operator.ts";

/** Hosts as a policy names them: exact names and addresses, and suffixes of `*.example.com`. */
export interface HostSet {
  readonly source: readonly string[];
  readonly exact: ReadonlySet<string>;
  /** With the leading dot. */
  readonly suffixes: readonly string[];
}

function listed(host: Host, hosts: HostSet): boolean {
  return hosts.exact.has(host.name) || hosts.suffixes.some((suffix) => host.name.endsWith(suffix));
}

function onHost(value: JsonValue, context: Context, holds: (host: Host) => boolean): Truth {
  if (typeof value !== "string") return context.unevaluable("wrong_type");
  const host = hostOf(value);
  if (host === undefined) return context.unevaluable("not_an_address");
  return holds(host) ? TRUE : FALSE;
}

export const hostIn: Evaluate<HostSet> = (value, operand, context) =>
  onHost(value, context, (host) => listed(host, operand));
export const hostNotIn: Evaluate<HostSet> = (value, operand, context) =>
  onHost(value, context, (host) => !listed(host, operand));

/** A name is in no network: names are not resolved, because the tool would resolve them again, and perhaps differently. */
export const cidr: Evaluate<readonly Network[]> = (value, operand, context) =>
  onHost(value, context, (host) => operand.some((network) => inNetwork(host, network)));
