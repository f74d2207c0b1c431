import {
  canonicalJson,
  digestOfText,
  parseUsd,
  RunlogError,
  type CounterReading,
  type JsonObject,
  type ReviewRequest,
  type RunIdentity,
  type Tokens,
} from "#api";
import { ReviewMemory, type ReviewInput, type Subject } from "#engine";
import type { Pricing } from "#ledger";
import type { Caller } from "./caller.ts";

/** A review made ready: everything later steps look at, computed once. */
export interface Question {
  readonly request: ReviewRequest;
  readonly caller: Caller;
  readonly subject: Subject;
  readonly run: RunIdentity;
  readonly args: JsonObject;
  /** RFC 8785 text of the arguments. */
  readonly argsText: string;
  readonly requestDigest: string;
  readonly callDigest: string | undefined;
  readonly cost: CounterReading;
  readonly tokens: CounterReading;
  readonly dryRun: boolean;
  /** Of the whole review, all its passes included. */
  readonly memory: ReviewMemory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface FactsOptions {
  readonly pricing: Pricing;
  /** Micro-dollars above which a cost is refused as absurd. */
  readonly maxCost: number;
  readonly now: number;
}

/** Turns a valid request into the question the rest of the line works on. Throws RL_BAD_MONEY. */
export function questionOf(request: ReviewRequest, caller: Caller, options: FactsOptions): Question {
  const args = (request.args ?? {}) as JsonObject;
  const argsText = canonicalJson(args);
  return {
    request,
    caller,
    subject: caller,
    run: { namespace: caller.namespace, serviceAccount: caller.serviceAccount, run: request.run },
    args,
    argsText,
    requestDigest: requestDigestOf(request, argsText),
    callDigest: request.action === "tool_call" ? callDigestOf(request.tool, argsText) : undefined,
    ...estimate(request, args, options),
    dryRun: request.dryRun === true,
    memory: new ReviewMemory(),
    now: options.now,
  };
}

/** The question with other arguments: digests, estimate and facts are those of what would really run. */
export function withArgs(question: Question, args: JsonObject, options: FactsOptions): Question {
  const argsText = canonicalJson(args);
  return {
    ...question,
    args,
    argsText,
    callDigest: question.callDigest === undefined ? undefined : callDigestOf(question.request.tool, argsText),
    ...estimate(question.request, args, options),
  };
}

/** Covers every field but `uid`. */
function requestDigestOf(request: ReviewRequest, argsText: string): string {
  const { uid: _, args: __, ...rest } = request;
  return digestOfText(`${canonicalJson(rest)}\n${request.args === undefined ? "" : argsText}`);
}

function callDigestOf(tool: string | undefined, argsText: string): string {
  return digestOfText(`${tool ?? ""}\n${argsText}`);
}

/** SHA-256 over RFC 8785 of what an approver agrees to: the type, its target and the real arguments. */
export function actionDigest(question: Question): string {
  const { action, tool, model } = question.request;
  return digestOfText(canonicalJson({ action, tool: tool ?? null, model: model ?? null, args: question.args }));
}

/** Longer than any name of a run with its namespace and ServiceAccount. */
const MAX_DELEGATE = 512;

/** Whom a delegation names: only a run it names may become its child. */
export function delegateOf({ request, args }: Question): string | undefined {
  const to = request.action === "delegation" && Object.hasOwn(args, "to") ? args["to"] : undefined;
  return typeof to === "string" && to.length <= MAX_DELEGATE ? to : undefined;
}

export function inputOf(question: Question): ReviewInput {
  const { request } = question;
  return {
    subject: question.subject,
    action: request.action,
    tool: request.tool,
    agent: request.agent,
    user: request.user,
    model: request.model,
    args: question.args,
    cost: question.cost,
    tokens: question.tokens,
    now: question.now,
    memory: question.memory,
  };
}

function estimate(
  request: ReviewRequest,
  args: JsonObject,
  options: FactsOptions,
): { cost: CounterReading; tokens: CounterReading } {
  const output = outputTokens(request.tokens, args);
  const tokens = typeof output === "number" ? (request.tokens?.input ?? 0) + output : output;
  if (request.cost !== undefined) return { cost: checkedCost(request.cost.usd, options.maxCost), tokens };
  if (request.action !== "llm_call") return { cost: 0, tokens };
  return {
    cost: typeof output === "number" ? options.pricing.price(request.model, { ...request.tokens, output }) : output,
    tokens,
  };
}

/** An amount of USD a caller sends, in micro-dollars. Throws RL_BAD_MONEY. */
export function checkedCost(usd: string | number, maxCost: number, path = "/request/cost/usd"): number {
  const cost = parseUsd(usd, path);
  if (cost > maxCost) {
    throw new RunlogError(
      "RL_BAD_MONEY",
      `${path}: more than the ${maxCost / 1_000_000} USD one action may cost (limits.maxCostUsd)`,
      { path },
    );
  }
  return cost;
}

/** Output tokens as claimed; else `args.max_tokens`, the most it can be. What is no whole number there makes the estimate unreadable. */
function outputTokens(tokens: Tokens | undefined, args: JsonObject): CounterReading {
  if (tokens?.output !== undefined) return tokens.output;
  const value = Object.hasOwn(args, "max_tokens") ? args["max_tokens"] : null;
  if (value === null) return 0;
  const sane = typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= 1_000_000_000;
  return sane ? value : { unreadable: "args.max_tokens is not a whole number of tokens" };
}
