type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields without those that are undefined: an option that is not given is absent. */
export function given<T extends Record<string, unknown>>(fields: T): Given<T> {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Given<T>;
}

/** A list or map that says nothing is not given. */
export function filled<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}
