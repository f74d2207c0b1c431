import { messageOf, type ApprovalPhase, type ApprovalRequest, type RecordedVote } from "#api";
import type { Logger } from "#telemetry";

/** Something that happened to a request, after it was written. */
export interface ApprovalTransition {
  readonly event: "asked" | "voted" | "used" | "withdrawn" | "expired" | "deleted";
  /** Undefined for `asked`. Equal to `to` for a vote that did not decide yet and for a use that was not the last. */
  readonly from: ApprovalPhase | undefined;
  readonly to: ApprovalPhase;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly request: ApprovalRequest;
  /** With `voted`. */
  readonly vote?: RecordedVote | undefined;
  /** With `used`: the review that used it. */
  readonly uid?: string | undefined;
}

export type TransitionListener = (transition: ApprovalTransition) => void;

/** Tells records, Events, metrics and notifications. A listener that throws harms neither the request nor the other listeners. */
export class TransitionFeed {
  readonly #listeners = new Set<TransitionListener>();
  readonly #log: Pick<Logger, "error">;

  constructor(log: Pick<Logger, "error">) {
    this.#log = log;
  }

  listen(listener: TransitionListener): () => void {
    const own: TransitionListener = (transition) => listener(transition);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(transition: ApprovalTransition): void {
    for (const listener of this.#listeners) {
      try {
        listener(transition);
      } catch (error) {
        const { name, namespace } = transition.request.metadata;
        this.#log.error({ namespace, name, error: messageOf(error) }, "a listener to approvals failed");
      }
    }
  }
}
