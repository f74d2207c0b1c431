import { RunlogError, type ApprovalRequest } from "#api";
import { combineSettings, requirementOf, type Approvals } from "#approvals";
import { applyModify, compileEdits, compileGrant, maskLookedFor, matchesGrant } from "#engine";
import { actionDigest } from "./facts.ts";
import { isRefusal, judgeEdited, type Judgement, type PassContext, type Refusal } from "./passes.ts";
import type { Disclosure } from "./disclosure.ts";

/** Where an action stands with its approval: it may run, is refused, or people have to be asked (anew). */
export type Clearance =
  | {
      readonly kind: "cleared";
      readonly judgement: Judgement;
      readonly request: ApprovalRequest;
      readonly consume: () => Promise<boolean>;
    }
  | { readonly kind: "ask"; readonly judgement: Judgement }
  | { readonly kind: "judged"; readonly judgement: Judgement };

/**
 * Execution of an approved action (api.md §4): the request must cover it, the action is evaluated again with the approver's edits,
 * deny and terminate win, and a matched asking rule that is no entry of the request asks anew. Uses nothing yet.
 * Throws RL_GRANT_MISMATCH or RL_NOT_FOUND.
 */
export async function clear(
  name: string,
  judgement: Judgement,
  desk: Approvals,
  context: PassContext,
): Promise<Clearance> {
  const { question } = judgement;
  const presented = desk.present({
    identity: question.run,
    name,
    digest: actionDigest(question),
    action: { type: question.request.action, tool: question.request.tool, model: question.request.model },
    args: question.args,
    uid: question.request.uid,
    requestDigest: question.requestDigest,
    matchesGrant: (conditions, args) => {
      const { condition } = compileGrant(conditions);
      return condition !== undefined && matchesGrant(condition, args);
    },
  });
  const valid = await presented;
  if (isRefusal(judgement.verdict.decision) || judgement.refusal !== undefined) return { kind: "judged", judgement };
  const edited = valid.edits.length === 0 ? judgement : await applyEdits(valid.edits, judgement, context);
  if (isRefusal(edited.verdict.decision) || edited.refusal !== undefined) return { kind: "judged", judgement: edited };
  // Asked anew is about the action as the agent sends it, or the answer could never be used; approvers edit again.
  if (edited.verdict.asking.some((match) => !valid.covers(requirementOf(match))))
    return { kind: "ask", judgement: { ...edited, question, modified: judgement.modified } };
  const { uid } = question.request;
  const consume = async (): Promise<boolean> => {
    const { namespace } = question.run;
    return (await desk.consume({ namespace, name, uid, requestDigest: question.requestDigest })) !== "exhausted";
  };
  return { kind: "cleared", judgement: edited, request: valid.request, consume };
}

async function applyEdits(
  edits: Parameters<typeof compileEdits>[0],
  judgement: Judgement,
  context: PassContext,
): Promise<Judgement> {
  const { operations, diagnostics } = compileEdits(edits);
  const unusable = { error: diagnostics[0]?.message ?? "they have no meaning" };
  const result = operations === undefined ? unusable : applyModify(operations, judgement.question.args);
  if ("error" in result) {
    throw new RunlogError("RL_GRANT_MISMATCH", `the approver's edits cannot be applied: ${result.error}`);
  }
  return judgeEdited(judgement, result.args, context);
}

/** Asks people: the open request of the same question, a new one, or a refusal when asking is over. */
export async function ask(
  judgement: Judgement,
  desk: Approvals,
  disclosure: Disclosure,
): Promise<ApprovalRequest | Refusal> {
  const { question, verdict } = judgement;
  const { request } = question;
  const { showArgs, ...settings } = combineSettings(verdict.asking.map((match) => match.rule.approval));
  const asked = await desk.ask({
    identity: question.run,
    pod: question.caller.pod,
    agentName: request.agent,
    action: {
      type: request.action,
      tool: request.tool,
      model: request.model,
      digest: actionDigest(question),
      display: () =>
        disclosure.display(question.args, showArgs, (args, family) => maskLookedFor(verdict, args, family)),
    },
    requirements: verdict.asking.map(requirementOf),
    ...settings,
  });
  if (asked.kind === "open") return asked.request;
  return { decision: "deny", reason: asked.reason, message: asked.message, match: verdict.asking[0] };
}
