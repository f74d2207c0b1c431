import type { Labels } from "#engine";

/** Who asks, as the door has verified it. Nothing here comes from the body of a request. */
export interface Caller {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod?: string | undefined;
  /** The same object for the same pod, so that the engine can remember what it found out about it. */
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
}
