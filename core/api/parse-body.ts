import type { z } from "zod";
import { closest } from "./closest.ts";
import { RunlogError, type FieldError } from "./errors.ts";
import { jsonPointer } from "./pointer.ts";

const MAX_ERRORS = 16;

/** Checks a parsed document against a schema. Throws RL_INVALID that names the first field at fault; `errors` lists up to 16. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, MAX_ERRORS).flatMap((issue) => fieldErrors(issue, schema));
  const [first = { path: "", message: "not valid" }] = errors;
  throw new RunlogError("RL_INVALID", `${first.path === "" ? "the body" : first.path}: ${first.message}`, {
    path: first.path,
    errors: errors.slice(0, MAX_ERRORS),
  });
}

function fieldErrors(issue: z.core.$ZodIssue, schema: z.ZodType): FieldError[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") {
    const known = fieldsAt(schema, path);
    return issue.keys.map((key) => ({ path: jsonPointer([...path, key]), message: unknownField(key, known) }));
  }
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [{ path: jsonPointer(path), message: `required: expected ${issue.expected}` }];
  }
  return [{ path: jsonPointer(path), message: issue.message }];
}

/** What to say of a field that nobody knows. */
export function unknownField(key: string, known: readonly string[]): string {
  const near = closest(key, known);
  return near === undefined ? `unknown field; known are ${known.join(", ")}` : `unknown field; did you mean "${near}"?`;
}

interface SchemaLike {
  readonly shape?: Readonly<Record<string, SchemaLike>>;
  readonly element?: SchemaLike;
  readonly unwrap?: () => SchemaLike;
}

function fieldsAt(schema: z.ZodType, path: readonly (string | number)[]): readonly string[] {
  let current: SchemaLike | undefined = plain(schema as SchemaLike);
  for (const step of path) {
    current = plain(typeof step === "number" ? current?.element : current?.shape?.[step]);
  }
  return Object.keys(current?.shape ?? {});
}

/** Without optional, nullable and default; a list also has `unwrap`, which would give its element. */
function plain(schema: SchemaLike | undefined): SchemaLike | undefined {
  let inner = schema;
  while (inner?.unwrap !== undefined && inner.element === undefined) inner = inner.unwrap();
  return inner;
}
