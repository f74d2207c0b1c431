/**
 * Approvals: agents ask, people answer, one use is taken exactly once.
 * Compose with `createApprovals`; the store comes from `#approvals/sqlite`, or is `memoryApprovalStore()` where nothing has to last.
 */
export { createApprovals, defaultAskLimits } from "./desk.ts";
export type { Approvals, ApprovalsOptions, VoteTarget, WaitOptions } from "./desk.ts";
export type { ApprovalQuestion, AskAnswer, AskDenial, AskLimits } from "./ask.ts";
export type { Consumption, Presentation, Presented } from "./execute.ts";
export type { ApprovalTransition, TransitionListener } from "./transitions.ts";
export type { ApprovalFilter, ApprovalStore, Page } from "./store.ts";
export { memoryApprovalStore } from "./memory-store.ts";
export type { WaitLimits } from "./waiters.ts";

export { createLocalApprovers, loadApprovers } from "./approver-tokens.ts";
export type { Approvers } from "./approver-tokens.ts";

export { combineSettings, requirementOf } from "./requirements.ts";
export type { AskingRule, AskSettings, CombinedSettings } from "./requirements.ts";
export { clipDisplay, displayArgs } from "./display.ts";
export type { DisplayOptions, Mask } from "./display.ts";

/** The pure parts: the same in admission, on the command line and here. */
export { admitVote } from "./vote.ts";
export type { VoteContext, VoteVerdict } from "./vote.ts";
export { votedDigestOf } from "./grant.ts";
export { standingOf } from "./machine.ts";
export type { Standing } from "./machine.ts";
export type { Electorate, ServiceAccountRef } from "./electorate.ts";
