import { parseBody } from "#api";
import type { z } from "zod";

/** The query of a request, checked. Unknown parameters and repeated ones are refused: they would be ignored in silence. */
export function queryOf<Schema extends z.ZodType>(schema: Schema, query: URLSearchParams): z.output<Schema> {
  const given: Record<string, string | string[]> = {};
  for (const name of query.keys()) {
    const values = query.getAll(name);
    given[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return parseBody(schema, given);
}
