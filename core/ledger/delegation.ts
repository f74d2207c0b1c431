import type { RunIdentity } from "#api";

/**
 * Whether a delegation's `args.to` names this child of another ServiceAccount: its run id, its ServiceAccount (alone, in the parent's namespace, or as
 * `namespace/name` or `serviceaccount:namespace/name`), or all three as `namespace/name/run`.
 */
export function delegationNames(to: string | undefined, child: RunIdentity, parent: RunIdentity): boolean {
  if (to === undefined) return false;
  const account = `${child.namespace}/${child.serviceAccount}`;
  if (to === account || to === `serviceaccount:${account}` || to === `${account}/${child.run}`) return true;
  if (to === child.run) return true;
  return to === child.serviceAccount && child.namespace === parent.namespace;
}
