import type { PolicyResource } from "#api";
import type { Finding } from "./finding.ts";

/** One policy as the set holds it. `stale` means that its newest version is broken and the last good one enforces. */
export interface PolicyEntry {
  readonly key: string;
  readonly resource: PolicyResource;
  readonly state: "enforced" | "stale" | "broken";
  readonly source: string;
  readonly generation: number;
  readonly rules: number;
  /** Milliseconds since the epoch at which this version came into force. */
  readonly since: number;
  readonly findings: readonly Finding[];
}
