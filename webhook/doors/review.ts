import { API_VERSION, parseActionReview, parseReviewBatch } from "#api";
import type { Decider } from "#decision";
import type { Identity } from "../identity/caller.ts";
import { jsonBody, type Route } from "./door.ts";

const ENVELOPE = `{"apiVersion":"${API_VERSION}","kind":"ActionReview","response":`;

/** What agents ask: one review, a batch of one run. 200 for every decision; only `allowed: true` permits an action. */
export function reviewRoutes(decider: Decider, identity: Identity): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/v1/review",
      hot: true,
      async handle(request) {
        const caller = identity.agent(request.authorization);
        const response = await decider.answer(caller, parseActionReview(jsonBody(request)));
        return { status: 200, body: `${ENVELOPE}${response}}` };
      },
    },
    {
      method: "POST",
      path: "/v1/reviews",
      hot: true,
      async handle(request) {
        const caller = identity.agent(request.authorization);
        const items = await decider.reviewBatch(caller, parseReviewBatch(jsonBody(request)));
        return { status: 200, body: JSON.stringify({ apiVersion: API_VERSION, kind: "ActionReviewList", items }) };
      },
    },
  ];
}
