import { isRunlogError, RunlogError, type ReviewRequest, type ReviewResponse } from "#api";

/**
 * Up to 64 reviews of one run, in order; each sees the reservations of those before it, and after a terminate the rest answer terminate.
 * A refused item ends the batch with its error; the items before it stand, and a retry with the same uids gets their answers.
 */
export async function reviewBatch(
  items: readonly ReviewRequest[],
  review: (item: ReviewRequest) => Promise<ReviewResponse>,
): Promise<readonly ReviewResponse[]> {
  const run = items[0]?.run;
  const stranger = items.findIndex((item) => item.run !== run);
  if (stranger > 0) {
    throw new RunlogError("RL_INVALID", "all items of a batch belong to one run", { path: `/items/${stranger}/run` });
  }
  const answers: ReviewResponse[] = [];
  for (const [i, item] of items.entries())
    answers.push(await review(item).catch((error: unknown) => rethrow(error, i)));
  return answers;
}

function rethrow(error: unknown, i: number): never {
  if (!isRunlogError(error)) throw error;
  const path = `/items/${i}${(error.path ?? "").replace(/^\/request/, "")}`;
  throw new RunlogError(error.code, error.message, { path, cause: error, retryAfter: error.retryAfter });
}
