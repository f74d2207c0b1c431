import { errorTable, isRunlogError, RunlogError, type Problem } from "#api";

/** Stable identifiers, not addresses to fetch; docs/reference/errors.md explains each. */
const TYPE = "https://runlog.io/errors/";

/** RFC 9457 problem details of an error. Its cause never gets in. */
export function problemOf(error: RunlogError): Problem {
  return {
    type: `${TYPE}${error.code}`,
    title: errorTable[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.errors === undefined ? {} : { errors: [...error.errors] }),
  };
}

/**
 * What is thrown by surprise tells the caller only that nothing was allowed, and the id under which `report` logs the rest.
 * RL_INTERNAL is a surprise as well, whoever threw it.
 */
export function asRunlogError(error: unknown, report: (error: unknown) => string): RunlogError {
  if (isRunlogError(error) && error.code !== "RL_INTERNAL") return error;
  const id = report(error);
  return new RunlogError("RL_INTERNAL", `an unexpected error; nothing was allowed; the server's log has it as ${id}`, {
    cause: error,
  });
}
