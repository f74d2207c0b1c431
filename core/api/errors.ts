/**
 * Every error RunLog can answer with. docs/reference/errors.md is generated from this table.
 * `status` is the HTTP status where the error reaches the wire; `exit` the exit code where it ends a command.
 */
export const errorTable = {
  RL_BAD_JSON: { status: 400, exit: 2, title: "The body is not valid JSON", fix: "Send one JSON document in UTF-8." },
  RL_BAD_UTF8: { status: 400, exit: 2, title: "The bytes are not valid UTF-8", fix: "Encode the text as UTF-8." },
  RL_DUPLICATE_KEY: {
    status: 400,
    exit: 2,
    title: "An object has the same key twice",
    fix: "Send each key once; which one counts would be a guess.",
  },
  RL_LONE_SURROGATE: {
    status: 400,
    exit: 2,
    title: "A string holds half a surrogate pair",
    fix: "Send well-formed Unicode.",
  },
  RL_TOO_DEEP: {
    status: 400,
    exit: 2,
    title: "The document is nested too deeply",
    fix: "Keep arguments within 64 levels.",
  },
  RL_INEXACT_NUMBER: {
    status: 400,
    exit: 2,
    title: "A number cannot be held exactly",
    fix: "Send it as a string: integers beyond 2^53-1 and numbers with too many digits change when parsed.",
  },
  RL_INVALID: {
    status: 400,
    exit: 2,
    title: "A field is missing, unknown or of the wrong type",
    fix: "The problem names the field and what it expects.",
  },
  RL_BAD_MONEY: {
    status: 400,
    exit: 2,
    title: "An amount of money is negative, absurd or not a decimal",
    fix: 'Send a decimal string such as "0.0120", at least 0 and at most the configured limit.',
  },
  RL_BODY_TOO_LARGE: { status: 413, exit: 2, title: "The body is too large", fix: "Reviews are limited to 1 MiB." },
  RL_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    exit: 2,
    title: "The content type is not supported",
    fix: "Send application/json without content encoding.",
  },
  RL_UNAUTHENTICATED: { status: 401, exit: 1, title: "The caller is not known", fix: "Send a valid bearer token." },
  RL_FORBIDDEN: {
    status: 403,
    exit: 1,
    title: "The caller may not do this",
    fix: "Ask for the permission that the message names.",
  },
  RL_NOT_FOUND: {
    status: 404,
    exit: 1,
    title: "There is no such thing, or the caller may not see it",
    fix: "Check the name.",
  },
  RL_METHOD_NOT_ALLOWED: { status: 405, exit: 2, title: "The method is not allowed here", fix: "See /openapi.json." },
  RL_UID_REUSED: {
    status: 409,
    exit: 1,
    title: "This uid was used for another request",
    fix: "Use a new uid for a new action.",
  },
  RL_GRANT_MISMATCH: {
    status: 409,
    exit: 1,
    title: "The approval does not cover this request",
    fix: "Send the request that was approved, unchanged, or ask again.",
  },
  RL_CONFLICT: { status: 409, exit: 1, title: "The thing changed meanwhile", fix: "Read it again and repeat." },
  RL_ALREADY_REPORTED: {
    status: 409,
    exit: 1,
    title: "This action was reported already, with another content",
    fix: "The first report stands.",
  },
  RL_NOT_REPORTABLE: {
    status: 409,
    exit: 1,
    title: "There is nothing to report for this uid",
    fix: "Report an action that was allowed or modified.",
  },
  RL_VOTE_REFUSED: {
    status: 403,
    exit: 1,
    title: "The vote does not count",
    fix: "The message says which rule of voting it breaks.",
  },
  RL_NOT_PENDING: {
    status: 409,
    exit: 1,
    title: "The approval request is no longer open",
    fix: "Show it to see its phase.",
  },
  RL_RUN_CLOSED: { status: 409, exit: 1, title: "The run has ended or was terminated", fix: "Start a new run." },
  RL_PARENT_REFUSED: {
    status: 403,
    exit: 1,
    title: "The parent run does not accept this child",
    fix: "Name an active parent of the same agent, or an allowed delegation that names this run.",
  },
  RL_TOO_MANY_RUNS: {
    status: 429,
    exit: 1,
    title: "The agent has too many active runs",
    fix: "End runs that are done, or raise runs.maxActivePerAgent.",
  },
  RL_RATE_LIMITED: {
    status: 429,
    exit: 1,
    title: "Too many requests from this caller",
    fix: "Wait for the time in Retry-After.",
  },
  RL_SATURATED: { status: 503, exit: 1, title: "The server is saturated", fix: "Wait for the time in Retry-After." },
  RL_NOT_READY: {
    status: 503,
    exit: 1,
    title: "The server is not ready to decide",
    fix: "Wait for the time in Retry-After; /readyz says what is missing.",
  },
  RL_RUN_UNKNOWN_STATE: {
    status: 503,
    exit: 1,
    title: "Neither ledger nor run log can tell the state of the run",
    fix: "Wait until one of them is back.",
  },
  RL_STORE_UNAVAILABLE: {
    status: 503,
    exit: 1,
    title: "The run log does not accept records",
    fix: "Look at the disk and at /readyz; runLog.required=false lets decisions go on without a record.",
  },
  RL_STORE_LOCKED: {
    status: 503,
    exit: 1,
    title: "Another process holds the state folder",
    fix: "Stop the other process or choose another --state folder.",
  },
  RL_STORE_NEWER: {
    status: 503,
    exit: 1,
    title: "The state folder was written by a newer version",
    fix: "Use the newer version.",
  },
  RL_DEADLINE: { status: 503, exit: 1, title: "It took too long", fix: "Try again." },
  RL_POLICY_INVALID: {
    status: 400,
    exit: 1,
    title: "A policy is not valid",
    fix: "Each finding names the file, the line, the field and what would be right.",
  },
  RL_YAML: { status: 400, exit: 2, title: "The file is not valid YAML", fix: "The message names the line and column." },
  RL_FILE_UNREADABLE: {
    status: 500,
    exit: 2,
    title: "A file cannot be read",
    fix: "Check the path and its permissions.",
  },
  RL_USAGE: { status: 400, exit: 2, title: "The command was not understood", fix: "See --help." },
  RL_CONFIG: {
    status: 500,
    exit: 2,
    title: "The configuration is not valid",
    fix: "The message names the setting and what it accepts.",
  },
  RL_UNREACHABLE: {
    status: 502,
    exit: 1,
    title: "The server cannot be reached",
    fix: "Check --server, and that it runs.",
  },
  RL_INTERNAL: {
    status: 500,
    exit: 1,
    title: "An unexpected error",
    fix: "Nothing was allowed. The server's log has the details.",
  },
} as const satisfies Record<string, { status: number; exit: 0 | 1 | 2; title: string; fix: string }>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorDetail {
  /** JSON Pointer or dotted path of the field at fault. */
  readonly path?: string | undefined;
  readonly cause?: unknown;
  /** Seconds after which a retry makes sense (Retry-After). */
  readonly retryAfter?: number | undefined;
  /** More findings of the same kind, one each. */
  readonly errors?: readonly FieldError[] | undefined;
}

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The one error class: a code of the table, a message for a person, a cause for the log. */
export class RunlogError extends Error {
  override readonly name = "RunlogError";
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly retryAfter: number | undefined;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.path = detail.path;
    this.retryAfter = detail.retryAfter;
    this.errors = detail.errors;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get exit(): 0 | 1 | 2 {
    return errorTable[this.code].exit;
  }
}

export function isRunlogError(error: unknown): error is RunlogError {
  return error instanceof RunlogError;
}

/** The message of whatever was thrown, for logs and for wrapping. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
