import { messageOf, parseJson, RunlogError } from "#api";
import { type LogRecord, recordSchema } from "./record.ts";

/**
 * A record from a file that may come from anywhere. Throws RL_INVALID with the path of the field at fault, or RL_BAD_JSON.
 * The parsed text itself is returned, not the schema's copy: a copy loses keys such as `__proto__`, and a replay would decide about other arguments.
 */
export function parseRecord(text: string): LogRecord {
  const value = parseJson(text);
  const result = recordSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const path = issue?.path.join(".") ?? "";
    throw new RunlogError("RL_INVALID", `${path || "record"}: ${issue?.message ?? "is not a record"}`, { path });
  }
  return value as LogRecord;
}

/** A record that this log wrote: read back unchecked. Throws RL_STORE_UNAVAILABLE when it is no JSON any more. */
export function readRecord(seq: number, body: string): LogRecord {
  try {
    return parseJson(body) as unknown as LogRecord;
  } catch (error) {
    throw new RunlogError("RL_STORE_UNAVAILABLE", `record ${seq} of the run log is damaged: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
