import type { z } from "zod";

/**
 * A demand on a resource that a schema of types cannot state. It is checked here when a file or body is read, and by the API server
 * as CEL (`rule`, over `self`) when a resource is applied. One test holds both against the same table of values.
 */
export interface Demand<Value> {
  readonly rule: string;
  readonly message: string;
  readonly holds: (value: Value) => boolean;
}

export const VALIDATIONS = "x-kubernetes-validations";

/** The schema with the demands added; in the CRD they stand as `x-kubernetes-validations`. */
export function demand<Schema extends z.ZodType>(schema: Schema, demands: readonly Demand<z.output<Schema>>[]): Schema {
  const checked = schema.superRefine((value, context) => {
    for (const { holds, message } of demands) {
      if (!holds(value)) context.addIssue({ code: "custom", message });
    }
  });
  return checked.meta({ [VALIDATIONS]: demands.map(({ rule, message }) => ({ rule, message })) });
}

/** The schema of a list whose items are told apart by one field: a list-type map, so that two clients can own different items. */
export function keyedList<Schema extends z.ZodType>(schema: Schema, key: string): Schema {
  const checked = schema.superRefine((list, context) => {
    const seen = new Set<unknown>();
    (list as readonly Record<string, unknown>[]).forEach((item, index) => {
      if (seen.has(item[key])) {
        context.addIssue({ code: "custom", path: [index, key], message: `another item has the same ${key}` });
      }
      seen.add(item[key]);
    });
  });
  return checked.meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

/** The schema of a map with at most `max` keys. */
export function atMost<Schema extends z.ZodType>(schema: Schema, max: number): Schema {
  const checked = schema.superRefine((map, context) => {
    if (Object.keys(map as object).length > max) {
      context.addIssue({ code: "custom", message: `expected at most ${max} keys` });
    }
  });
  return checked.meta({ maxProperties: max });
}
